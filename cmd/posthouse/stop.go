package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// endGrace is how long calls that outlived the drain have to send their
	// error event once the gateway ended them.
	endGrace = 2 * time.Second
	// hurryGrace is the same after a second signal: out within a second.
	hurryGrace = 300 * time.Millisecond
	// consoleGrace is how long console requests have at the end.
	consoleGrace = 2 * time.Second
	// flushGrace is how long the records have to reach their file.
	flushGrace = 5 * time.Second
	// flushHurry is the same after a second signal.
	flushHurry = 300 * time.Millisecond
)

// isStop reports whether a signal asks for the end.
func isStop(s os.Signal) bool { return s != syscall.SIGHUP }

// hurry watches for a second signal while the program stops. The context it
// returns ends with the drain time or with that signal; hurried then says
// which.
func hurry(drain time.Duration, signals <-chan os.Signal) (ctx context.Context, hurried func() bool, stop func()) {
	second := errors.New("a second signal came")
	base, cancel := context.WithCancelCause(context.Background())
	ctx, cancelTimeout := context.WithTimeout(base, drain)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				if isStop(s) {
					cancel(second)
					return
				}
			case <-done:
				return
			}
		}
	}()
	hurried = func() bool { return errors.Is(context.Cause(base), second) }
	stop = func() { close(done); cancelTimeout(); cancel(nil) }
	return ctx, hurried, stop
}

// stop takes the instance out of service: not ready at once, no new calls,
// running ones finish within the drain time, what is left is ended with an
// error event. The console stays up until the proxy is done, so that /readyz
// can be asked and the drain be watched.
func (i *instance) stop(signals <-chan os.Signal) {
	i.log.Info("stopping", "drain", i.drain.String(), "in_flight", i.gateway.InFlight())
	i.setReady(false)
	ctx, hurried, done := hurry(i.drain, signals)
	defer done()

	if err := shutdown(ctx, i.proxyDoors()...); err != nil {
		i.log.Warn("drain ended early, ending the calls that still run", "in_flight", i.gateway.InFlight())
		i.gateway.Stop()
		grace := endGrace
		if hurried() {
			grace = hurryGrace
		}
		end, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		_ = shutdown(end, i.proxyDoors()...) // its error is that calls still run: closed next
	}
	i.gateway.Stop()
	i.endConsole()
	end, cancel := context.WithTimeout(context.Background(), consoleGrace)
	if hurried() {
		cancel()
	}
	defer cancel()
	_ = shutdown(end, i.console)
	for _, d := range append(i.proxyDoors(), i.console) {
		_ = d.server.Close()
	}
	i.hurried = hurried()
	i.log.Info("stopped", "hurried", i.hurried)
}

// shutdown closes the doors to new connections and waits for the running
// requests, all at the same time.
func shutdown(ctx context.Context, doors ...*door) error {
	var group errgroup.Group
	for _, d := range doors {
		group.Go(func() error { return d.server.Shutdown(ctx) })
	}
	return group.Wait()
}
