// Package snippets checks that the Go code of the documents compiles against this tree: each block of the Markdown
// files that is marked as Go, and the program at the head of each package's page.
//
//	go test -count=1 ./examples/internal/snippets
//
// It needs -count=1 because the go command does not see that a file outside of the examples module has changed.
//
// A block that is a whole file is compiled as it is, in a module that requires what the examples module requires. A
// block without a package clause is made a file: its declarations as they are, its statements within a function,
// with the imports that it uses by their usual names.
//
// It has tests only.
package snippets
