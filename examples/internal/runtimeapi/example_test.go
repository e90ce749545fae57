package runtimeapi_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/warmclient/warmclient/examples/internal/runtimeapi"
)

// After an error of the function, the process is ready for the next event.
func ExampleProcess_Invoke() {
	path, err := os.Executable() // the test binary, which can run as a function
	if err != nil {
		log.Fatal(err)
	}
	p, err := runtimeapi.Start(runtimeapi.Options{Path: path, Env: []string{asFunction + "=plain"}})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	ctx := context.Background()
	_, err = p.Invoke(ctx, runtimeapi.Invocation{Payload: []byte(`{"do": "fail"}`)})
	fmt.Println(err)
	response, err := p.Invoke(ctx, runtimeapi.Invocation{Payload: []byte(`{"do": "stream"}`)})
	fmt.Println(string(response), err)
	// Output:
	// runtimeapi: the function failed: errorString: no such user
	// streamed <nil>
}
