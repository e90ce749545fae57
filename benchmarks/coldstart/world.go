package coldstart

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/warmclient/warmclient/readaside/momentocache/momentotest"
	"github.com/warmclient/warmclient/secrets/secretstest"
)

// The delays of the network and the services.
const (
	SecretsManagerAnswer = 60 * time.Millisecond
	MomentoConnect       = 40 * time.Millisecond
	DynamoDBConnect      = 30 * time.Millisecond
)

// The scenarios.
const (
	Healthy = "all well"
	Valkey  = "all well, with Valkey in place of Momento"
	Refused = "Momento refuses connections"
	Slow    = "Momento takes 300 ms to connect"
	Mute    = "Momento accepts and says nothing"
)

var scenarios = []string{Healthy, Valkey, Refused, Slow, Mute}

// world is the set of servers of one process.
type world struct {
	api       *runtimeAPI
	contacted chan time.Time // receives one time, at the first contact
	env       []string
	stops     []func()
	key       string // accepted by Momento or Valkey
	loads     atomic.Int32
}

func newWorld(scenario string) (*world, error) {
	w := &world{api: newRuntimeAPI(), contacted: make(chan time.Time, 1), key: "key"}
	if err := w.begin(scenario); err != nil {
		w.end()
		return nil, fmt.Errorf("coldstart: %w", err)
	}
	return w, nil
}

func (w *world) end() {
	for _, stop := range w.stops {
		stop()
	}
}

// contact records that the process has connected to a server or sent it a request.
func (w *world) contact() {
	select {
	case w.contacted <- time.Now():
	default: // not the first
	}
}

func (w *world) begin(scenario string) error {
	var addrs [4]string
	var listeners [4]net.Listener
	for i := range listeners {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		listeners[i], addrs[i] = l, l.Addr().String()
		w.stops = append(w.stops, func() { _ = l.Close() })
	}
	toDynamoDB := distant{listeners[1], DynamoDBConnect, w.contact}
	w.stops = append(w.stops,
		serveHTTP(listeners[0], w.api.handler()),
		serveHTTP(toDynamoDB, http.HandlerFunc(w.dynamoDB)),
	)
	switch scenario {
	case Healthy, Slow:
		takes := MomentoConnect
		if scenario == Slow {
			takes = 300 * time.Millisecond
		}
		server := momentotest.NewServer("accounts")
		server.Serve(distant{listeners[3], takes, w.contact})
		w.stops = append(w.stops, server.Close)
		w.key = server.Key()
	case Valkey:
		server := miniredis.NewMiniRedis()
		server.RequireAuth(w.key)
		if err := server.Start(); err != nil {
			return err
		}
		w.stops = append(w.stops, server.Close, forward(distant{listeners[3], MomentoConnect, w.contact}, server.Addr()))
	case Refused:
		if err := listeners[3].Close(); err != nil {
			return err
		}
	case Mute:
		w.stops = append(w.stops, serveNothing(listeners[3]))
	default:
		return errors.New("no such scenario: " + scenario)
	}
	w.stops = append(w.stops, serveHTTP(listeners[2], w.secretsManager()))
	w.env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + addrs[0],
		"AWS_LAMBDA_FUNCTION_NAME=getuser",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1024",
		"AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=AKID",
		"AWS_SECRET_ACCESS_KEY=SECRET",
		"AWS_SESSION_TOKEN=TOKEN",
		"AWS_ENDPOINT_URL_DYNAMODB=http://" + addrs[1],
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=http://" + addrs[2],
		"TABLE_NAME=accounts",
		"PATH=/usr/local/bin:/usr/bin:/bin",
	}
	if scenario == Valkey {
		w.env = append(w.env, "CACHE_ENDPOINT="+addrs[3], "CACHE_SECRET_ID=accounts/valkey")
	} else {
		w.env = append(w.env, "MOMENTO_ENDPOINT="+addrs[3], "CACHE_NAME=accounts")
	}
	return nil
}

// dynamoDB answers GetItem from a table that holds ann, and counts her loads.
func (w *world) dynamoDB(out http.ResponseWriter, r *http.Request) {
	var in struct {
		Key struct{ PK struct{ S string } }
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		out.WriteHeader(http.StatusBadRequest)
		return
	}
	answer := "{}"
	if in.Key.PK.S == "USER#ann" {
		w.loads.Add(1)
		answer = `{"Item":{"PK":{"S":"USER#ann"},"SK":{"S":"USER#ann"},` +
			`"username":{"S":"ann"},"firstName":{"S":"Ann"},"lastName":{"S":"Lee"}}}`
	}
	out.Header().Set("Content-Type", "application/x-amz-json-1.0")
	// Without its checksum, the SDK does not use the connection again.
	out.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(answer))), 10))
	_, _ = io.WriteString(out, answer)
}

// secretsManager forwards requests to a Secrets Manager that holds the API key and the password.
func (w *world) secretsManager() http.Handler {
	server := secretstest.NewServer()
	w.stops = append(w.stops, server.Close)
	server.Put("accounts/MomentoAuthToken", fmt.Sprintf(`{"MOMENTO_AUTH_TOKEN":%q}`, v1(w.key)))
	server.Put("accounts/valkey", fmt.Sprintf(`{"password":%q}`, w.key))
	target, _ := url.Parse(server.URL) // http://127.0.0.1:port
	proxy := httputil.NewSingleHostReverseProxy(target)
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.contact()
		time.Sleep(SecretsManagerAnswer)
		proxy.ServeHTTP(out, r)
	})
}

// v1 returns an API key in the format that the tutorial's version of the SDK accepts.
func v1(key string) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"endpoint":"cell-1.example.com","api_key":%q}`, key))
}
