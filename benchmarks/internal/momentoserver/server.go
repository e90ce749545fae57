// Package momentoserver is a Momento cache on loopback that is always well: the
// part of the protocol that reads and writes of a cache need, and a client for it.
package momentoserver

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/momentohq/client-sdk-go/momento" // registers the descriptors of the protocol
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

const service = "cache_client.Scs"

// The values of ECacheResult.
const hit, miss = 2, 3

// Server keeps what it is given for ever: benchmarks are short.
type Server struct {
	Addr string

	items   sync.Map // of []byte
	server  *grpc.Server
	running sync.WaitGroup
}

// Start starts a server on a free port of loopback.
func Start() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("momentoserver: %w", err)
	}
	return StartOn(l)
}

// StartOn starts a server on a listener, which it closes in the end.
func StartOn(l net.Listener) (*Server, error) {
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(service)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("momentoserver: %w", err), l.Close())
	}
	s := &Server{Addr: l.Addr().String(), server: grpc.NewServer()}
	methods := d.(protoreflect.ServiceDescriptor).Methods()
	desc := &grpc.ServiceDesc{ServiceName: service}
	for name, answer := range map[protoreflect.Name]func(in, out *dynamicpb.Message){
		"Get": s.get, "Set": s.set, "SetIf": s.setIfAbsent,
	} {
		m := methods.ByName(name)
		desc.Methods = append(desc.Methods, grpc.MethodDesc{
			MethodName: string(name),
			Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				in, out := dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output())
				if err := decode(in); err != nil {
					return nil, err
				}
				answer(in, out)
				return out, nil
			},
		})
	}
	s.server.RegisterService(desc, nil)
	s.running.Go(func() { _ = s.server.Serve(l) })
	return s, nil
}

// Stop ends the server and its connections.
func (s *Server) Stop() {
	s.server.Stop()
	s.running.Wait()
}

// Holder returns a holder of a client for this server, as a program would have
// it.
func (s *Server) Holder() *lazyclient.Holder[momento.CacheClient] {
	return &lazyclient.Holder[momento.CacheClient]{
		Name:    "momento",
		Open:    momentocache.Opener{Source: secrets.SourceFunc(source), Endpoint: s.Addr}.Open,
		Release: momentocache.Release,
		Stale:   momentocache.IsAuthError,
	}
}

// Token returns a token that is well formed. The server checks none.
func Token() string {
	return base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"cell-1.example.com","api_key":"key"}`))
}

func source(context.Context) (secrets.Document, error) { return secrets.Static(Token()), nil }

func (s *Server) get(in, out *dynamicpb.Message) {
	v, ok := s.items.Load(key(in))
	if !ok {
		out.Set(field(out, "result"), protoreflect.ValueOfEnum(miss))
		return
	}
	out.Set(field(out, "result"), protoreflect.ValueOfEnum(hit))
	out.Set(field(out, "cache_body"), protoreflect.ValueOfBytes(v.([]byte)))
}

func (s *Server) set(in, _ *dynamicpb.Message) { s.items.Store(key(in), body(in)) }

func (s *Server) setIfAbsent(in, out *dynamicpb.Message) {
	result := protoreflect.Name("stored")
	if _, there := s.items.LoadOrStore(key(in), body(in)); there {
		result = "not_stored"
	}
	out.Mutable(field(out, result))
}

func key(in *dynamicpb.Message) string { return string(in.Get(field(in, "cache_key")).Bytes()) }

func body(in *dynamicpb.Message) []byte {
	return slices.Clone(in.Get(field(in, "cache_body")).Bytes())
}

func field(m *dynamicpb.Message, name protoreflect.Name) protoreflect.FieldDescriptor {
	return m.Descriptor().Fields().ByName(name)
}
