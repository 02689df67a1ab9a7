package proxy

import (
	"testing"

	"github.com/posthouse/posthouse/proxy/lab"
)

// TestWholeAnswerForAStream: a server that can't stream is told so: the caller
// gets its answer as the stream it asked for.
func TestWholeAnswerForAStream(t *testing.T) {
	t.Parallel()
	g := newRig(t, two)
	a := g.chat("fault-json-for-stream", true)
	if text, finish := a.text(t); text != lab.Text(story, 60) || finish != "stop" || a.status != 200 {
		t.Errorf("%d %q %q", a.status, text, finish)
	}
	if rec := g.lastRecord(); rec.Provider != "main" || !rec.UsageSeen || len(rec.Attempts) != 1 {
		t.Errorf("record %+v", rec)
	}
}
