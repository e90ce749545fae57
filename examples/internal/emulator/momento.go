package emulator

import (
	"context"
	"fmt"
	"slices"
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

// Momento is a Momento cache on loopback, without TLS. It serves the calls Get, Set, SetIf (which
// is also the SDK's SetIfNotExists, SetIfAbsent...) and Delete; any other is Unimplemented.
type Momento struct {
	*faults.Endpoint
	server *grpc.Server
	done   chan struct{}

	mu     sync.Mutex
	token  string
	caches map[string]items
}

const scs = "cache_client.Scs"

// StartMomento starts a server with these caches, which accepts one newly minted token. Stop it
// with Close.
func StartMomento(caches ...string) (*Momento, error) {
	e, err := faults.NewEndpoint()
	if err != nil {
		return nil, err
	}
	m := &Momento{
		Endpoint: e,
		server: grpc.NewServer(
			// Stop waits for the handlers, so that Close leaves no goroutine.
			grpc.WaitForHandlers(true),
			// All configurations of the SDK but Lambda's ping every few seconds, calls or none;
			// by default the server would hang up on them.
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		),
		done:   make(chan struct{}),
		token:  NewToken(time.Time{}),
		caches: map[string]items{},
	}
	for _, name := range caches {
		m.caches[name] = items{}
	}
	service, err := m.describe()
	if err != nil {
		_ = e.Listener.Close()
		return nil, err
	}
	m.server.RegisterService(service, m)
	go func() {
		defer close(m.done)
		_ = m.server.Serve(e.Listener) // stopped: there is no other way out
	}()
	return m, nil
}

// Close stops the server: calls under way are cut off. It returns when the last goroutine of the
// server has ended. Closing again does nothing.
func (m *Momento) Close() error {
	m.server.Stop()
	<-m.done
	return nil
}

// Token returns the token that is accepted, in the form in which a secret keeps it.
func (m *Momento) Token() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token
}

// SetToken makes this token the only one accepted, from the next call on, on live connections too.
// It may be of any shape that the SDK takes; see NewToken and NewLegacyToken.
func (m *Momento) SetToken(token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.token = token
}

// describe builds the gRPC service on dynamic messages: the SDK keeps its message types to
// itself, but their descriptors are in the global registry.
func (m *Momento) describe() (*grpc.ServiceDesc, error) {
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(scs)
	if err != nil {
		return nil, fmt.Errorf("emulator: %s: %w", scs, err)
	}
	service, ok := d.(protoreflect.ServiceDescriptor)
	if !ok {
		return nil, fmt.Errorf("emulator: %s is not a service", scs)
	}
	desc := &grpc.ServiceDesc{ServiceName: scs, HandlerType: (*any)(nil)}
	for name, do := range map[protoreflect.Name]operation{
		"Get": get, "Set": set, "SetIf": setIf, "Delete": remove,
	} {
		method := service.Methods().ByName(name)
		if method == nil {
			return nil, fmt.Errorf("emulator: %s has no %s", scs, name)
		}
		desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: string(name), Handler: m.handler(method, do)})
	}
	return desc, nil
}

func (m *Momento) handler(method protoreflect.MethodDescriptor, do operation) grpc.MethodHandler {
	return func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in, out := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
		if err := decode(in); err != nil {
			return nil, err
		}
		op := string(method.Name())

		var answer error
		fault, err := m.Around(ctx, op, func() { answer = m.serve(ctx, do, in, out) })
		if err != nil {
			return nil, status.FromContextError(err).Err()
		}
		switch fault.Action {
		case Reset:
			if p, ok := peer.FromContext(ctx); ok {
				m.Listener.Reset(p.Addr.String())
			}
			return nil, status.Error(codes.Unavailable, "the connection is reset")
		case Fail:
			return nil, failed(ctx, fault)
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

// serve answers one call as the service would: who calls is asked before what for.
func (m *Momento) serve(ctx context.Context, do operation, in, out protoreflect.Message) error {
	md, _ := metadata.FromIncomingContext(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Equal(md.Get("authorization"), []string{apiKey(m.token)}) {
		return status.Error(codes.Unauthenticated, "Invalid authentication credentials")
	}
	name := md.Get("cache")
	if len(name) != 1 || name[0] == "" {
		return status.Error(codes.InvalidArgument, "the cache header is missing")
	}
	cache, ok := m.caches[name[0]]
	if !ok {
		return failed(ctx, Fault{Status: int(codes.NotFound), Code: "cache_not_found", Message: "Cache not found"})
	}
	return do(cache, in, out)
}

// failed returns the fault as a gRPC status. The SDK reads the details of an error from a trailer.
func failed(ctx context.Context, f Fault) error {
	code := codes.Code(f.Status)
	if code == codes.OK {
		code = codes.Unavailable
	}
	if f.Code != "" {
		_ = grpc.SetTrailer(ctx, metadata.Pairs("err", f.Code)) // fails only outside of a handler
	}
	return status.Error(code, f.Message)
}
