package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const (
	headerTimeout = 10 * time.Second
	stopGrace     = 2 * time.Second // for streams that run when the lab is stopped
)

// Start listens on addr, such as 127.0.0.1:0, and serves until ctx ends. It
// returns the base URL that a client is given, ending in /v1. When ctx ends,
// silent calls end at once and streams have two seconds to finish; Done tells
// when all is over. A Lab can be started once.
func (l *Lab) Start(ctx context.Context, addr string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started {
		return "", errors.New("the lab was started before: make another with New")
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return "", fmt.Errorf("lab: listen on %s: %w", addr, err)
	}
	l.started = true
	server := &http.Server{Handler: l, ReadHeaderTimeout: headerTimeout, ErrorLog: nil, ConnContext: l.counters.connContext}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			l.opts.Log.Error("lab stopped serving", "error", err)
		}
	}()
	go func() {
		defer close(l.done)
		select {
		case <-ctx.Done():
		case <-served:
		}
		l.stop(context.WithoutCancel(ctx), server)
		<-served
	}()
	return "http://" + listener.Addr().String() + "/v1", nil
}

// Done is closed when a lab that was started has stopped and no call runs.
func (l *Lab) Done() <-chan struct{} { return l.done }

func (l *Lab) stop(ctx context.Context, server *http.Server) {
	l.stopOnce.Do(func() { close(l.stopping) })
	ctx, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		// Closing the connections ends the contexts of the calls that still run.
		if err := server.Close(); err != nil {
			l.opts.Log.Error("lab close", "error", err)
		}
	}
	l.running.Wait()
}
