// Package emulator runs, on loopback and inside one process, the three services that the examples
// talk to: DynamoDB, Secrets Manager and Momento. Nothing is mocked on the client's side: the SDKs
// dial a port and speak their own protocols. [Stack.StartValkey] adds a Valkey server.
//
//	package main
//
//	import (
//		"fmt"
//		"log"
//		"os"
//		"os/exec"
//
//		"github.com/warmclient/warmclient/examples/internal/emulator"
//	)
//
//	func main() {
//		stack, err := emulator.Start(emulator.Options{})
//		if err != nil {
//			log.Fatal(err)
//		}
//		defer stack.Close()
//
//		function := exec.Command("./bootstrap")
//		function.Env = append(os.Environ(), stack.Environ()...)
//		out, err := function.CombinedOutput()
//		fmt.Printf("%s\n%v\n", out, err)
//	}
//
// Every server counts its requests, and can be told to misbehave while it runs:
//
//	stack.Momento.Inject(emulator.Fault{Action: emulator.Refuse})  // an outage
//	stack.DynamoDB.Inject(emulator.Fault{Op: "GetItem", Delay: time.Second})
//	stack.SecretsManager.Inject(emulator.Fault{Action: emulator.Fail, Status: 400, Code: "ThrottlingException", Times: 2})
//	stack.Momento.Heal()
//
// All methods may be called from any goroutine at any time.
package emulator
