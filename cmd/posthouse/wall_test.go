package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// updateDocs writes the table of TestWallOfFaults to docs/failover.md.
var updateDocs = flag.Bool("update", false, "write docs/failover.md")

// wallRow is a fault of the first target and what must come of it, with the
// default settings and one fallback target.
type wallRow struct {
	fault  string // of main's model
	about  string
	stream string        // "yes", "no" or "both"
	by     string        // who must have answered: main, spare, "both" after a rescue, or nobody
	status int           // where nobody
	asked  int           // calls to main
	gap    time.Duration // the least between them
	within time.Duration
	with   wallSettings
}

// wallSettings are what a row has beyond the defaults.
type wallSettings struct {
	about  string // in words; empty: only the defaults
	spare  string // the fallback's model; empty: lab-spare
	vendor string // and its vendor; empty: custom
	route  string // lines of the route's document
	spares int    // calls to the fallback where they differ from the usual
}

func wall() []wallRow {
	const soon = 4 * time.Second
	return []wallRow{
		{"fault-e429:retry_after=2,times=1", "429 with Retry-After: 2, once", "both", "main", 0, 2, 1800 * time.Millisecond, 6 * time.Second, wallSettings{}},
		{"fault-e429:retry_after=2", "429 with Retry-After: 2, for good", "both", "spare", 0, 2, 1800 * time.Millisecond, 8 * time.Second, wallSettings{}},
		{"fault-e429:retry_after=60", "429 with Retry-After: 60", "both", "spare", 0, 1, 0, soon, wallSettings{}},
		{"fault-quota", "429, quota used up", "both", "spare", 0, 1, 0, soon, wallSettings{}},
		{"fault-e402", "402, no balance", "both", "spare", 0, 1, 0, soon, wallSettings{}},
		{"fault-e401", "401, key refused", "both", "spare", 0, 1, 0, soon, wallSettings{}},
		{"fault-e404", "404, model unknown", "both", "spare", 0, 1, 0, soon, wallSettings{}},
		{"fault-e503:times=1", "503, once", "both", "main", 0, 2, 250 * time.Millisecond, soon, wallSettings{}},
		{"fault-e503", "503, for good", "both", "spare", 0, 3, 250 * time.Millisecond, soon, wallSettings{}},
		{"fault-e500", "500, for good", "both", "spare", 0, 3, 250 * time.Millisecond, soon, wallSettings{}},
		{"fault-reset", "connection reset before an answer", "both", "spare", 0, 3, 250 * time.Millisecond, soon, wallSettings{}},
		{"fault-hang", "silence", "yes", "spare", 0, 1, 0, 14 * time.Second, wallSettings{}},
		{"fault-headers-then-hang", "headers, then silence", "yes", "spare", 0, 1, 0, 14 * time.Second, wallSettings{}},
		{"fault-slow-first:after=20s", "first token after 20 s", "yes", "spare", 0, 1, 0, 15 * time.Second, wallSettings{}},
		{"fault-die:n=40", "connection reset after 40 of 60 words", "yes", "both", 0, 1, 0, soon, wallSettings{}},
		{"fault-eof:n=40", "orderly end after 40 of 60 words", "yes", "both", 0, 1, 0, soon, wallSettings{}},
		{"fault-half:n=40", "half an event, then the end", "yes", "both", 0, 1, 0, soon, wallSettings{}},
		{"fault-miderr:n=20", "error event after 20 words", "yes", "both", 0, 1, 0, soon, wallSettings{}},
		{"fault-stall:n=20,for=30s", "30 s of silence after 20 words", "yes", "both", 0, 1, 0, 15 * time.Second, wallSettings{}},
		{"fault-role-then-error", "role chunk, then an error", "yes", "spare", 0, 3, 250 * time.Millisecond, soon, wallSettings{}},
		{"fault-malformed", "one malformed event", "yes", "main", 0, 1, 0, soon, wallSettings{}},
		{"fault-nodone", "no [DONE]", "yes", "main", 0, 1, 0, soon, wallSettings{}},
		{"fault-dupdone", "two [DONE]", "yes", "main", 0, 1, 0, soon, wallSettings{}},
		{"fault-html200", "a web page with status 200", "both", "spare", 0, 1, 0, soon, wallSettings{}},
		{"fault-err200", "an error with status 200", "both", "spare", 0, 3, 250 * time.Millisecond, soon, wallSettings{}},
		{"fault-trunc", "shorter than its Content-Length", "no", "spare", 0, 1, 0, soon, wallSettings{}},
		{"fault-nousage", "no usage reported", "both", "main", 0, 1, 0, soon, wallSettings{}},
		{"fault-gzip", "compressed", "both", "main", 0, 1, 0, soon, wallSettings{}},
		{"fault-split", "one byte at a time", "yes", "main", 0, 1, 0, soon, wallSettings{}},
		{"fault-e400ctx", "prompt too long", "both", "nobody", 400, 1, 0, soon, wallSettings{}},
		{"fault-e400filter", "content refused", "both", "nobody", 400, 1, 0, soon, wallSettings{}},
		{"fault-e400", "bad request", "both", "nobody", 400, 1, 0, soon, wallSettings{}},
		{
			"fault-die:n=40,words=60", "connection reset after 40 of 60 words", "yes", "both", 0, 1, 0, soon,
			wallSettings{about: "a fallback that refuses an unfinished assistant message", vendor: "demo", spare: "lab-spare:prefix=no", spares: 2},
		},
		{
			"fault-stall:n=20,for=30s,words=60", "30 s of silence after 20 words", "yes", "both", 0, 1, 0, 15 * time.Second,
			wallSettings{about: "a fallback that refuses an unfinished assistant message", vendor: "demo", spare: "lab-spare:prefix=no", spares: 2},
		},
		{
			"fault-die:n=40,words=60,pace=1ms", "connection reset after 40 of 60 words", "yes", "both", 0, 1, 0, soon,
			wallSettings{about: "a fallback that repeats six words", spare: "lab-spare:overlap=6"},
		},
		{
			"fault-hang:words=60", "silence", "both", "spare", 0, 1, 0, soon,
			wallSettings{about: "`hedge: 500ms`", route: "failover: {hedge: 500ms}"},
		},
		{
			"fault-slow-first:after=1s", "first token after 1 s", "yes", "main", 0, 1, 0, soon,
			wallSettings{about: "`hedge: 100ms` and a silent fallback", spare: "fault-hang", route: "failover: {hedge: 100ms}", spares: 1},
		},
		{
			"fault-e400filter:words=60", "content refused", "both", "spare", 0, 1, 0, soon,
			wallSettings{about: "`on: [content_filter]`, a route that goes round the filter", route: `"on": [content_filter]`},
		},
		{
			"fault-e503:words=60", "503, for good", "both", "spare", 0, 1, 0, soon,
			wallSettings{about: "`rules: {overloaded: next_target}`", route: "failover: {rules: {overloaded: next_target}}"},
		},
	}
}

// wallResult is what was seen.
type wallResult struct {
	row    wallRow
	stream bool
	took   time.Duration
	main   int
	spare  int
	gap    time.Duration
	view   string
}

// TestWallOfFaults drives the program over real sockets against every fault of
// the first target, with the default settings and one fallback target.
func TestWallOfFaults(t *testing.T) {
	var mu sync.Mutex
	var results []wallResult
	var flapping string
	t.Run("wall", func(t *testing.T) {
		t.Run("flapping", func(t *testing.T) {
			t.Parallel()
			flapping = runFlapping(t)
		})
		for _, row := range wall() {
			for _, stream := range []bool{false, true} {
				if row.stream == "no" && stream || row.stream == "yes" && !stream {
					continue
				}
				t.Run(fmt.Sprintf("%s stream=%v", row.fault, stream), func(t *testing.T) {
					t.Parallel()
					r := runWall(t, row, stream)
					mu.Lock()
					results = append(results, r)
					mu.Unlock()
				})
			}
		}
	})
	table := wallTable(results) + "\n" + flapping
	t.Log("\n" + table)
	if *updateDocs && !t.Failed() {
		writeWall(t, table)
	}
}

// runWall runs one row in a gateway of its own, so that no breaker that one
// row opens is felt by another.
func runWall(t *testing.T, row wallRow, stream bool) wallResult {
	v := lab.New(lab.Options{Pace: time.Millisecond})
	base := startLabServer(t, v)
	i := serveWall(t, base, row.with)
	began := time.Now()
	status, body, err := askWall(t, i.info.ProxyHTTP, row.fault, stream)
	r := wallResult{row: row, stream: stream, took: time.Since(began)}
	r.countCalls(v.Calls())
	r.view = checkWall(t, row, stream, status, body, err)
	if r.main != row.asked || row.gap > 0 && r.gap < row.gap || r.took > row.within {
		t.Errorf("main was asked %d times, at least %v apart, and it took %v; want %d, %v, %v", r.main, r.gap, r.took, row.asked, row.gap, row.within)
	}
	if want := max(map[string]int{"spare": 1, "both": 1}[row.by], row.with.spares); r.spare != want {
		t.Errorf("spare was asked %d times, want %d", r.spare, want)
	}
	return r
}

// serveWall starts the program between two targets of a fake vendor.
func serveWall(t *testing.T, base string, with wallSettings) *instanceUnderTest {
	t.Helper()
	dir := t.TempDir()
	document := filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf(`version: 1
providers:
  - {name: main, vendor: custom, base_url: %[1]s/p/main/v1, allow_private: true, keys: [{name: k, value: key-main}]}
  - {name: spare, vendor: %[2]s, base_url: %[1]s/p/spare/v1, allow_private: true, keys: [{name: k, value: key-spare}]}
routes:
  - name: wall
    targets: [{provider: main}]
    fallback: [{targets: [{provider: spare, model: %[3]q}]}]
    %[4]s
`, base, cmp.Or(with.vendor, "custom"), cmp.Or(with.spare, "lab-spare"), with.route)
	if err := os.WriteFile(document, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return serve(t, filepath.Join(dir, "data"), "--config", document)
}

// runFlapping has the first target down for a while, with a call every second
// or three, and says what was seen. The document is written with a whole minute.
func runFlapping(t *testing.T) string {
	down, every := 20*time.Second, time.Second
	if *updateDocs {
		down, every = time.Minute, 3*time.Second
	}
	v := lab.New(lab.Options{Pace: time.Millisecond})
	i := serveWall(t, startLabServer(t, v), wallSettings{})
	if err := v.SetRule(lab.Rule{Provider: "main", Fault: "e503", Until: time.Now().Add(down)}); err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(down)
	calls := 0
	for tick := time.NewTicker(every); time.Now().Before(end); calls++ {
		stream := calls%2 == 0
		status, body, err := askWall(t, i.info.ProxyHTTP, "lab-chat", stream)
		if got := chatText(t, body, stream); status != http.StatusOK || err != nil || got != lab.Text(wallQuestion, 60) {
			t.Errorf("call %d while it is down: %d %v %q", calls, status, err, got)
		}
		<-tick.C
	}
	var seen wallResult
	seen.countCalls(v.Calls())
	if seen.main > 15 {
		t.Errorf("main was asked %d times while it was down", seen.main)
	}
	back := time.Now()
	for was := seen.main; ; {
		if status, _, err := askWall(t, i.info.ProxyHTTP, "lab-chat", true); status != http.StatusOK || err != nil {
			t.Errorf("after it: %d %v", status, err)
		}
		var now wallResult
		if now.countCalls(v.Calls()); now.main > was {
			break
		}
		if time.Since(back) > 10*time.Second {
			t.Fatal("not back within 10 s")
		}
	}
	return fmt.Sprintf("The first target down for %v, a call every %v: %d calls, all answered whole; it was\nasked %d times meanwhile, and was in use again %.1f s after it was back.\n", down, every, calls, seen.main, time.Since(back).Seconds())
}

const wallQuestion = "tell me a story"

func askWall(t *testing.T, base, model string, stream bool) (int, string, error) {
	t.Helper()
	body := fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":%q}]}`, model, stream, wallQuestion)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// checkWall holds the answer to the row and says what the client saw.
func checkWall(t *testing.T, row wallRow, stream bool, status int, body string, err error) string {
	t.Helper()
	if row.by == "nobody" {
		if status != row.status || err != nil || !strings.Contains(body, `"error"`) {
			t.Errorf("%d %v %.300s", status, err, body)
		}
		return fmt.Sprintf("%d, the vendor's own reason", status)
	}
	got := chatText(t, body, stream)
	if want := lab.Text(wallQuestion, 60); status != http.StatusOK || err != nil || got != want {
		t.Errorf("%d %v\ngot  %q\nwant %q", status, err, got, want)
	}
	if stream && (strings.Count(body, "[DONE]") != 1 || !strings.HasSuffix(body, "data: [DONE]\n\n")) {
		t.Errorf("the stream ends in %q", body[max(0, len(body)-80):])
	}
	return map[string]string{
		"main": "the whole answer", "spare": "the whole answer, by the fallback", "both": "the whole answer, begun by one, finished by the other",
	}[row.by]
}

func (r *wallResult) countCalls(calls []lab.Call) {
	var last time.Time
	for _, c := range calls {
		if c.Provider == "spare" {
			r.spare++
			continue
		}
		r.main++
		if gap := c.Start.Sub(last); !last.IsZero() && (r.gap == 0 || gap < r.gap) {
			r.gap = gap
		}
		last = c.Start
	}
}

// wallTable writes the results as Markdown.
func wallTable(results []wallResult) string {
	order := map[string]int{}
	for i, row := range wall() {
		order[row.fault] = i
	}
	slices.SortFunc(results, func(a, b wallResult) int {
		return order[a.row.fault]*2 - order[b.row.fault]*2 + boolInt(a.stream) - boolInt(b.stream)
	})
	var b bytes.Buffer
	head := "| the first target | | the caller sees | attempts: first, fallback | pause between | took |\n|---|---|---|---|---|---|\n"
	b.WriteString(head)
	with := ""
	for _, r := range results {
		if r.row.with.about != with {
			with = r.row.with.about
			fmt.Fprintf(&b, "\nWith %s:\n\n%s", with, head)
		}
		kind, gap := "whole", ""
		if r.stream {
			kind = "streamed"
		}
		if r.gap > 0 {
			gap = fmt.Sprintf("≥ %.1f s", r.gap.Seconds())
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d, %d | %s | %.1f s |\n", r.row.about, kind, r.view, r.main, r.spare, gap, r.took.Seconds())
	}
	return b.String()
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func writeWall(t *testing.T, table string) {
	t.Helper()
	text := "# The wall of faults\n\nWhat becomes of a call when its first target fails: the program with its default\nsettings and one fallback target, over real sockets, against the fake vendor.\n" +
		"`go test ./cmd/posthouse -run TestWallOfFaults -update` writes this page; the same\ntest holds every row to it. [proxy.md](proxy.md) has the rules; try your own routes\nwith a game day (there too).\n\n" + table
	if err := os.WriteFile(filepath.Join("..", "..", "docs", "failover.md"), []byte(text), 0o644); err != nil { //nolint:gosec // documentation is for everyone
		t.Fatal(err)
	}
}

// startLabServer serves a fake vendor and returns its address.
func startLabServer(t *testing.T, v *lab.Lab) string {
	t.Helper()
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	return server.URL
}

// chatText is the text of a chat answer, streamed or whole.
func chatText(t *testing.T, body string, stream bool) string {
	t.Helper()
	type choice struct {
		Message, Delta struct{ Content string }
	}
	var text strings.Builder
	take := func(data string) {
		var chunk struct{ Choices []choice }
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			t.Errorf("%v: %.200s", err, data)
		}
		for _, c := range chunk.Choices {
			text.WriteString(c.Message.Content + c.Delta.Content)
		}
	}
	if !stream {
		take(body)
		return text.String()
	}
	for line := range strings.Lines(body) {
		if data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: "); ok && strings.HasPrefix(data, "{") {
			take(data)
		}
	}
	return text.String()
}
