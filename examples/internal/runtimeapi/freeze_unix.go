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

// Freeze stops the process, as Lambda does between invocations, and returns when it has stopped.
// Its connections stay open, and its clock continues.
func (p *Process) Freeze() error {
	if err := p.signal("freeze", syscall.SIGSTOP); err != nil {
		return err
	}
	// A thread that runs on another CPU continues for a moment. If the process is thawed during the
	// wait, all threads continue.
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

// stopped reports whether all threads have stopped, using proc(5). Without that file system, it
// waits for a fixed time instead.
func (p *Process) stopped() bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
	if len(threads) == 0 {
		time.Sleep(50 * time.Millisecond)
		return true
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if err != nil {
			continue // the thread has ended
		}
		// The format is "pid (name) state ...". The name may contain any characters.
		if rest := stat[bytes.LastIndexByte(stat, ')')+1:]; !bytes.HasPrefix(rest, []byte(" T")) {
			return false
		}
	}
	return true
}

// Thaw resumes a frozen process.
func (p *Process) Thaw() error { return p.signal("thaw", syscall.SIGCONT) }

// wake thaws the process if it is frozen and has not ended.
func (p *Process) wake() { _ = p.Thaw() }

func (p *Process) signal(doing string, s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("runtimeapi: %s %s: %w", doing, p.name, err)
	}
	return nil
}
