package momentocache_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside/momentocache"
)

// TestMain is also the process that opens a client by its environment: the proxy and the roots of
// TLS are read once per process.
func TestMain(m *testing.M) {
	if key := os.Getenv("TEST_OPEN_KEY"); key != "" {
		client, err := momentocache.Opener{Source: text(key), Endpoint: os.Getenv("TEST_OPEN_ENDPOINT")}.Open(context.Background())
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		client.Close()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestTLSIsVerifiedAgainstTheHostThatIsDialed(t *testing.T) {
	for name, row := range map[string]struct {
		certified string
		fails     string
	}{
		"its own certificate":     {"cache." + region, ""},
		"another host's":          {"cache." + another, "x509: certificate is valid for cache." + another + ", not cache." + region},
		"the endpoint without it": {region, "x509: certificate is valid for " + region + ", not cache." + region},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			roots, cert := certify(t, row.certified)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			s.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}}))
			p := startProxy(t, l.Addr().String())
			for kind, env := range map[string][]string{
				"v2": {"TEST_OPEN_KEY=" + s.Key(), "TEST_OPEN_ENDPOINT=" + region},
				"v1": {"TEST_OPEN_KEY=" + v1(t, region, s.Key())},
			} {
				before := s.Requests("")
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(slices.Clone(env), "HTTPS_PROXY="+p.url, "SSL_CERT_FILE="+roots, "HOME="+t.TempDir())
				out, err := cmd.CombinedOutput()
				assert.Equal(t, "cache."+region+":443", p.lastTarget())
				if row.fails == "" {
					require.NoError(t, err, "%s: %s", kind, out)
					assert.Equal(t, before+1, s.Requests(""))
					continue
				}
				require.Error(t, err, kind)
				assert.Contains(t, string(out), row.fails)
				assert.Contains(t, string(out), "connect to cache."+region+":443")
				assert.Equal(t, before, s.Requests(""), "no key was sent")
			}
		})
	}
}

// certify returns a file with the root certificate of an authority, and one of its certificates.
func certify(t *testing.T, host string) (roots string, cert tls.Certificate) {
	t.Helper()
	template := func(name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
	}
	authority := template("authority")
	authority.IsCA, authority.BasicConstraintsValid, authority.KeyUsage = true, true, x509.KeyUsageCertSign
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	root, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	require.NoError(t, err)

	leaf := template(host)
	leaf.DNSNames = []string{host}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	signed, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), authorityKey)
	require.NoError(t, err)

	roots = filepath.Join(t.TempDir(), "roots.pem")
	require.NoError(t, os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}), 0o600))
	return roots, tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}
}

// A proxy connects every CONNECT to the same address.
type proxy struct {
	url string

	mu     sync.Mutex
	target string
}

func (p *proxy) lastTarget() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.target
}

func startProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{url: "http://" + l.Addr().String()}
	var serving sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.connect(conn, to) })
		}
	})
	return p
}

func (p *proxy) connect(conn net.Conn, to string) {
	defer conn.Close()
	from := bufio.NewReader(conn)
	r, err := http.ReadRequest(from)
	if err != nil || r.Method != http.MethodConnect {
		return
	}
	p.mu.Lock()
	p.target = r.Host
	p.mu.Unlock()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	var copying sync.WaitGroup
	copying.Go(func() {
		_, _ = io.Copy(server, from)
		_ = server.Close()
	})
	_, _ = io.Copy(conn, server)
	_ = conn.Close()
	copying.Wait()
}
