package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/warmclient/warmclient/examples/app"
)

// serve answers HTTP requests until ctx is done, and then finishes requests in progress.
func serve(ctx context.Context, addr string, stdout io.Writer) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	if err := app.Warm(ctx); err != nil {
		slog.Warn("warm-up", "error", err.Error())
	}
	server := &http.Server{Handler: newFront(), ReadTimeout: 4 * time.Second} // shorter than the wait at shutdown
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	fmt.Fprintf(stdout, "listening on http://%s\n", l.Addr())

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err = server.Shutdown(ctx); err != nil {
		err = errors.Join(fmt.Errorf("requests under way were cut off: %w", err), server.Close())
	}
	if serveErr := <-failed; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}

func newRequestID() string { return rand.Text() }
