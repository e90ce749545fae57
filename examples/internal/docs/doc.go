// Package docs contains tests that check the documents of the repository. A comment before a fenced
// block says what the block is:
//
//	<!-- excerpt: path/to/file -->   lines of that file, from the root of the repository
//	<!-- run: name -->               commands, and what they print; the test under that name runs or checks them
//	<!-- log -->                     lines that the local service logs
//
// A Go block without a comment is compiled. The tests also check links, exported names, the
// variables of commands, log messages and the slugs of the guide, and compile examples/catalog in a
// separate module. They run commands, of which the race detector sees nothing, so they are left out
// where it is on.
package docs
