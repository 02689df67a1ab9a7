package lab

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// view is what a client sees of a fault.
type view struct {
	fault  string // with its options
	stream bool
	check  func(t *testing.T, a answered)
}

func status(want int, code string) func(*testing.T, answered) {
	return func(t *testing.T, a answered) {
		if a.status != want {
			t.Fatalf("status %d %v", a.status, a.err)
		}
		if code != "" {
			if e := errorOf(t, a); str(e.Code) != code {
				t.Errorf("code %q", str(e.Code))
			}
		}
	}
}

// whole checks a stream that is complete: text, finish reason, so many [DONE].
func whole(done int) func(*testing.T, answered) {
	return func(t *testing.T, a answered) {
		s := readStream(a.body)
		if a.err != nil || s.text != Text(question1, defaultWords) || s.finish != "stop" || s.done != done {
			t.Errorf("%v %+v", a.err, s)
		}
	}
}

// broken checks a stream of the first n words whose connection ends with err.
func broken(n int, err error) func(*testing.T, answered) {
	return func(t *testing.T, a answered) {
		s := readStream(a.body)
		want := strings.Join(pieces(Text(question1, defaultWords))[:n], "")
		if s.text != want || s.finish != "" || s.done != 0 {
			t.Errorf("%+v", s)
		}
		if !errors.Is(a.err, err) {
			t.Errorf("ended with %v, want %v", a.err, err)
		}
	}
}

func holds(words ...string) func(*testing.T, answered) {
	return func(t *testing.T, a answered) {
		for _, w := range words {
			if !bytes.Contains(a.body, []byte(w)) {
				t.Errorf("no %q in %.300q (%v)", w, a.body, a.err)
			}
		}
	}
}

func fails(err error) func(*testing.T, answered) {
	return func(t *testing.T, a answered) {
		if !errors.Is(a.err, err) {
			t.Errorf("got %d, %v, want %v", a.status, a.err, err)
		}
	}
}

func failsSomehow(t *testing.T, a answered) {
	if a.err == nil {
		t.Errorf("got %d %.200q", a.status, a.body)
	}
}

func clean(t *testing.T, a answered) {
	var v any
	if a.err != nil || jsonErr(a.body, &v) != nil || !bytes.Contains(a.body, []byte(Text(question1, defaultWords))) {
		t.Errorf("%v %.300q", a.err, a.body)
	}
}

func header(name, want string) func(*testing.T, answered) {
	return func(t *testing.T, a answered) {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func coded(open func(io.Reader) (io.Reader, error)) func(*testing.T, answered) {
	return func(t *testing.T, a answered) {
		r, err := open(bytes.NewReader(a.body))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(r)
		whole(1)(t, answered{body: plain, err: err})
	}
}

func all(checks ...func(*testing.T, answered)) func(*testing.T, answered) {
	return func(t *testing.T, a answered) {
		for _, c := range checks {
			c(t, a)
		}
	}
}

func views() []view {
	eof, reset := io.ErrUnexpectedEOF, error(syscall.ECONNRESET)
	return []view{
		{"e400", true, status(400, "invalid_value")},
		{"e400ctx", true, status(400, "context_length_exceeded")},
		{"e400filter", false, status(400, "content_filter")},
		{"e401", true, status(401, "invalid_api_key")},
		{"e402", true, status(402, "insufficient_balance")},
		{"e403", true, status(403, "permission_denied")},
		{"e404", true, status(404, "model_not_found")},
		{"e408", true, status(408, "timeout")},
		{"e409", true, status(409, "conflict")},
		{"e422", true, status(422, "unprocessable_entity")},
		{"e429", true, all(status(429, "rate_limit_exceeded"), header("Retry-After", "2"))},
		{"e429:retry_after=0", true, header("Retry-After", "")},
		{"quota", true, status(429, "insufficient_quota")},
		{"e500", true, status(500, "")},
		{"e502", true, all(status(502, ""), holds("<html>"))},
		{"e503", true, all(status(503, "overloaded"), header("Retry-After", ""))},
		{"e504", false, all(status(504, ""), holds("<html>"))},
		{"e529", true, status(529, "overloaded_error")},
		{"status:code=451", true, status(451, "status")},
		{"flap:down=1h", true, status(503, "overloaded")},
		{"flap:down=0s", true, whole(1)},
		{"reset", true, fails(reset)},
		{"reset", false, fails(reset)},
		{"hang:for=1ms", true, fails(reset)},
		{"headers-then-hang:for=1ms", true, all(status(200, ""), fails(reset))},
		{"headers-then-hang:for=1ms", false, all(status(200, ""), fails(reset))},
		{"slow-first:after=1ms", true, whole(1)},
		{"slow-first:after=1ms,head=no", false, clean},
		{"stall:for=1ms", true, whole(1)},
		{"stall:for=1ms", false, clean},
		{"linger:for=1ms", true, whole(1)},
		{"die", true, broken(40, reset)},
		{"die:n=0", true, broken(0, reset)},
		{"die:n=3,how=fin", true, broken(3, eof)},
		{"die", false, fails(reset)},
		{"die-in-tool:n=2", true, all(fails(reset), holds(`"name":"lab_lookup"`, `{\"city\":`))},
		{"die-in-tool", false, fails(reset)},
		{"eof", true, broken(40, nil)},
		{"eof", false, all(status(200, ""), holds(`"id"`))},
		{"half:n=5", true, all(fails(nil), holds("data: {"))},
		{"half", false, status(200, "")},
		{"trunc", true, all(holds("[DONE]"), fails(eof))},
		{"trunc", false, fails(eof)},
		{"longcl", true, whole(1)},
		{"longcl", false, clean},
		{"html200", true, all(status(200, ""), header("Content-Type", "text/html"))},
		{"err200", true, status(200, "internal_error")},
		{"empty200", true, all(status(200, ""), func(t *testing.T, a answered) {
			if len(a.body) != 0 {
				t.Errorf("%q", a.body)
			}
		})},
		{"empty200", false, header("Content-Length", "0")},
		{"json-for-stream", true, all(clean, header("Content-Type", "application/json"))},
		{"giant:size=64KiB", true, holds(`"content":"` + strings.Repeat("a", 64<<10) + `"`)},
		{"giant:size=64KiB", false, holds(strings.Repeat("a", 64<<10) + " " + Text(question1, defaultWords))},
		{"nousage", false, func(t *testing.T, a answered) {
			clean(t, a)
			if bytes.Contains(a.body, []byte(`"usage"`)) {
				t.Errorf("%s", a.body)
			}
		}},
		{"nofinish", true, func(t *testing.T, a answered) {
			if s := readStream(a.body); s.finish != "" || s.done != 1 {
				t.Errorf("%+v", s)
			}
		}},
		{"nofinish", false, holds(`"finish_reason":null`)},
		{"nodone", true, whole(0)},
		{"nodone:for=1ms", true, whole(0)},
		{"dupdone", true, whole(2)},
		{"afterdone", true, func(t *testing.T, a answered) {
			if !bytes.HasSuffix(a.body, []byte("}\n\n")) || readStream(a.body).done != 1 {
				t.Errorf("%q", a.body)
			}
		}},
		{"malformed:count=2", true, all(whole(1), func(t *testing.T, a answered) {
			if s := readStream(a.body); s.bad != 2 {
				t.Errorf("%d bad events", s.bad)
			}
		})},
		{"malformed", false, status(200, "")},
		{"firsterr", true, all(status(200, ""), func(t *testing.T, a answered) {
			if s := readStream(a.body); s.errs != 1 || s.done != 0 || s.text != "" {
				t.Errorf("%+v", s)
			}
		})},
		{"firsterr", false, status(200, "internal_error")},
		{"miderr:n=7,done=yes", true, func(t *testing.T, a answered) {
			s := readStream(a.body)
			if s.errs != 1 || s.done != 1 || len(pieces(s.text)) != 7 {
				t.Errorf("%+v", s)
			}
		}},
		{"role-then-error", true, all(holds(`"role":"assistant"`, `"error"`), func(t *testing.T, a answered) {
			if s := readStream(a.body); s.text != "" || s.errs != 1 {
				t.Errorf("%+v", s)
			}
		})},
		{"role-then-error", false, status(500, "internal_error")},
		{"emptychoices", true, whole(1)},
		{"crlf", true, all(whole(1), holds("\r\n\r\n"))},
		{"cr", true, all(holds("\r\r"), func(t *testing.T, a answered) {
			whole(1)(t, answered{body: bytes.ReplaceAll(a.body, []byte("\r"), []byte("\n"))})
		})},
		{"comment", true, all(whole(1), holds(": comment\n\n"))},
		{"nospace", true, all(whole(1), holds("data:{"))},
		{"multiline", true, holds("data: {\ndata:  \"id\"")},
		{"fields", true, all(whole(1), holds("id: 42\n", "retry: 3000\n"))},
		{"bom", true, holds("\ufeffdata: ")},
		{"split", true, whole(1)},
		{"split:size=7", false, clean},
		{"gzip", true, all(header("Content-Encoding", "gzip"), coded(func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }))},
		{"deflate", true, coded(func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) })},
		{"br", true, coded(func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil })},
		{"zstd", true, coded(func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) })},
		{"badcoding", false, header("Content-Encoding", "x-lab")},
		{"redirect:code=308,to=http://127.0.0.1:9/x", true, all(status(308, ""), header("Location", "http://127.0.0.1:9/x"))},
		{"setcookie", true, all(whole(1), header("Server", "vendor-edge/1.0"))},
		{"badheaders", true, all(whole(1), header("X-Hop", "must-not-pass"))},
		{"bigheader", true, func(t *testing.T, a answered) {
			if len(a.header.Get("X-Big")) != 1<<20 {
				t.Errorf("%d bytes, %v", len(a.header.Get("X-Big")), a.err)
			}
		}},
		{"crheader", false, func(*testing.T, answered) {}}, // clients differ
		{"fold", false, clean},
		{"twolengths", false, failsSomehow},
		{"garbage", true, failsSomehow},
		{"hints:count=3", true, whole(1)},
		{"body204", true, status(204, "")},
		{"bomb:size=3MiB", true, bombed(3 << 20)},
		{"bomb:size=3MiB,code=500", false, all(status(500, ""), bombed(3<<20))},
		{"e500:times=1", true, status(500, "")},
	}
}

func bombed(size int) func(*testing.T, answered) {
	return func(t *testing.T, a answered) {
		r, err := gzip.NewReader(bytes.NewReader(a.body))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(r)
		if err != nil || bytes.Count(plain, []byte("a")) < size || len(a.body) > size/100 {
			t.Errorf("%d bytes from %d, %v", len(plain), len(a.body), err)
		}
	}
}

func TestWallOfFaults(t *testing.T) {
	_, base := begin(t, Options{})
	var seen []string
	for _, v := range views() {
		name, _, _ := strings.Cut(v.fault, ":")
		seen = append(seen, name)
		kind := "whole"
		if v.stream {
			kind = "stream"
		}
		t.Run(v.fault+"/"+kind, func(t *testing.T) {
			v.check(t, post(t, base+"/chat/completions", ask("fault-"+v.fault, v.stream)))
		})
	}
	for _, f := range Faults() {
		if !slices.Contains(seen, f.Name) && f.Name != "never" {
			t.Errorf("fault %s has no test", f.Name)
		}
	}
}

// Every fault serves every kind of call without a panic; one that shows on
// streams only leaves a whole answer well.
func TestFaultsOnOtherOperations(t *testing.T) {
	_, base := begin(t, Options{})
	bodies := map[string]string{
		"/embeddings":         `{"model":%q,"input":"a word"}`,
		"/completions":        `{"model":%q,"prompt":"a word","stream":true}`,
		"/responses":          `{"model":%q,"input":"a word","stream":true}`,
		"/images/generations": `{"model":%q,"prompt":"a word"}`,
	}
	slow := []string{"never", "hang", "headers-then-hang", "stall", "slow-first", "linger", "bomb"}
	for _, f := range Faults() {
		if slices.Contains(slow, f.Name) {
			continue
		}
		for path, body := range bodies {
			got := post(t, base+path, strings.Replace(body, "%q", `"fault-`+f.Name+`"`, 1))
			if f.Streams && path == "/embeddings" && (got.err != nil || got.status != 200) {
				t.Errorf("%s %s: %d %v", f.Name, path, got.status, got.err)
			}
			if got.err == nil && got.status == 0 {
				t.Errorf("%s %s: nothing", f.Name, path)
			}
		}
	}
}

func TestTimesAndFlap(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	_, base := begin(t, Options{Now: func() time.Time { return now }})
	try := func(model string, want int) {
		t.Helper()
		if got := post(t, base+"/chat/completions", ask(model, false)); got.status != want {
			t.Errorf("%s: got %d, want %d", model, got.status, want)
		}
	}
	try("fault-e429:times=2", 429)
	try("fault-e429:times=2", 429)
	try("fault-e429:times=2", 200)
	flap := "fault-flap:down=10s,up=5s,with=e500"
	for _, step := range []struct{ at, want int }{{0, 500}, {9, 500}, {10, 200}, {14, 200}, {15, 500}, {26, 200}} {
		now = time.Date(2026, 5, 1, 0, 0, step.at, 0, time.UTC)
		try(flap, step.want)
	}
}

func TestRetryAfterAsADate(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	_, base := begin(t, Options{Now: func() time.Time { return now }})
	got := post(t, base+"/chat/completions", ask("fault-e429:retry_after=90,date=yes", true))
	if v := got.header.Get("Retry-After"); v != "Fri, 01 May 2026 00:01:30 GMT" {
		t.Errorf("Retry-After %q", v)
	}
}
