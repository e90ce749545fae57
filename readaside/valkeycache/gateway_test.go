package valkeycache_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside/valkeycache"
	"github.com/warmclient/warmclient/secrets"
)

// allowed are the commands that Momento's documentation of Momento Cache lists by name, of those
// that any client would send. (AUTH and HELLO are described under Protocol and Authentication.)
//
// https://docs.momentohq.com/product/cache/concepts/valkey-compatibility
var allowed = []string{"GET", "SET", "DEL", "EXPIRE", "TTL", "TYPE", "UNLINK", "EVAL", "EVALSHA", "FCALL", "FUNCTION", "SCRIPT"}

const (
	database = "quickstart-db"
	apiKey   = "eyJhbGciOiJIUzI1NiJ9.eyJ0IjoiZyJ9.c2lnbmF0dXJl"

	notAllowed = "-Command not allowed\r\n"
)

// A gateway is a proxy with TLS that allows the commands that Momento's gateway allows. AUTH
// <database> <API key> binds a connection to a database, so the server behind the gateway has no
// users.
func startGateway(t testing.TB, to string) (*proxy, *x509.CertPool) {
	t.Helper()
	roots, cert := certify(t)
	p := startProxy(t, to, &tls.Config{Certificates: []tls.Certificate{cert}})
	p.inject(func(args []string) (string, bool) {
		switch name := strings.ToUpper(args[0]); {
		case name == "AUTH" && slices.Equal(args[1:], []string{database, apiKey}):
			return "+OK\r\n", true
		case name == "AUTH":
			return "-WRONGPASS invalid username-password pair or user is disabled.\r\n", true
		case name == "HELLO" && len(args) == 2:
			return "", false
		case !slices.Contains(allowed, name):
			return notAllowed, true
		}
		return "", false
	})
	return p, roots
}

// certify returns an authority, and a certificate of it for the loopback address.
func certify(t testing.TB) (*x509.CertPool, tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gateway"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{"localhost"},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	root, err := x509.ParseCertificate(signed)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(root)
	return roots, tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}
}

func text(password string) secrets.Source {
	return secrets.SourceFunc(func(context.Context) (secrets.Document, error) { return secrets.Static(password), nil })
}

// onGateway returns an opener for a gateway, by a name that its certificate has.
func onGateway(p *proxy, roots *x509.CertPool) valkeycache.Opener {
	return valkeycache.Opener{
		Address: strings.Replace(p.addr, "127.0.0.1", "localhost", 1), Username: database, Source: text(apiKey),
		TLS: &tls.Config{RootCAs: roots},
	}
}

func TestCacheConformsBehindAGatewayThatAllowsFewCommands(t *testing.T) {
	p, roots := startGateway(t, newRedis(t).Addr())
	conforms(t, onGateway(p, roots))
	seen := p.seen()
	slices.Sort(seen)
	assert.Equal(t, []string{"AUTH", "DEL", "EVAL", "GET", "HELLO", "PING", "SET"}, slices.Compact(seen),
		"PING is the client's farewell, and may be refused")
}

func TestTheGatewayRefusesWhatMomentoRefuses(t *testing.T) {
	p, roots := startGateway(t, newRedis(t).Addr())
	client, err := onGateway(p, roots).Open(t.Context())
	require.NoError(t, err)
	defer client.Close()
	for _, command := range []string{
		"CLIENT SETNAME a", "CLIENT TRACKING ON", "CLIENT SETINFO LIB-NAME a", "HELLO 3 SETNAME a", "CLUSTER SLOTS",
		"SELECT 1", "MULTI", "EXEC", "WATCH k", "SCAN 0", "PUBLISH a b", "BLPOP k 0", "RENAME k l", "INFO", "CONFIG GET *",
	} {
		words := strings.Fields(command)
		err := client.Do(t.Context(), client.B().Arbitrary(words...).Build()).Error()
		require.EqualError(t, err, "Command not allowed", command)
	}
	assert.NotContains(t, p.seen(), "SUBSCRIBE")
}

func TestTLSIsVerified(t *testing.T) {
	p, roots := startGateway(t, newRedis(t).Addr())
	o := onGateway(p, roots)
	o.TLS = &tls.Config{}
	_, err := o.Open(t.Context())
	require.ErrorContains(t, err, "valkeycache: connect to "+o.Address+": tls: failed to verify certificate")

	o = onGateway(p, roots)
	o.Address = p.addr
	_, err = o.Open(t.Context())
	require.ErrorContains(t, err, "127.0.0.1")
	require.ErrorContains(t, err, "x509: ")
	assert.Empty(t, p.seen(), "no API key was sent")
}

func TestTLSIsTheDefaultButOnLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"cache.example.com:6379": true, "10.0.0.1:6379": true, "[2001:db8::1]:6379": true,
		"127.0.0.1:6379": false, "127.1.2.3:6379": false, "[::1]:6379": false, "localhost:6379": false, "LOCALHOST:6379": false,
	} {
		assert.Equal(t, want, valkeycache.SpeaksTLS(valkeycache.Opener{Address: address}), address)
	}
	assert.True(t, valkeycache.SpeaksTLS(valkeycache.Opener{Address: "localhost:6379", TLS: &tls.Config{}}))
}
