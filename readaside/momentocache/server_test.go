package momentocache_test

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	_ "github.com/momentohq/client-sdk-go/momento" // registers the descriptors of the protocol
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
)

// A server speaks the part of Momento's protocol that this package uses, on
// loopback. The SDK keeps its message types to itself, but importing it registers
// their descriptors.
type server struct {
	addr     string
	listener *listener

	mu    sync.Mutex
	token string // the only one accepted; "": any
	items map[string]item
	calls []call
	fault func(context.Context, call) error
}

type item struct {
	value   []byte
	expires time.Time
}

// call is what one request looked like on the wire.
type call struct {
	method, cache, key, token string
	ttl                       time.Duration
}

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{items: make(map[string]item)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = l.Addr().String()
	s.listener = &listener{Listener: l, conns: make(map[*conn]struct{})}

	g := grpc.NewServer()
	g.RegisterService(s.service(t), nil)
	var wg sync.WaitGroup
	wg.Go(func() { _ = g.Serve(s.listener) })
	t.Cleanup(func() {
		g.Stop()
		wg.Wait()
	})
	return s
}

func (s *server) service(t testing.TB) *grpc.ServiceDesc {
	t.Helper()
	d, err := protoregistry.GlobalFiles.FindDescriptorByName("cache_client.Scs")
	require.NoError(t, err)
	methods := d.(protoreflect.ServiceDescriptor).Methods()
	desc := &grpc.ServiceDesc{ServiceName: "cache_client.Scs"}
	for name, answer := range map[protoreflect.Name]func(in, out *dynamicpb.Message){
		"Get": s.get, "Set": s.set, "SetIf": s.setIf,
	} {
		m := methods.ByName(name)
		desc.Methods = append(desc.Methods, grpc.MethodDesc{
			MethodName: string(name),
			Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				in, out := dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output())
				if err := decode(in); err != nil {
					return nil, err
				}
				if err := s.admit(ctx, string(name), in); err != nil {
					return nil, err
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				answer(in, out)
				return out, nil
			},
		})
	}
	return desc
}

// admit records a call, and answers it with an error where the test wants one or
// the token is wrong.
func (s *server) admit(ctx context.Context, method string, in *dynamicpb.Message) error {
	md, _ := metadata.FromIncomingContext(ctx)
	c := call{method: method, key: string(bytesOf(in, "cache_key"))}
	c.cache, c.token = first(md["cache"]), first(md["authorization"])
	if f := field(in, "ttl_milliseconds"); f != nil {
		c.ttl = time.Duration(in.Get(f).Uint()) * time.Millisecond
	}
	s.mu.Lock()
	s.calls = append(s.calls, c)
	fault, token := s.fault, s.token
	s.mu.Unlock()
	if fault != nil {
		if err := fault(ctx, c); err != nil {
			return err
		}
	}
	if token != "" && c.token != token {
		return status.Error(codes.Unauthenticated, "the token is not accepted")
	}
	return nil
}

func (s *server) get(in, out *dynamicpb.Message) {
	const hit, miss = 2, 3
	it, ok := s.live(in)
	if !ok {
		out.Set(field(out, "result"), protoreflect.ValueOfEnum(miss))
		return
	}
	out.Set(field(out, "result"), protoreflect.ValueOfEnum(hit))
	out.Set(field(out, "cache_body"), protoreflect.ValueOfBytes(it.value))
}

func (s *server) set(in, _ *dynamicpb.Message) { s.store(in) }

func (s *server) setIf(in, out *dynamicpb.Message) {
	if !in.Has(field(in, "absent")) {
		panic("SetIf with another condition than absent")
	}
	result := protoreflect.Name("not_stored")
	if _, ok := s.live(in); !ok {
		s.store(in)
		result = "stored"
	}
	out.Mutable(field(out, result))
}

func (s *server) live(in *dynamicpb.Message) (item, bool) {
	it, ok := s.items[string(bytesOf(in, "cache_key"))]
	return it, ok && time.Now().Before(it.expires)
}

func (s *server) store(in *dynamicpb.Message) {
	ttl := time.Duration(in.Get(field(in, "ttl_milliseconds")).Uint()) * time.Millisecond
	s.items[string(bytesOf(in, "cache_key"))] = item{slices.Clone(bytesOf(in, "cache_body")), time.Now().Add(ttl)}
}

func field(m *dynamicpb.Message, name protoreflect.Name) protoreflect.FieldDescriptor {
	return m.Descriptor().Fields().ByName(name)
}

func bytesOf(m *dynamicpb.Message, name protoreflect.Name) []byte {
	return m.Get(field(m, name)).Bytes()
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// accept makes token the only one that is accepted.
func (s *server) accept(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// inject makes fault decide on every call first; nil: none.
func (s *server) inject(fault func(context.Context, call) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// hang is a fault: the call gets no answer.
func hang(ctx context.Context, _ call) error {
	<-ctx.Done()
	return ctx.Err()
}

func fail(code codes.Code, text string) func(context.Context, call) error {
	return func(context.Context, call) error { return status.Error(code, text) }
}

// seen returns the calls since the last time.
func (s *server) seen() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}
