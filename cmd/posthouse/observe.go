package main

import (
	"context"
	"math"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server"
	"github.com/posthouse/posthouse/server/alert"
	"github.com/posthouse/posthouse/server/metrics"
	"github.com/posthouse/posthouse/server/traces"
	"github.com/posthouse/posthouse/server/usage"
)

// observers are all who hear of calls. It implements proxy.Recorder.
type observers struct {
	recorder *usage.Recorder
	unpriced *server.Unpriced
	metrics  *metrics.Metrics
	traces   *traces.Exporter
	alerts   *alert.Watcher
}

// Record implements proxy.Recorder. None of them blocks, and none changes the
// record.
func (o observers) Record(r *proxy.Record) {
	o.unpriced.Record(r)
	o.metrics.Record(r)
	o.traces.Record(r)
	o.alerts.Record(r)
	o.recorder.Record(r)
}

// observe makes them. What they ask of the gateway they ask once it is there.
func (i *instance) observe() {
	targets := func() []proxy.TargetState { return i.gateway.OpenTargets() }
	keys := func() map[string]proxy.KeyState { return i.gateway.KeyStates() }
	lost := func() int64 {
		s := i.recorder.Stats()
		return s.Shed + s.Failed
	}
	i.observed = observers{
		recorder: i.recorder, unpriced: server.NewUnpriced(),
		metrics: metrics.New(metrics.Options{
			Version: build().Version, InFlight: func() int { return i.gateway.InFlight() }, Targets: targets, Keys: keys,
			Records: func() (written, shed, lost int64) {
				s := i.recorder.Stats()
				return s.Written, s.Shed, s.Failed
			},
		}),
		traces: &traces.Exporter{Version: build().Version, Log: i.log},
		alerts: alert.New(alert.Sources{
			Targets: targets, Keys: keys, Shed: lost,
			DiskFree: func() (int64, error) {
				free, err := freeBytes(i.options.dataDir)
				return int64(min(free, math.MaxInt64)), err
			},
		}, i.store, i.log, i.program.now),
	}
	i.onClose(i.observed.traces.Close)
}

// watch looks at the alerts' rules until the instance closes.
func (i *instance) watch(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		i.observed.alerts.Run(ctx)
	}()
	i.onClose(func() {
		cancel()
		<-done
	})
	return nil
}
