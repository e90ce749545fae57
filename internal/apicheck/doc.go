// Package apicheck compares the exported names of the module's importable packages with the listing in api/, so
// that a change to them is a decision, and checks that each of them is documented and that each package has an
// example that runs.
//
//	go test ./internal/apicheck            # what differs, what is not documented
//	go test ./internal/apicheck -update    # writes the listing anew
//
// It has tests only.
package apicheck
