//go:build unix

package runtimeapi

import (
	"fmt"
	"syscall"
)

// Freeze stops the process as it stands, as Lambda does between invocations. Its connections stay
// up, and its clock goes on.
func (p *Process) Freeze() error { return p.signal("freeze", syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (p *Process) Thaw() error { return p.signal("thaw", syscall.SIGCONT) }

// wake thaws the process if it is frozen and has not ended.
func (p *Process) wake() { _ = p.cmd.Process.Signal(syscall.SIGCONT) }

func (p *Process) signal(doing string, s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("runtimeapi: %s %s: %w", doing, p.name, err)
	}
	return nil
}
