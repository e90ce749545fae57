//go:build unix

package runtimeapi

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Freeze stops the process as it stands, as Lambda does between invocations, and returns when it
// has stopped. Its connections stay up, and its clock goes on.
func (p *Process) Freeze() error {
	if err := p.signal("freeze", syscall.SIGSTOP); err != nil {
		return err
	}
	// A thread that runs elsewhere just now goes on for a moment; all do if the process is thawed
	// meanwhile.
	for end := time.Now().Add(10 * time.Second); !p.stopped(); {
		if time.Now().After(end) {
			return fmt.Errorf("runtimeapi: freeze %s: it has not stopped", p.name)
		}
		select {
		case <-p.exited:
			return p.state
		case <-time.After(time.Millisecond):
		}
	}
	return p.signal("freeze", syscall.Signal(0)) // an error if it has ended
}

// stopped reports whether all threads have stopped, by proc(5). Where there is no such file system,
// it allows for some time instead.
func (p *Process) stopped() bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
	if len(threads) == 0 {
		time.Sleep(50 * time.Millisecond)
		return true
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if err != nil {
			continue // it has just ended
		}
		// "pid (name) state ...", and the name may hold anything.
		if rest := stat[bytes.LastIndexByte(stat, ')')+1:]; !bytes.HasPrefix(rest, []byte(" T")) {
			return false
		}
	}
	return true
}

// Thaw lets a frozen process go on.
func (p *Process) Thaw() error { return p.signal("thaw", syscall.SIGCONT) }

// wake thaws the process if it is frozen and has not ended.
func (p *Process) wake() { _ = p.Thaw() }

func (p *Process) signal(doing string, s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("runtimeapi: %s %s: %w", doing, p.name, err)
	}
	return nil
}
