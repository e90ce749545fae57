// Package guide runs docs/guide.md from top to bottom, so that it stays true.
//
// Every block of the page is one of these, by the comment before it:
//
//	<!-- excerpt: path -->  stands, line for line, in that file of the repository
//	<!-- run: name -->      commands that the test of that name runs or checks, and what they print
//	<!-- log -->            lines that the functions log while all that runs
//
// An excerpt of a Go file is marked as golang: a block that is marked as go has to compile by itself,
// which package snippets checks.
//
// Commands are run as they are, with the installed AWS CLI and curl and then with stand-ins on the AWS
// SDK and net/http, against DynamoDB, Secrets Manager and Momento on loopback. What needs an account
// in the cloud is checked against a list, and against the files that it names.
//
//	go test -count=1 ./examples/internal/guide
//
// The count matters when the page alone has changed: it is outside of this module, so the go command
// would take an old result for a new one. The package has tests only.
package guide
