package emulator

import (
	"crypto/rand"
	"encoding/json"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRequest is DynamoDB's limit on a request, the larger of the two services' limits.
const maxRequest = 16 << 20

// awsServer serves the JSON protocol of AWS: the operation in a header, JSON both ways.
type awsServer struct {
	*endpoint
	contentType string
	answer      func(op string, body []byte) reply
	done        chan struct{}
}

type reply struct {
	status int
	body   []byte
}

func startAWS(contentType string, answer func(op string, body []byte) reply) (*awsServer, error) {
	e, err := newEndpoint()
	if err != nil {
		return nil, err
	}
	s := &awsServer{endpoint: e, contentType: contentType, answer: answer, done: make(chan struct{})}
	server := http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.done)
		_ = server.Serve(e.listener) // the listener was closed: there is no other way out
	}()
	return s, nil
}

// URL returns the server's base URL, http://127.0.0.1:port.
func (s *awsServer) URL() string { return "http://" + s.Addr() }

// Close stops the server: requests under way are cut off. It returns when the last goroutine of
// the server has ended. Closing again does nothing.
func (s *awsServer) Close() error {
	_ = s.listener.Close() // fails only when it is closed already
	<-s.done
	s.listener.resetAll() // which ends the contexts of hung requests
	s.listener.wait()
	return nil
}

func (s *awsServer) serve(w http.ResponseWriter, r *http.Request) {
	op := r.Header.Get("X-Amz-Target")
	op = op[strings.LastIndexByte(op, '.')+1:]
	// The body is read before anything can hang: only then does net/http watch for the client's leaving.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		s.write(w, failure(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "cannot read the request"))
		return
	}
	s.requests.add(op)

	var rep reply
	fault, err := s.faults.around(r.Context(), op, func() {
		if r.Header.Get("Authorization") == "" {
			rep = failure(http.StatusBadRequest, "MissingAuthenticationTokenException", "Request is missing Authentication Token")
			return
		}
		rep = s.answer(op, body)
	})
	if err != nil {
		return
	}
	switch fault.Action {
	case Reset:
		s.listener.reset(r.RemoteAddr)
		return
	case Fail:
		rep = fault.reply()
	case Garbage:
		rep = reply{http.StatusOK, []byte(`{"Item": <html>`)}
	}
	s.write(w, rep)
}

func (s *awsServer) write(w http.ResponseWriter, rep reply) {
	w.Header().Set("Content-Type", s.contentType)
	w.Header().Set("X-Amzn-Requestid", rand.Text())
	// Of DynamoDB, and harmless from others: its SDK warns about each answer without a checksum.
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(rep.body)), 10))
	w.WriteHeader(rep.status)
	_, _ = w.Write(rep.body) // a client that left needs no answer
}

func (f Fault) reply() reply {
	status, code := f.Status, f.Code
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if code == "" {
		code = "InternalServerError"
	}
	return failure(status, code, f.Message)
}

func failure(status int, code, message string) reply {
	return encode(status, map[string]string{"__type": code, "message": message})
}

func encode(status int, v any) reply {
	body, err := json.Marshal(v)
	if err != nil {
		return failure(http.StatusInternalServerError, "InternalServerError", err.Error())
	}
	return reply{status, body}
}
