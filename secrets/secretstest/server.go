// Package secretstest provides a fake AWS Secrets Manager on the loopback interface for tests, as
// net/http/httptest does for HTTP servers.
//
//	server := secretstest.NewServer()
//	defer server.Close()
//	server.Put("accounts/db", `{"password": "..."}`)
//	client := secrets.NewClient(aws.Config{
//		Region:       "us-east-1",
//		BaseEndpoint: &server.URL,
//		Credentials:  credentials.NewStaticCredentialsProvider("id", "secret", ""),
//	})
//
// To use the server from another process, set AWS_ENDPOINT_URL_SECRETS_MANAGER to its URL. The
// server implements GetSecretValue and DescribeSecret. It answers any other operation with
// UnknownOperationException. A request must be signed, but the signature is not verified. Every ARN
// is in the region us-east-1.
//
// # Rotation
//
// Put makes a version AWSCURRENT and the previous version AWSPREVIOUS. PutPending makes a version
// AWSPENDING, and Promote makes that version AWSCURRENT.
//
// # Faults
//
// Inject makes requests fail, hang or wait, or breaks their connections; see [Fault]. Heal removes
// all faults.
package secretstest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/warmclient/warmclient/internal/faults"
)

// A Server is a fake Secrets Manager on the loopback interface. It is safe for concurrent use by
// multiple goroutines.
type Server struct {
	// URL is the base URL of the server, http://127.0.0.1:port, for aws.Config.BaseEndpoint.
	URL string

	server *faults.AWSServer

	mu      sync.Mutex
	secrets map[string]*secret // by name
}

// NewServer starts a server without secrets on a free port of 127.0.0.1. It panics if it cannot
// listen. The caller must call Close.
func NewServer() *Server {
	s := &Server{secrets: make(map[string]*secret)}
	server, err := faults.StartAWS("application/x-amz-json-1.1", s.answer)
	if err != nil {
		panic(fmt.Sprintf("secretstest: %v", err))
	}
	s.server, s.URL = server, server.URL()
	return s
}

// Close stops the server and aborts requests in progress. It returns when all goroutines of the
// server have ended. Further calls do nothing.
func (s *Server) Close() {
	_ = s.server.Close() // always nil
}

// Put makes text the AWSCURRENT version of the secret and the previous version AWSPREVIOUS. It
// creates the secret if it does not exist, and returns the ID of the version.
func (s *Server) Put(name, text string) (versionID string) { return s.put(name, text, current) }

// PutPending makes text the AWSPENDING version of the secret, as a rotation does before it tests a
// new value. It creates the secret if it does not exist, and returns the ID of the version.
func (s *Server) PutPending(name, text string) (versionID string) { return s.put(name, text, pending) }

// Promote completes a rotation: the AWSPENDING version becomes AWSCURRENT, and the previous version
// becomes AWSPREVIOUS. Without an AWSPENDING version it does nothing.
func (s *Server) Promote(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secret, ok := s.secrets[name]; ok && secret.stages[pending] != "" {
		secret.label(current, secret.stages[pending])
		delete(secret.stages, pending)
	}
}

// Inject replaces the active faults. The first fault that matches a request applies to it. The new
// faults also apply to requests that wait in an old one.
func (s *Server) Inject(faults ...Fault) { s.server.Inject(faults...) }

// Heal removes all faults. Requests that wait in one are served.
func (s *Server) Heal() { s.server.Heal() }

// Requests returns the number of requests received for op, such as "GetSecretValue", including
// failed ones. If op is "", it counts all operations.
func (s *Server) Requests(op string) int { return s.server.Requests(op) }

func (s *Server) put(name, text, stage string) (versionID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.secrets[name]
	if !ok {
		kept = &secret{
			name: name,
			// The service appends six random characters to the name.
			arn:      "arn:aws:secretsmanager:us-east-1:123456789012:secret:" + name + "-" + rand.Text()[:6],
			versions: make(map[string]version),
			stages:   make(map[string]string),
		}
		s.secrets[name] = kept
	}
	id := newVersionID()
	kept.versions[id] = version{text: text, created: time.Now()}
	kept.label(stage, id)
	return id
}

// newVersionID returns a UUID, as the service does: 36 characters, where it accepts 32 to 64.
func newVersionID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (s *Server) answer(op string, body []byte) faults.Reply {
	if op != "GetSecretValue" && op != "DescribeSecret" {
		return refuse("UnknownOperationException", "the operation "+op+" is not supported")
	}
	var in struct{ SecretID, VersionID, VersionStage string } // JSON members match whatever their case
	if err := json.Unmarshal(body, &in); err != nil {
		return refuse("SerializationException", "the request is not JSON")
	}
	if n := len(in.VersionID); n > 0 && (n < 32 || n > 64) {
		return refuse("ValidationException", "versionId must have a length between 32 and 64")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	secret := s.find(in.SecretID)
	switch {
	case secret == nil:
		return refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	case op == "DescribeSecret":
		return secret.describe()
	default:
		return secret.read(in.VersionID, in.VersionStage)
	}
}

// find returns the secret with the given name, ARN, or ARN without its random suffix, or nil.
func (s *Server) find(id string) *secret {
	if secret, ok := s.secrets[id]; ok {
		return secret
	}
	for _, secret := range s.secrets {
		if id == secret.arn || id == secret.arn[:strings.LastIndexByte(secret.arn, '-')] {
			return secret
		}
	}
	return nil
}

func refuse(code, message string) faults.Reply {
	return faults.Failure(http.StatusBadRequest, code, message)
}
