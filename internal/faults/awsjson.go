package faults

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

// AWSServer serves the JSON protocol of AWS: a header names the operation, and request and answer
// are JSON. Signatures are not verified.
type AWSServer struct {
	*Endpoint
	contentType string
	answer      func(op string, body []byte) Reply
	done        chan struct{}
}

// A Reply is an answer of an AWS service.
type Reply struct {
	Status int
	Body   []byte
}

// StartAWS starts a server that answers each operation with the result of answer. The caller must
// call Close.
func StartAWS(contentType string, answer func(op string, body []byte) Reply) (*AWSServer, error) {
	e, err := NewEndpoint()
	if err != nil {
		return nil, err
	}
	s := &AWSServer{Endpoint: e, contentType: contentType, answer: answer, done: make(chan struct{})}
	server := http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.done)
		_ = server.Serve(e.Listener) // returns only after the listener is closed
	}()
	return s, nil
}

// URL returns the server's base URL, http://127.0.0.1:port.
func (s *AWSServer) URL() string { return "http://" + s.Addr() }

// Close stops the server and aborts requests in progress. It returns when all goroutines of the
// server have ended. Further calls do nothing.
func (s *AWSServer) Close() error {
	_ = s.Listener.Close() // fails only if it is already closed
	<-s.done
	s.Listener.ResetAll() // cancels the contexts of requests that hang
	s.Listener.Wait()
	return nil
}

func (s *AWSServer) serve(w http.ResponseWriter, r *http.Request) {
	op := r.Header.Get("X-Amz-Target")
	op = op[strings.LastIndexByte(op, '.')+1:]
	// The body is read before a fault can make the request hang, because net/http notices that the
	// client disconnects only after the body was read.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		s.write(w, Failure(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "cannot read the request"))
		return
	}

	var rep Reply
	fault, err := s.Around(r.Context(), op, func() {
		if r.Header.Get("Authorization") == "" {
			rep = Failure(http.StatusBadRequest, "MissingAuthenticationTokenException", "Request is missing Authentication Token")
			return
		}
		rep = s.answer(op, body)
	})
	if err != nil {
		return
	}
	switch fault.Action {
	case Reset:
		s.Listener.Reset(r.RemoteAddr)
		return
	case Fail:
		rep = fault.reply()
	case Garbage:
		rep = Reply{http.StatusOK, []byte(`{"Item": <html>`)}
	}
	s.write(w, rep)
}

func (s *AWSServer) write(w http.ResponseWriter, rep Reply) {
	w.Header().Set("Content-Type", s.contentType)
	w.Header().Set("X-Amzn-Requestid", rand.Text())
	// The DynamoDB client logs a warning for each answer without a checksum. Other clients ignore
	// it.
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(rep.Body)), 10))
	w.WriteHeader(rep.Status)
	_, _ = w.Write(rep.Body) // fails if the client has disconnected
}

func (f Fault) reply() Reply {
	status, code := f.Status, f.Code
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if code == "" {
		code = "InternalServerError"
	}
	return Failure(status, code, f.Message)
}

// Failure returns an error answer of an AWS service.
func Failure(status int, code, message string) Reply {
	return Encode(status, map[string]string{"__type": code, "message": message})
}

// Encode returns an answer whose body is v as JSON.
func Encode(status int, v any) Reply {
	body, err := json.Marshal(v)
	if err != nil {
		return Failure(http.StatusInternalServerError, "InternalServerError", err.Error())
	}
	return Reply{status, body}
}
