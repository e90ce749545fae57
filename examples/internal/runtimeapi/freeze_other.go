//go:build !unix

package runtimeapi

// wake has nothing to do where a process cannot be frozen.
func (*Process) wake() {}
