// Package emulator runs fake DynamoDB, Secrets Manager and Momento servers on the loopback
// interface, in one process. The clients are not mocked: the SDKs dial a port and use their own
// protocols. [Stack.StartValkey] adds a Valkey server.
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
// Every server counts its requests and supports fault injection while it runs:
//
//	stack.Momento.Inject(emulator.Fault{Action: emulator.Refuse})  // an outage
//	stack.DynamoDB.Inject(emulator.Fault{Op: "GetItem", Delay: time.Second})
//	stack.SecretsManager.Inject(emulator.Fault{Action: emulator.Fail, Status: 400, Code: "ThrottlingException", Times: 2})
//	stack.Momento.Heal()
//
// All types are safe for concurrent use by multiple goroutines.
package emulator
