package emulator

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/truora/minidyn/server"

	"github.com/warmclient/warmclient/internal/faults"
)

// DynamoDB is a fake DynamoDB server on the loopback interface. It uses minidyn's engine and
// corrects the answers that differ from the service's (see answerTransaction, answerPut and
// undefined).
//
// Known differences: signatures are not verified, all reads are strongly consistent, size limits
// are not enforced, empty keys are accepted, and keys that are equal when PK and SK are joined with
// a dot ("a.b"+"c", "a"+"b.c") are the same item.
type DynamoDB struct {
	*faults.AWSServer

	// mu makes a request and the probes that complete its answer atomic. The engine's table
	// operations are not safe for concurrent use.
	mu     sync.Mutex
	engine http.Handler
	tokens map[string][sha256.Size]byte // a digest of each committed transaction, by client request token
}

// StartDynamoDB starts a server without tables. The caller must call Close.
func StartDynamoDB() (*DynamoDB, error) {
	d := &DynamoDB{engine: server.NewServer(), tokens: map[string][sha256.Size]byte{}}
	s, err := faults.StartAWS("application/x-amz-json-1.0", d.answer)
	if err != nil {
		return nil, err
	}
	d.AWSServer = s
	return d, nil
}

// CreateTable adds a table whose partition key PK and sort key SK are strings.
func (d *DynamoDB) CreateTable(name string) error {
	type object = map[string]any
	rep := d.call("CreateTable", object{
		"TableName":   name,
		"BillingMode": "PAY_PER_REQUEST",
		"KeySchema": []object{
			{"AttributeName": "PK", "KeyType": "HASH"},
			{"AttributeName": "SK", "KeyType": "RANGE"},
		},
		"AttributeDefinitions": []object{
			{"AttributeName": "PK", "AttributeType": "S"},
			{"AttributeName": "SK", "AttributeType": "S"},
		},
	})
	if rep.Status != http.StatusOK {
		return fmt.Errorf("emulator: create table %s: %s", name, rep.Body)
	}
	return nil
}

// Items returns the number of items in a table.
func (d *DynamoDB) Items(table string) (int, error) {
	rep := d.call("Scan", map[string]string{"TableName": table})
	var scan struct{ Items []json.RawMessage }
	if rep.Status != http.StatusOK {
		return 0, fmt.Errorf("emulator: scan %s: %s", table, rep.Body)
	}
	if err := json.Unmarshal(rep.Body, &scan); err != nil {
		return 0, fmt.Errorf("emulator: scan %s: %w", table, err)
	}
	return len(scan.Items), nil
}

func (d *DynamoDB) answer(op string, body []byte) faults.Reply {
	if placeholder := undefined(body); placeholder != "" {
		return faults.Failure(http.StatusBadRequest, "ValidationException",
			"Invalid expression: an expression attribute used in expression is not defined: "+placeholder)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch op {
	case "PutItem":
		return d.answerPut(body)
	case "TransactWriteItems":
		return d.answerTransaction(body)
	default:
		return d.ask(op, body)
	}
}

func (d *DynamoDB) call(op string, in any) faults.Reply {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.askFor(op, in)
}

// askFor is like ask for a request made by this package. The caller holds mu.
func (d *DynamoDB) askFor(op string, in any) faults.Reply {
	body, err := json.Marshal(in)
	if err != nil {
		return faults.Failure(http.StatusBadRequest, "SerializationException", err.Error())
	}
	return d.ask(op, body)
}

// ask sends one request to the engine. The caller holds mu.
func (d *DynamoDB) ask(op string, body []byte) faults.Reply {
	if !json.Valid(body) {
		return faults.Failure(http.StatusBadRequest, "SerializationException", "the request is not JSON")
	}
	r, err := http.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	if err != nil {
		return faults.Failure(http.StatusInternalServerError, "InternalServerError", err.Error())
	}
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+op)
	rec := recorder{header: http.Header{}, status: http.StatusOK}
	d.engine.ServeHTTP(&rec, r)
	if strings.HasPrefix(rec.header.Get("Content-Type"), "text/plain") {
		return faults.Failure(http.StatusBadRequest, "UnknownOperationException", "the operation "+op+" is not supported")
	}
	return faults.Reply{Status: rec.status, Body: rec.body.Bytes()}
}

// recorder is an in-memory http.ResponseWriter.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
