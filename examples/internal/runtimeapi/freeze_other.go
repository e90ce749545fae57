//go:build !unix

package runtimeapi

// wake does nothing, because processes cannot be frozen on this system.
func (*Process) wake() {}
