// Package runtimeapi runs a compiled function as Lambda does: as a separate process, with Lambda's
// environment, that polls a Lambda Runtime API. The API is on the loopback interface. The caller
// decides when the process is invoked, frozen, thawed and ended.
//
//	package main
//
//	import (
//		"context"
//		"fmt"
//		"log"
//
//		"github.com/warmclient/warmclient/examples/internal/runtimeapi"
//	)
//
//	func main() {
//		ctx := context.Background()
//		p, err := runtimeapi.Start(runtimeapi.Options{Path: "./bootstrap"})
//		if err != nil {
//			log.Fatal(err)
//		}
//		defer p.Close()
//		if err := p.Ready(ctx); err != nil {
//			log.Fatal(err) // it failed, or ended, in its Init phase
//		}
//		response, err := p.Invoke(ctx, runtimeapi.Invocation{Payload: []byte(`{"name": "ada"}`)})
//		fmt.Printf("%s\n%v\n%s", response, err, p.Log())
//	}
//
// The server implements https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and the part
// of the Extensions API that a runtime requires to receive SIGTERM. Its errors are those of
// https://github.com/aws/aws-lambda-runtime-interface-emulator. Like the service, it gives an
// invocation to any open poll, so a process that polls in parallel is invoked in parallel. It kills
// a process that has not answered by its deadline.
//
// The package does not send events to extensions, freeze a process automatically after an answer,
// restart a process that has ended, or limit memory and CPU.
package runtimeapi
