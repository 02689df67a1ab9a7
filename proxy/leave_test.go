package proxy

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
)

// leaves makes a chat call and drops it: after some bytes of the answer, or,
// for 0, as soon as the vendor was asked.
func (g *rig) leaves(body string, after int) *Record {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	defer cancel()
	asked := len(g.lab.Calls())
	if after == 0 {
		go func() {
			for len(g.lab.Calls()) == asked && ctx.Err() == nil {
				time.Sleep(time.Millisecond) //nolint:forbidigo // polling another process's state
			}
			cancel()
		}()
	}
	resp, err := g.client.Do(g.request("POST", "/v1/chat/completions", body).WithContext(ctx))
	if err == nil {
		_, err = io.ReadFull(resp.Body, make([]byte, max(after, 1)))
		cancel()
		_ = resp.Body.Close()
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		g.t.Fatal(err)
	}
	return g.lastRecord()
}

// TestClientGone: an attempt ends with its client, unless the route wants to
// know what it uses; then within limits, and nothing new is begun.
func TestClientGone(t *testing.T) {
	drain := func(f *Failover) { f.OnClientGone = OnGoneDrain }
	stream := `{"model":"lab-chat:words=60,pace=5ms","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"tell me a story"}]}`
	whole := `{"model":"fault-slow-first:after=200ms","messages":[{"role":"user","content":"tell me a story"}]}`
	tests := []struct {
		name     string
		change   func(*Failover)
		body     string
		after    int
		counted  bool // the usage is known
		attempts int
	}{
		{"a stream is called off", nil, stream, 200, false, 1},
		{"a whole answer is called off", nil, whole, 0, false, 1},
		{"a stream is read to its end", drain, stream, 200, true, 1},
		{"before its first content too", drain, stream, 0, true, 1},
		{"a whole answer is read to its end", drain, whole, 0, true, 1},
		{"not beyond so many bytes", func(f *Failover) { drain(f); f.DrainBytes = 300 }, stream, 200, false, 1},
		{"not for longer", func(f *Failover) { drain(f); f.DrainTime = 30 * time.Millisecond }, stream, 200, false, 1},
		{"nobody stands in", drain, `{"model":"fault-die:n=3,pace=20ms","stream":true,"messages":[{"role":"user","content":"tell me a story"}]}`, 200, false, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newRig(t, func(g *rig) Config {
				conf := two(g)
				if tt.change != nil {
					tt.change(&conf.Routes[0].Failover)
				}
				return conf
			})
			rec := g.leaves(tt.body, tt.after)
			if rec.Class != llm.ClassClientClosed || rec.Status != statusClientClosed || len(rec.Attempts) != tt.attempts {
				t.Errorf("recorded as %q, %d, %d attempts: %s", rec.Class, rec.Status, len(rec.Attempts), rec.Message)
			}
			if rec.UsageSeen != tt.counted || tt.counted && (rec.Usage.Output != 60 || rec.BytesDropped == 0) {
				t.Errorf("usage known: %v %+v, %d bytes dropped", rec.UsageSeen, rec.Usage, rec.BytesDropped)
			}
			if rec.Duration > 2*time.Second || len(g.gateway.OpenTargets()) != 0 {
				t.Errorf("took %v, open %v", rec.Duration, g.gateway.OpenTargets())
			}
		})
	}
}

// TestClientStays: a client that leaves once it has everything was there.
func TestClientStays(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Routes[0].Failover.OnClientGone = OnGoneDrain
		return conf
	})
	for _, stream := range []bool{false, true} {
		a := g.chat("lab-chat", stream)
		rec := g.lastRecord()
		if text, _ := a.text(t); text != lab.Text(story, 60) || rec.Class != "" || rec.Status != 200 || rec.BytesDropped != 0 {
			t.Errorf("%q, recorded as %q %d, %d dropped", text, rec.Class, rec.Status, rec.BytesDropped)
		}
	}
}
