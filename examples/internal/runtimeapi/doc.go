// Package runtimeapi runs a compiled function as Lambda runs it: a process of its own, with
// Lambda's environment, that polls a Lambda Runtime API. The API is on loopback, and what Lambda
// decides is in the hands of the caller: when the process is invoked, frozen, thawed and ended.
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
// The server answers what https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html describes,
// and of the Extensions API what a runtime needs to be sent SIGTERM; what it refuses, it refuses as
// https://github.com/aws/aws-lambda-runtime-interface-emulator does. Like the service, it hands an
// invocation to whichever poll is open, so a process that polls in parallel is invoked in parallel,
// and it ends a process that has not answered when its deadline passes.
//
// Not done: extensions get no events, a process that has answered is not frozen unasked, an ended
// one is not started again, and memory and CPU are not limited.
package runtimeapi
