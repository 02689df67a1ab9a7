package usage

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/blackout"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
	"github.com/posthouse/posthouse/server/usage/flood"
)

// allRows reads the whole log.
func allRows(t testing.TB, records *store.Records) []*store.Row {
	t.Helper()
	var rows []*store.Row
	for q := (store.LogQuery{Limit: 1000}); ; {
		page, err := records.Log(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, page.Rows...)
		if q.Before = page.Next; page.Next == 0 {
			return rows
		}
	}
}

// place is a sum of a step.
type place struct {
	at     int64
	series tally.Series
}

// stored reads the sums of a kind, put together by where of tells.
func stored(t testing.TB, records *store.Records, kind tally.Kind, step time.Duration, of func(time.Time) time.Time) map[place]*tally.Tally {
	t.Helper()
	return storedWithin(t, records, kind, step, of, nil, nil)
}

// storedWithin is stored where a sum may cover what is within one step; rows are
// those that the sums are of. It asks for each third of each day, so for no more
// days than the rows reach over, and two on either side.
func storedWithin(t testing.TB, records *store.Records, kind tally.Kind, step time.Duration, of func(time.Time) time.Time, within func(from, to time.Time) bool, rows []*store.Row) map[place]*tally.Tally {
	t.Helper()
	out := map[place]*tally.Tally{}
	q := store.SumQuery{Kind: kind, From: time.Unix(0, 0).UTC(), To: time.Unix(5_000_000_000, 0).UTC(), Step: step, Within: within}
	if within != nil && len(rows) > 0 {
		byStart := func(a, b *store.Row) int { return a.Record.Start.Compare(b.Record.Start) }
		q.From = tally.Day(slices.MinFunc(rows, byStart).Record.Start).AddDate(0, 0, -2)
		q.To = tally.Day(slices.MaxFunc(rows, byStart).Record.Start).AddDate(0, 0, 3)
	}
	err := records.Sums(context.Background(), q, func(at time.Time, _ int64, s *tally.Series, data []byte) error {
		p := place{of(at).Unix(), *s}
		if out[p] == nil {
			out[p] = &tally.Tally{}
		}
		return out[p].Read(data, tally.All)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// expected adds up rows in the same way.
func expected(rows []*store.Row, kind tally.Kind, of func(time.Time) time.Time) map[place]*tally.Tally {
	p := newPending()
	for _, row := range rows {
		p.add(row)
	}
	out := map[place]*tally.Tally{}
	for k, sum := range p.sums {
		if k.series.Kind != kind {
			continue
		}
		at := place{of(time.Unix(k.at, 0).UTC()).Unix(), k.series}
		if out[at] == nil {
			out[at] = &tally.Tally{}
		}
		out[at].Merge(sum)
	}
	return out
}

// same compares sums to the last bucket.
func same(t testing.TB, what string, want, got map[place]*tally.Tally) {
	t.Helper()
	for p, sum := range want {
		switch {
		case got[p] == nil:
			t.Errorf("%s: nothing of %v at %v", what, p.series, time.Unix(p.at, 0).UTC())
		case string(got[p].Append(nil)) != string(sum.Append(nil)):
			t.Errorf("%s: %v at %v is %v, want %v", what, p.series, time.Unix(p.at, 0).UTC(), got[p].N, sum.N)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d sums, want %d", what, len(got), len(want))
	}
}

// consistent checks that the sums by minute, by hour and by day of any zone are
// those of the rows, as they are and after days that are over were moved.
func consistent(t testing.TB, records *store.Records, now *time.Time) {
	t.Helper()
	rows := allRows(t, records)
	zones := map[string]*time.Location{}
	for _, name := range []string{"UTC", "Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones[name] = zone
	}
	check := func(when string) {
		for _, kind := range []tally.Kind{tally.ByModel, tally.ByConsumer, tally.ByKey} {
			same(t, fmt.Sprint(when, " hours of kind ", kind), expected(rows, kind, tally.Piece), stored(t, records, kind, time.Hour, tally.Piece))
			for name, zone := range zones {
				day := func(at time.Time) time.Time { return tally.DayStart(at, zone) }
				same(t, fmt.Sprint(when, " days in ", name, " of kind ", kind), expected(rows, kind, day), stored(t, records, kind, time.Hour, day))
				within := func(from, to time.Time) bool { return day(from).Equal(day(to.Add(-1))) }
				same(t, fmt.Sprint(when, " days by thirds in ", name, " of kind ", kind), expected(rows, kind, day), storedWithin(t, records, kind, time.Hour, day, within, rows))
			}
			all := func(time.Time) time.Time { return time.Unix(0, 0) }
			same(t, fmt.Sprint(when, " all of kind ", kind), expected(rows, kind, all), stored(t, records, kind, 0, all))
		}
	}
	minute := tally.Minute
	same(t, "minutes", expected(rows, tally.ByConsumer, minute), stored(t, records, tally.ByConsumer, time.Minute, minute))
	check("open:")
	*now = now.Add(400 * 24 * time.Hour) // every day is over
	for more := true; more; {
		var err error
		if more, err = records.Maintain(context.Background(), store.Retention{}); err != nil {
			t.Fatal(err)
		}
	}
	check("moved:")
}

// TestSumsAreThoseOfTheRows: whatever calls come, in whatever order, over
// changes of clocks and restarts, rows = minutes = hours = days.
func TestSumsAreThoseOfTheRows(t *testing.T) {
	// A change of clocks in Berlin, St John's and Lord Howe is near each.
	changes := []time.Time{
		time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 1, 4, 31, 0, 0, time.UTC), time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC),
	}
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp("", "posthouse-sums-")
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		now := changes[0]
		source := flood.New(rapid.Uint64().Draw(r, "seed"))
		change := rapid.SampledFrom(changes).Draw(r, "change")
		for restarts := rapid.IntRange(1, 3).Draw(r, "runs"); restarts > 0; restarts-- {
			records, err := store.OpenRecords(context.Background(), store.RecordsOptions{Dir: dir, Now: func() time.Time { return now }})
			if err != nil {
				r.Fatal(err)
			}
			recorder := New(records, Options{Now: func() time.Time { return now }})
			for _, hours := range rapid.SliceOfN(rapid.Float64Range(-40, 40), 1, 60).Draw(r, "calls") {
				recorder.Record(source.Call(change.Add(time.Duration(hours * float64(time.Hour)))))
			}
			if err := recorder.Close(context.Background()); err != nil {
				r.Fatal(err)
			}
			if restarts == 1 {
				consistent(t, records, &now)
			}
			if err := records.Close(); err != nil {
				r.Fatal(err)
			}
			if t.Failed() {
				r.FailNow()
			}
		}
	})
}

// TestOverloadShedsRowsNotSums: with a queue that is always full the sums
// still count every call, and say how many have no row.
func TestOverloadShedsRowsNotSums(t *testing.T) {
	dir := t.TempDir()
	records := openRecords(t, dir, nil)
	r := New(records, Options{})
	unlock := lock(t, dir)
	source := flood.New(3)
	at := time.Now().Add(-time.Hour)
	const n = 2*queueSize + 500
	tokens := int64(0)
	for range n {
		record := source.Call(at)
		tokens += record.Usage.Total
		r.Record(record)
	}
	unlock()
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	totals, err := r.Totals(t.Context(), Filter{}, ByNothing, tally.Minute(at), tally.Minute(at).Add(time.Minute), tally.All)
	if err != nil || totals[""] == nil {
		t.Fatal(totals, err)
	}
	sum, stats := totals[""], r.Stats()
	if sum.N[tally.Calls] != n || sum.N[tally.Total] != tokens {
		t.Errorf("%d calls and %d tokens, want %d and %d", sum.N[tally.Calls], sum.N[tally.Total], n, tokens)
	}
	if stats.Shed == 0 || sum.N[tally.Shed] != stats.Shed+stats.Failed || stats.Written+stats.Shed+stats.Failed != n {
		t.Errorf("%+v, of which the sums know %d", stats, sum.N[tally.Shed])
	}
	if rows := allRows(t, records); int64(len(rows)) != stats.Written {
		t.Errorf("%d rows, %d written", len(rows), stats.Written)
	}
}

// recordForEver is what a process does until it is killed: it records calls
// and prints how many it has told the recorder of, and when.
func recordForEver(dir string) error {
	records, err := store.OpenRecords(context.Background(), store.RecordsOptions{Dir: dir})
	if err != nil {
		return err
	}
	r := New(records, Options{})
	source := flood.New(rand.Uint64())
	tick := time.NewTicker(time.Millisecond)
	for n := 1; ; n++ {
		<-tick.C
		r.Record(source.Call(time.Now()))
		if n%10 == 0 {
			fmt.Fprintln(os.Stdout, n, time.Now().UnixMilli())
		}
	}
}

// TestKilledInTheMiddle kills the process with SIGKILL, again and again: what
// is there is consistent, and what is missing was told just before.
func TestKilledInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	before := 0
	for range 3 {
		told := killed(t, dir)
		records := openRecords(t, dir, nil)
		rows := allRows(t, records)
		missing := 0
		for _, n := range told {
			if n.at < told[len(told)-1].at-lost.Milliseconds() {
				missing = n.told
			}
		}
		if len(rows)-before < missing {
			t.Errorf("%d calls of this run are there; %d were told more than %v before the end", len(rows)-before, missing, lost)
		}
		before = len(rows)
		for _, kind := range []tally.Kind{tally.ByModel, tally.ByConsumer, tally.ByKey} {
			same(t, "hours", expected(rows, kind, tally.Piece), stored(t, records, kind, time.Hour, tally.Piece))
			same(t, "minutes", expected(rows, kind, tally.Minute), stored(t, records, kind, time.Minute, tally.Minute))
		}
		if err := records.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if before == 0 {
		t.Error("nothing was written at all")
	}
}

// toldAt is how many calls had been told by a time.
type toldAt struct {
	told int
	at   int64 // Unix milliseconds
}

// killed runs a recording process for a while and kills it.
func killed(t *testing.T, dir string) (told []toldAt) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), "POSTHOUSE_TEST_RECORD="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var n toldAt
		if _, err := fmt.Sscan(lines.Text(), &n.told, &n.at); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if told = append(told, n); n.at-told[0].at > 2500 {
			break
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if len(told) == 0 {
		t.Fatal("the process said nothing")
	}
	return told
}

func TestNormalise(t *testing.T) {
	for message, want := range map[string]string{
		"Rate limit reached for gpt-4o in organization org-Ab12 on tokens per min (TPM): Limit 30000, Used 29000": "Rate limit reached for gpt-4o in organization # on tokens per min (TPM): Limit #, Used #",
		"request id: 20261124-abc":       "request id: #",
		"  too   many\nspaces ":          "too many spaces",
		"余额不足，请求 12345 失败":               "余额不足，请求 # 失败",
		"":                               "",
		"\xff broken 1":                  "\uFFFD broken #",
		"timeout after 30s":              "timeout after #",
		"model qwen3-max does not exist": "model qwen3-max does not exist",
		strings.Repeat("word ", 200):     strings.TrimSpace(strings.Repeat("word ", 48)),
	} {
		if got := Normalise(message); got != want {
			t.Errorf("%q became %q, want %q", message, got, want)
		}
		if got := Normalise(Normalise(message)); got != Normalise(message) {
			t.Errorf("%q changes again: %q", message, got)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	f.Add("Rate limit 123, id req_9f8e. 余额 5")
	f.Fuzz(func(t *testing.T, message string) {
		if got := Normalise(message); len(got) > longestFault {
			t.Errorf("%d bytes", len(got))
		}
	})
}

func captureRules(t *testing.T) *blackout.Rules {
	t.Helper()
	rules, err := blackout.Compile(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// TestContentIsBlackedOut: a stream is kept as its text, in which a number that
// came in two events is found.
func TestContentIsBlackedOut(t *testing.T) {
	records := openRecords(t, t.TempDir(), nil)
	r := New(records, Options{})
	record := sample(1)
	record.ID = "req_content"
	rules := captureRules(t)
	stream := `data: {"choices":[{"delta":{"content":"call 1380"}}]}` + "\n\n" + `data: {"choices":[{"delta":{"content":"0138000 now"}}]}` + "\n\ndata: [DONE]\n\n"
	record.Content = &proxy.Content{
		Request: []byte(`{"messages":[{"content":"my key sk-abcdefghijklmnopqrstuvwx"}]}`), Answer: []byte(stream), RequestBytes: 60, AnswerBytes: int64(len(stream)),
		Stream: true, Bytes: 1000, Keep: time.Hour, Rules: rules,
	}
	r.Record(record)
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	row, err := r.Call(t.Context(), "req_content")
	if err != nil || row.Content == nil {
		t.Fatal(row, err)
	}
	if got := string(row.Content.Answer); got != "call [phone] now" {
		t.Errorf("answer %q", got)
	}
	if got := string(row.Content.Request); !strings.Contains(got, "[keys]") || strings.Contains(got, "sk-") || row.Content.Redactions != 2 {
		t.Errorf("request %q, %d redactions", got, row.Content.Redactions)
	}
	if found, ok := r.Find("req_content"); !ok || found.Content != nil {
		t.Error("content is in memory")
	}
}
