package growth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Service is a process that serves GET /users/{username} on loopback.
type Service struct {
	URL string

	cmd *exec.Cmd
	log hits
}

// Measure starts the service at path and calls Loads for it.
func Measure(ctx context.Context, path string, runs int, d time.Duration) (loads []Load, err error) {
	service, err := StartService(ctx, path, "-serve", "-addr", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, service.Stop()) }()
	if err := service.CreateUser(ctx); err != nil {
		return nil, err
	}
	return Loads(ctx, service, Clients, runs, d)
}

// StartService starts the program at path with the given arguments. It returns when the program has
// printed its address, as examples/local does.
func StartService(ctx context.Context, path string, args ...string) (*Service, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	s := &Service{cmd: cmd}
	cmd.Stderr = &s.log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("growth: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("growth: %w", err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "listening on "); ok {
			s.URL = url
			return s, nil
		}
	}
	return nil, errors.Join(errors.New("growth: the service ended before it listened"), lines.Err(), s.Stop())
}

// Stop ends the service.
func (s *Service) Stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // fails if the process has ended
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("growth: the service: %w", err)
	}
	return nil
}

// Resident returns the resident memory of the process in bytes, or 0 on systems other than Linux.
func (s *Service) Resident() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}

// CreateUser creates the user that Loads reads.
func (s *Service) CreateUser(ctx context.Context) error {
	client := &http.Client{Timeout: 10 * time.Second}
	_, err := request(ctx, client, http.MethodPost, s.URL+"/users", `{"username":"ann","firstName":"Ann","lastName":"Lee"}`)
	return err
}
