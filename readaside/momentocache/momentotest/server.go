// Package momentotest is a Momento Serverless Cache on loopback for tests, in the manner of
// net/http/httptest.
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
// Get, SetIfAbsent and SetIfEqual of a momentocache.Cache do not wait for a client that is being
// opened: a test of hits warms the holder first.
//
// The server speaks the service's protocol, gRPC, without TLS: Get, Set, SetIf, SetIfNotExists and
// Delete of cache_client.Scs. Any other call is Unimplemented. It checks the cache and authorization
// headers. An API key is compared, not verified.
//
// # Rotation
//
// Rotate returns a new key and refuses the old one, on live connections too.
//
// # Faults
//
// Inject makes calls fail, hang, wait or break: see [Fault]. Heal takes the faults away.
//
// # Consistency
//
// By default the SDK's reads may be answered by a replica. SetLag makes such reads lag; a client with
// the read concern CONSISTENT is not affected.
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

// A Server is a Momento cache on loopback. It is safe for concurrent use by multiple goroutines.
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

// NewServer starts a server on a free port of 127.0.0.1. It has these caches; without any, each cache
// exists once it is asked for. NewServer panics if it cannot listen. Stop the server with Close.
func NewServer(caches ...string) *Server {
	endpoint, err := faults.NewEndpoint()
	if err != nil {
		panic(fmt.Sprintf("momentotest: %v", err))
	}
	s := &Server{
		endpoint: endpoint,
		server: grpc.NewServer(
			// Close leaves no goroutine.
			grpc.WaitForHandlers(true),
			// The SDK's configurations other than Lambda's ping every few seconds, calls or none.
			// By default the server would close such connections.
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

// Serve serves another listener beside the server's own, one with TLS for instance, on a goroutine
// of its own. Close closes it. The faults Reset and Refuse do not break its connections.
func (s *Server) Serve(l net.Listener) {
	s.serving.Go(func() { _ = s.server.Serve(l) }) // ends when the server is stopped
}

// Close stops the server and cuts off calls under way. It returns when the server's last goroutine
// has ended. Closing again does nothing.
func (s *Server) Close() {
	s.server.Stop()
	s.serving.Wait()
}

// Addr returns the server's address, 127.0.0.1:port.
func (s *Server) Addr() string { return s.endpoint.Addr() }

// Key returns the API key that the server accepts, a v2 key: a JWT that names no endpoint. A v1 key,
// base64 of {"endpoint": host, "api_key": key}, is accepted with the same key in it, since the SDK
// sends that.
func (s *Server) Key() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key
}

// Rotate makes a new API key, the only one that is accepted from now on, and returns it.
func (s *Server) Rotate() string {
	key := newKey()
	s.Accept(key)
	return key
}

// Accept makes key the only API key that is accepted from now on. It may be of any shape.
func (s *Server) Accept(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// SetLag makes each read that is not consistent return what was stored d ago, as a replica may. With
// 0, the default, all reads are consistent.
func (s *Server) SetLag(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = d
}

// Inject puts these faults in force in place of those before. The first that applies to a call
// decides about it. A call that waits in an old fault meets the new ones.
func (s *Server) Inject(faults ...Fault) { s.endpoint.Inject(faults...) }

// Heal takes all faults away. A call that waits in one is served.
func (s *Server) Heal() { s.endpoint.Heal() }

// Requests returns how many calls of op, such as "Get", were received so far; for "" those of all
// operations.
func (s *Server) Requests(op string) int { return s.endpoint.Requests(op) }

// describe builds the gRPC service on dynamic messages: the SDK keeps its message types to itself,
// but their descriptors are in the global registry.
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

// answer answers one call as the service would: authentication comes first.
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

// header returns the value of a header that is there once, otherwise "".
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
