// Package docs checks the documents of the repository, by tests alone. A comment before a fenced
// block says what the block is:
//
//	<!-- excerpt: path/to/file -->   lines of that file, from the root of the repository
//	<!-- run: name -->               commands, and what they print; the test under that name runs or checks them
//	<!-- log -->                     lines that the local service logs
//
// A block of Go without a comment is compiled.
package docs
