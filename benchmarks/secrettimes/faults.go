package secrettimes

import (
	"io"
	"net"
	"time"

	"github.com/warmclient/warmclient/secrets/secretstest"
)

// fault is a fault of Secrets Manager or of the network.
type fault struct {
	name  string
	start func() (*server, error)
	shown string // the cause that the error's text must contain; "" for a timeout
	good  bool   // an answer arrives eventually
}

func faults() []fault {
	injected := func(f secretstest.Fault) func() (*server, error) {
		return func() (*server, error) { return serve(f) }
	}
	fail := func(status int, code string) func() (*server, error) {
		return injected(secretstest.Fault{Action: secretstest.Fail, Status: status, Code: code, Message: "try again"})
	}
	return []fault{
		{name: "hang", start: injected(hang)},
		{name: "mute", start: func() (*server, error) { return accept(mute) }},
		{name: "drip", start: func() (*server, error) { return accept(drip) }},
		{name: "refused", start: closedPort, shown: "connection refused"},
		{name: "reset", start: injected(secretstest.Fault{Action: secretstest.Reset}), shown: "connection reset"},
		{name: "500", start: fail(500, "InternalServiceError"), shown: "InternalServiceError"},
		{name: "503", start: fail(503, "ServiceUnavailable"), shown: "503"},
		{name: "429", start: fail(429, "TooManyRequestsException"), shown: "429"},
		{name: "400 throttled", start: fail(400, "ThrottlingException"), shown: "ThrottlingException"},
		{name: "good after 700 ms", start: injected(latent(700 * time.Millisecond)), good: true},
	}
}

// hang reads the request and does not answer.
var hang = secretstest.Fault{Action: secretstest.Hang}

// mute accepts the connection and does not read from it.
func mute(_ net.Conn, stop <-chan struct{}) { <-stop }

// drip sends an answer byte by byte, so that an idle timeout does not end it.
func drip(conn net.Conn, stop <-chan struct{}) {
	go func() { _, _ = io.Copy(io.Discard, conn) }() // ends with the connection
	text := "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n"
	for {
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
		text = " "
		select {
		case <-time.After(20 * time.Millisecond):
		case <-stop:
			return
		}
	}
}
