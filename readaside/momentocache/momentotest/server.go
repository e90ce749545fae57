// Package momentotest provides a fake Momento Serverless Cache on the loopback interface for tests,
// as net/http/httptest does for HTTP servers.
//
//	server := momentotest.NewServer("accounts")
//	defer server.Close()
//	opener := momentocache.Opener{
//		Source: secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
//			return secrets.Static(server.Key()), nil
//		}),
//		Endpoint: server.Addr(),
//	}
//
// Get, SetIfAbsent and SetIfEqual of a momentocache.Cache do not wait for an in-flight open. A test
// that expects hits must call Warm on the holder first.
//
// The server uses the service's protocol, gRPC, without TLS. It implements Get, Set, SetIf,
// SetIfNotExists and Delete of cache_client.Scs, and answers any other call with Unimplemented. It
// checks the cache and authorization headers. It compares the API key, but does not verify its
// signature.
//
// # Rotation
//
// Rotate returns a new key. The server then refuses the old key, also on existing connections.
//
// # Faults
//
// Inject makes calls fail, hang or wait, or breaks their connections; see [Fault]. Heal removes all
// faults.
//
// # Consistency
//
// By default, a replica may answer the SDK's reads. SetLag makes such reads lag. It does not affect
// a client with the read concern CONSISTENT.
package momentotest

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	_ "github.com/momentohq/client-sdk-go/momento" // registers the descriptors of cache_client.Scs
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/warmclient/warmclient/internal/faults"
)

// A Server is a fake Momento service on the loopback interface. It is safe for concurrent use by
// multiple goroutines.
type Server struct {
	endpoint *faults.Endpoint
	server   *grpc.Server
	serving  sync.WaitGroup

	mu     sync.Mutex
	key    string
	any    bool // whether every cache exists
	caches map[string]items
	lag    time.Duration
}

const scs = "cache_client.Scs"

// NewServer starts a server with the given caches on a free port of 127.0.0.1. Without arguments,
// every cache exists. NewServer panics if it cannot listen. The caller must call Close.
func NewServer(caches ...string) *Server {
	endpoint, err := faults.NewEndpoint()
	if err != nil {
		panic(fmt.Sprintf("momentotest: %v", err))
	}
	s := &Server{
		endpoint: endpoint,
		server: grpc.NewServer(
			// Close waits for all goroutines.
			grpc.WaitForHandlers(true),
			// Except for the one for Lambda, the SDK's configurations ping every few seconds, also
			// without calls. By default, the server would close such connections.
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		),
		key:    newKey(),
		any:    len(caches) == 0,
		caches: make(map[string]items),
	}
	for _, name := range caches {
		s.caches[name] = items{}
	}
	s.server.RegisterService(s.describe(), nil)
	s.Serve(endpoint.Listener)
	return s
}

// Serve serves an additional listener, for example one with TLS, on a new goroutine. Close closes
// the listener. The faults Reset and Refuse do not break its connections.
func (s *Server) Serve(l net.Listener) {
	s.serving.Go(func() { _ = s.server.Serve(l) }) // ends when the server is stopped
}

// Close stops the server and aborts calls in progress. It returns when all goroutines of the server
// have ended. Further calls do nothing.
func (s *Server) Close() {
	s.server.Stop()
	s.serving.Wait()
}

// Addr returns the server's address, 127.0.0.1:port.
func (s *Server) Addr() string { return s.endpoint.Addr() }

// Key returns the API key that the server accepts. It is a v2 key, a JWT that contains no endpoint.
// The server also accepts a client with a v1 key, base64 of {"endpoint": host, "api_key": key},
// that contains this key.
func (s *Server) Key() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key
}

// Rotate creates a new API key and returns it. The server then accepts only that key.
func (s *Server) Rotate() string {
	key := newKey()
	s.Accept(key)
	return key
}

// Accept makes key the only API key that the server accepts. The key may have any form.
func (s *Server) Accept(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// SetLag makes each read that is not consistent return the value that was stored d ago, as a
// replica may. The default is 0: all reads are consistent.
func (s *Server) SetLag(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = d
}

// Inject replaces the active faults. The first fault that matches a call applies to it. The new
// faults also apply to calls that wait in an old one.
func (s *Server) Inject(faults ...Fault) { s.endpoint.Inject(faults...) }

// Heal removes all faults. Calls that wait in one are served.
func (s *Server) Heal() { s.endpoint.Heal() }

// Requests returns the number of calls received for op, such as "Get", including failed ones. If op
// is "", it counts all operations.
func (s *Server) Requests(op string) int { return s.endpoint.Requests(op) }

// describe builds the gRPC service from dynamic messages: the SDK's message types are internal, but
// their descriptors are in the global registry.
func (s *Server) describe() *grpc.ServiceDesc {
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(scs)
	if err != nil {
		panic(fmt.Sprintf("momentotest: %s: %v", scs, err)) // the SDK's import registers it
	}
	methods := d.(protoreflect.ServiceDescriptor).Methods()
	desc := &grpc.ServiceDesc{ServiceName: scs}
	for name, do := range map[protoreflect.Name]operation{
		"Get": get, "Set": set, "SetIf": setIf, "SetIfNotExists": setIfNotExists, "Delete": remove,
	} {
		desc.Methods = append(desc.Methods, grpc.MethodDesc{
			MethodName: string(name), Handler: s.handler(methods.ByName(name), do),
		})
	}
	return desc
}

func (s *Server) handler(method protoreflect.MethodDescriptor, do operation) grpc.MethodHandler {
	return func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in, out := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
		if err := decode(in); err != nil {
			return nil, err
		}
		var answer error
		fault, err := s.endpoint.Around(ctx, string(method.Name()), func() { answer = s.answer(ctx, do, in, out) })
		if err != nil {
			return nil, status.FromContextError(err).Err()
		}
		switch fault.Action {
		case Reset:
			if p, ok := peer.FromContext(ctx); ok {
				s.endpoint.Listener.Reset(p.Addr.String())
			}
			return nil, status.Error(codes.Unavailable, "the connection is reset")
		case Fail:
			return nil, failure(ctx, fault)
		case Garbage:
			broken := dynamicpb.NewMessage(method.Output())
			broken.SetUnknown(protoreflect.RawFields{0xff, 0xff, 0xff})
			return broken, nil
		}
		if answer != nil {
			return nil, answer
		}
		return out, nil
	}
}

// answer answers one call as the service does. It checks authentication first.
func (s *Server) answer(ctx context.Context, do operation, in, out protoreflect.Message) error {
	md, _ := metadata.FromIncomingContext(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if header(md, "authorization") != s.key {
		return status.Error(codes.Unauthenticated, "Invalid authentication credentials")
	}
	name := header(md, "cache")
	if name == "" {
		return status.Error(codes.InvalidArgument, "the cache header is missing")
	}
	cache, ok := s.caches[name]
	if !ok && !s.any {
		return failure(ctx, Fault{Status: int(codes.NotFound), Code: "cache_not_found", Message: "Cache not found"})
	}
	if !ok {
		cache = items{}
		s.caches[name] = cache
	}
	now := clock{write: time.Now(), lag: s.lag}
	now.read = now.write
	if header(md, "read-concern") != "consistent" {
		now.read = now.write.Add(-s.lag)
	}
	return do(cache, now, in, out)
}

// header returns the value of a header that occurs exactly once, or "".
func header(md metadata.MD, name string) string {
	if values := md.Get(name); len(values) == 1 {
		return values[0]
	}
	return ""
}

// failure returns the fault as a gRPC status. The SDK reads the details of an error from a trailer.
func failure(ctx context.Context, f Fault) error {
	code := codes.Code(f.Status)
	if code == codes.OK {
		code = codes.Unavailable
	}
	if f.Code != "" {
		_ = grpc.SetTrailer(ctx, metadata.Pairs("err", f.Code)) // fails only outside of a handler
	}
	return status.Error(code, f.Message)
}
