package proxy

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/sse"
)

// Golden cases are text files below testdata/golden. Adding one needs no Go:
//
//   - asked/<dialect>/<case>.txt holds, under "-- asked --", what a client of
//     the dialect asks. The test adds (-update-golden) what each of the targets
//     below must be sent for it, and what is lost on the way.
//   - answered/<dialect>/<case>.txt holds, under "-- whole --" and "-- stream --",
//     what a vendor of the dialect answers. The test adds what clients of each
//     dialect must get for either.
//
// A line that begins with # before the first section is a comment.
var updateGolden = flag.Bool("update-golden", false, "write what the golden cases must give")

// goldenTargets are the models that every case is sent to. They stand for the
// ways of asking: OpenAI itself, one that imitates it, Claude, Gemini.
var goldenTargets = []struct{ name, protocol, vendor, model string }{
	{"openai", "openai", "openai", "gpt-4.1"},
	{"openai-reasoning", "openai", "openai", "gpt-5.4"},
	{"deepseek", "openai", "deepseek", "deepseek-v4-pro"},
	{"qwen", "openai", "dashscope", "qwen3.6-plus"},
	{"responses", "responses", "openai", "gpt-5.4"},
	{"anthropic", "anthropic", "anthropic", "claude-sonnet-4-6"},
	{"claude-4-5", "anthropic", "anthropic", "claude-haiku-4-5"},
	{"gemini", "gemini", "gemini", "gemini-3.1-pro-preview"},
	{"gemini-2-5", "gemini", "gemini", "gemini-2.5-flash"},
	{"bedrock", "bedrock", "bedrock", "anthropic.claude-sonnet-4-6"},
	{"cohere", "cohere", "cohere", "command-a-reasoning-08-2025"},
	{"dashscope", "dashscope", "dashscope", "qwen-plus"},
	{"dashscope-sees", "dashscope", "dashscope", "qwen3-vl-plus"},
	{"ollama", "ollama", "ollama", "qwen3"},
}

// goldenClients are the dialects of clients.
var goldenClients = []string{"openai", "responses", "anthropic", "gemini"}

// section is a piece of a golden file.
type section struct{ name, text string }

// goldenCase is a golden file.
type goldenCase struct {
	path     string
	comment  string
	sections []section
}

func readGolden(t *testing.T, path string) *goldenCase {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g := &goldenCase{path: path}
	for line := range strings.Lines(string(b)) {
		name, ok := strings.CutPrefix(line, "-- ")
		if name, ends := strings.CutSuffix(strings.TrimRight(name, "\r\n"), " --"); ok && ends {
			g.sections = append(g.sections, section{name: name})
			continue
		}
		if len(g.sections) == 0 {
			g.comment += line
			continue
		}
		g.sections[len(g.sections)-1].text += line
	}
	return g
}

func (g *goldenCase) get(name string) (string, bool) {
	for _, s := range g.sections {
		if s.name == name {
			return s.text, true
		}
	}
	return "", false
}

// check compares a section with what came out, or writes it.
func (g *goldenCase) check(t *testing.T, name, got string) {
	t.Helper()
	got = strings.TrimRight(got, "\n") + "\n"
	want, known := g.get(name)
	switch {
	case want == got:
		return
	case !*updateGolden:
		t.Errorf("%s: %s\n got: %s\nwant: %s", g.path, name, got, want)
	case known:
		i := slices.IndexFunc(g.sections, func(s section) bool { return s.name == name })
		g.sections[i].text = got
	default:
		g.sections = append(g.sections, section{name, got})
	}
}

func (g *goldenCase) save(t *testing.T) {
	if !*updateGolden {
		return
	}
	var b strings.Builder
	b.WriteString(g.comment)
	for _, s := range g.sections {
		fmt.Fprintf(&b, "-- %s --\n%s", s.name, s.text)
	}
	if err := os.WriteFile(g.path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// knownProtocols are the dialects of this build by name.
func knownProtocols() map[string]*protocol.Protocol {
	known := map[string]*protocol.Protocol{}
	for _, p := range dialects() {
		known[p.Name] = p
	}
	return known
}

// conversing is the row of a protocol that answers conversations.
func conversing(p *protocol.Protocol) *protocol.Endpoint {
	for i := range p.Endpoints {
		if ep := &p.Endpoints[i]; ep.Out != nil || ep.In != nil {
			return ep
		}
	}
	return nil
}

func goldenFiles(t *testing.T, kind string) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	list, err := filepath.Glob(filepath.Join("testdata", "golden", kind, "*", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		dialect := filepath.Base(filepath.Dir(f))
		files[dialect] = append(files[dialect], f)
	}
	return files
}

// TestGoldenRequests: what clients ask, and what vendors are sent for it.
func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	known := knownProtocols()
	for dialect, files := range goldenFiles(t, "asked") {
		p := known[dialect]
		if p == nil {
			t.Errorf("there is no dialect %s", dialect)
			continue
		}
		if len(files) < 25 {
			t.Errorf("%s has %d cases, should have 25 at least", dialect, len(files))
		}
		for _, f := range files {
			t.Run(dialect+"/"+strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
				t.Parallel()
				g := readGolden(t, f)
				body, ok := g.get("asked")
				if !ok {
					t.Fatal("it has no section asked")
				}
				for _, target := range goldenTargets {
					if known[target.protocol] != nil {
						goldenRequest(t, g, p, body, target.name, known[target.protocol], target.vendor, target.model)
					}
				}
				g.save(t)
			})
		}
	}
}

func goldenRequest(t *testing.T, g *goldenCase, p *protocol.Protocol, body, name string, far *protocol.Protocol, vendorID, model string) {
	t.Helper()
	r, failed := conversing(p).In.DecodeRequest(&protocol.Question{Body: []byte(body), Model: "asked-model"})
	if failed != nil {
		g.check(t, "refused", string(p.EncodeError(failed)))
		return
	}
	vendor, ok := catalog.ByID(vendorID)
	if !ok {
		t.Fatalf("there is no vendor %s", vendorID)
	}
	target := &protocol.Target{
		Vendor: vendor.Name.EN, Model: model, Stream: r.Stream, Origin: "origin0", Unique: "u", Request: r,
		Traits: vendor.Traits(far.Name, model), Header: http.Header{},
	}
	var lost llm.Losses
	sent, failed := conversing(far).Out.EncodeRequest(r, target, &lost)
	if failed != nil {
		g.check(t, "refused for "+name, string(p.EncodeError(failed)))
		return
	}
	g.check(t, "sent to "+name, pretty(t, sent))
	if len(target.Header) > 0 {
		var b strings.Builder
		for _, h := range slices.Sorted(maps.Keys(target.Header)) {
			fmt.Fprintf(&b, "%s: %s\n", h, strings.Join(target.Header[h], ", "))
		}
		g.check(t, "headers to "+name, b.String())
	}
	if s := lost.String(); s != "" {
		g.check(t, "lost to "+name, s)
	}
}

// pretty lays JSON out so that people and diffs can read it.
func pretty(t *testing.T, b []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", " "); err != nil {
		t.Errorf("not JSON: %v: %s", err, b)
		return string(b)
	}
	return out.String()
}

// TestGoldenAnswers: what vendors answer, and what clients get for it, whole
// and streamed.
func TestGoldenAnswers(t *testing.T) {
	t.Parallel()
	known := knownProtocols()
	for dialect, files := range goldenFiles(t, "answered") {
		p := known[dialect]
		if p == nil {
			t.Errorf("there is no dialect %s", dialect)
			continue
		}
		for _, f := range files {
			t.Run(dialect+"/"+strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
				t.Parallel()
				g := readGolden(t, f)
				for _, name := range goldenClients {
					if known[name] != nil {
						goldenAnswer(t, g, p, name, known[name])
					}
				}
				g.save(t)
			})
		}
	}
}

func goldenAnswer(t *testing.T, g *goldenCase, p *protocol.Protocol, name string, client *protocol.Protocol) {
	t.Helper()
	asked := &llm.Request{Dialect: client.Name, Model: "asked-model", Usage: true, Messages: []llm.Message{{Role: llm.User, Parts: []llm.Part{&llm.Text{Text: "Hello."}}}}}
	target := &protocol.Target{Vendor: "Vendor", Model: "far-model", Origin: "origin0", Unique: "u", Request: asked, Header: http.Header{}}
	reply := &protocol.Reply{Request: asked, Model: "asked-model", ID: "0123456789abcdef", Created: 1_700_000_000}
	out, in := conversing(p).Out, conversing(client).In
	if whole, ok := g.get("whole"); ok {
		answer, failed := out.DecodeResponse([]byte(whole), target)
		if failed != nil {
			g.check(t, "whole fails", fmt.Sprintf("%s: %s", failed.Class, failed.Message))
		} else if body, failed := in.EncodeResponse(answer, reply); failed != nil {
			t.Errorf("%s: %v", name, failed)
		} else {
			g.check(t, "whole for "+name, pretty(t, body))
		}
	}
	stream, ok := g.get("stream")
	if !ok {
		return
	}
	target.Stream, asked.Stream, reply.Stream = true, true, true
	var fold llm.Fold
	var told []byte
	dec, enc := out.Decoder(target), in.Encoder(reply)
	take := func(events []llm.Event, failed *llm.Error) bool {
		for _, ev := range events {
			fold.Add(ev)
			told = enc.Encode(told, ev)
		}
		if failed != nil {
			told = enc.Fail(told, &llm.Error{Class: failed.Class, Status: 502, Message: failed.Message, Code: "stream_interrupted"})
		}
		return failed == nil
	}
	frames := framesOf(p, stream)
	for !dec.Done() {
		ev, err := frames.Next()
		if err != nil {
			take(dec.End(nil))
			break
		}
		if ev.Data != nil && !take(dec.Decode(nil, ev.Name, ev.Data)) {
			break
		}
	}
	g.check(t, "stream for "+name, string(told))
}

// framesOf reads a stream as it is written in a golden file: events, or, for
// protocols with a framing of their own, lines of "name data".
func framesOf(p *protocol.Protocol, stream string) protocol.Frames {
	if conversing(p).Frames == nil {
		return sse.NewReader(strings.NewReader(stream), 1<<20)
	}
	var b strings.Builder
	for line := range strings.Lines(stream) {
		if name, data, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(line, "{") {
			fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", name, data)
		} else {
			fmt.Fprintf(&b, "data: %s\n\n", line)
		}
	}
	return sse.NewReader(strings.NewReader(b.String()), 1<<20)
}
