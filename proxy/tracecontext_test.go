package proxy

import (
	"encoding/hex"
	"strings"
	"testing"
)

const parentHeader = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestTraceparentIsReadByTheStandard(t *testing.T) {
	t.Parallel()
	good := map[string]bool{ // → sampled
		parentHeader: true,
		strings.Replace(parentHeader, "-01", "-00", 1): false,
		strings.Replace(parentHeader, "-01", "-03", 1): true,
		"01" + parentHeader[2:] + "-more":              true,
	}
	for h, want := range good {
		id, parent, sampled, ok := parseTrace(h)
		if !ok || sampled != want || hex.EncodeToString(id[:]) != parentHeader[3:35] || hex.EncodeToString(parent[:]) != parentHeader[36:52] {
			t.Errorf("%s: %x %x %v %v", h, id, parent, sampled, ok)
		}
	}
	for _, h := range []string{
		"", "x", parentHeader + "-more", "ff" + parentHeader[2:], strings.ToUpper(parentHeader), parentHeader[:54],
		strings.Replace(parentHeader, "4bf92f3577b34da6a3ce929d0e0e4736", strings.Repeat("0", 32), 1),
		strings.Replace(parentHeader, "00f067aa0ba902b7", strings.Repeat("0", 16), 1),
		strings.Replace(parentHeader, "4bf9", "zzzz", 1),
	} {
		if _, _, _, ok := parseTrace(h); ok {
			t.Errorf("%q was taken", h)
		}
	}
}

func FuzzParseTrace(f *testing.F) {
	f.Add(parentHeader)
	f.Add("01" + parentHeader[2:] + "-x")
	f.Fuzz(func(t *testing.T, h string) {
		id, parent, sampled, ok := parseTrace(h)
		if !ok {
			return
		}
		again, span, same, ok := parseTrace(Trace{ID: id, Sampled: sampled}.header(parent))
		if !ok || again != id || span != parent || same != sampled {
			t.Fatalf("%q did not come back", h)
		}
	})
}

func TestTracesGoOnOnlyIfTheyMay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tracing Tracing
		told    bool
		traced  bool
	}{
		{Tracing{}, false, false},
		{Tracing{Enabled: true, Sample: 1000}, false, true},
		{Tracing{Enabled: true, Sample: 0, Propagate: true}, true, true},
	} {
		g := newRig(t, func(g *rig) Config {
			conf := one(g)
			conf.Tracing = c.tracing
			return conf
		})
		r := g.request("POST", "/v1/chat/completions", chatBody("lab-chat", false))
		r.Header.Set(traceHeader, parentHeader)
		g.do(r)
		rec := g.lastRecord()
		sent := g.lab.Calls()[0].Header.Get(traceHeader)
		if traced := hex.EncodeToString(rec.Trace.ID[:]) == parentHeader[3:35] && rec.Trace.Sampled; traced != c.traced {
			t.Errorf("%+v: the record's trace is %+v", c.tracing, rec.Trace)
		}
		if told := sent != ""; told != c.told {
			t.Errorf("%+v: the vendor was sent %q", c.tracing, sent)
		}
		if c.told && (sent[3:35] != parentHeader[3:35] || sent[36:52] != hex.EncodeToString(rec.Attempts[0].Span[:])) {
			t.Errorf("the vendor was sent %q for the span %x", sent, rec.Attempts[0].Span)
		}
	}
}
