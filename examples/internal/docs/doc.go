// Package docs checks the documents of the repository, by tests alone. A comment before a fenced
// block says what the block is:
//
//	<!-- excerpt: path/to/file -->   lines of that file, from the root of the repository
//	<!-- run: name -->               commands, and what they print; the test under that name runs or checks them
//	<!-- log -->                     lines that the local service logs
//
// A block of Go without a comment is compiled. Links, exported names, the variables of commands,
// the messages of the log and the slugs of the guide are checked as well, and examples/catalog is
// compiled in a module of its own.
package docs
