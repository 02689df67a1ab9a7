package proxy

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// written is the body for the target: the caller's own bytes, or the request
// translated.
func (t *try) written() (*rawjson.Text, *llm.Error) {
	if t.speech.passes {
		t.heard.asked = len(t.usageEdits(t.cand)) > 0
		return t.bodyFor(t.cand), nil
	}
	asked, failed := t.understood()
	if failed != nil {
		return nil, failed
	}
	t.target = t.aim()
	t.target.Stream = t.peek.stream || t.target.Traits.StreamOnly
	if t.resuming() {
		asked = t.onward(asked)
	}
	if asked, failed = t.inlined(asked); failed != nil {
		return nil, failed
	}
	t.target.Request = asked
	body, failed := t.speech.endpoint.Out.EncodeRequest(asked, t.target, &t.losses)
	if failed != nil {
		return nil, failed
	}
	return t.mended(body)
}

// mended applies the vendor's fixes to a body that was translated, and sees
// that a strict route loses nothing.
func (t *try) mended(body []byte) (*rawjson.Text, *llm.Error) {
	var fields []rawjson.Field
	if len(t.cand.provider.vendor.Fixes) > 0 {
		_ = rawjson.Fields(body, func(f rawjson.Field) error { // written a moment ago
			fields = append(fields, f)
			return nil
		})
	}
	edits, left := fixed(t.cand, t.speech.endpoint.Op, body, fields)
	for _, field := range left {
		t.losses.Drop(field, t.cand.provider.vendor.Name.EN+" refuses it")
	}
	t.at.Lossy = clip(t.losses.String(), maxLossy)
	if t.way.route != nil && t.way.route.strict {
		if failed := t.refuseLoss(); failed != nil {
			return nil, failed
		}
	}
	return rawjson.Apply(body, edits), nil
}

// maxLossy bounds the list of losses in headers and records, in bytes.
const maxLossy = 1000

// refuseLoss is the answer of a strict route where something would be lost.
// Another target may do without.
func (t *try) refuseLoss() *llm.Error {
	list := slices.DeleteFunc(slices.Clone(t.losses.List()), func(l llm.Loss) bool { return l.Hint })
	if len(list) == 0 {
		return nil
	}
	done := "left out"
	if list[0].Changed {
		done = "changed"
	}
	return &llm.Error{
		Class: llm.ClassModelNotFound, Status: http.StatusBadRequest, Code: "lossy_translation", Param: list[0].Field,
		Message: fmt.Sprintf("%s would have to be %s for %s/%s (%s), and the AI route %q is strict. Leave it out, or ask for a model that takes it.",
			list[0].Field, done, t.cand.name, t.cand.model, list[0].Why, t.way.route.name),
	}
}

// translated reads the answer of a vendor that was asked in another dialect
// than the caller's, or in the caller's by way of the canonical form.
func (t *try) translated(resp *http.Response, kind string) *llm.Error {
	streamed := kind == "text/event-stream" || t.target.Stream && kind != "application/json"
	switch {
	case streamed && t.peek.stream:
		return t.translateStream(resp)
	case streamed:
		return t.fold(resp)
	}
	body, failed := t.readAnswer(resp.Body)
	if failed != nil {
		return failed
	}
	answer, failed := t.speech.endpoint.Out.DecodeResponse(body, t.target)
	if failed != nil {
		return failed
	}
	if t.peek.stream {
		return t.unfold(resp, answer)
	}
	for _, c := range answer.Choices {
		for _, p := range c.Parts {
			t.tallyPart(p)
		}
	}
	return t.tell(resp, answer)
}

// tell answers a caller in one piece.
func (t *try) tell(resp *http.Response, answer *llm.Response) *llm.Error {
	for _, c := range answer.Choices {
		for i := range c.Parts {
			c.Parts[i] = t.marked(c.Parts[i])
		}
	}
	t.count(answer.Usage)
	t.heard.final = true
	body, failed := t.entry.endpoint.In.EncodeResponse(answer, t.reply())
	if failed != nil {
		return failed
	}
	if failed = t.give(resp, body); failed == nil {
		t.remember(body)
	}
	return failed
}

// marked marks a call by a vendor of another dialect for callers whose own
// vendors sign their calls.
func (t *try) marked(p llm.Part) llm.Part {
	call, ok := p.(*llm.ToolCall)
	if !ok || call.State != nil || !t.entry.protocol.Signs || t.speech.protocol == t.entry.protocol {
		return p
	}
	marked := *call
	marked.State = &llm.State{Kind: llm.StateNone, Origin: t.origin()}
	return &marked
}

// give sends a body of ours as the answer.
func (t *try) give(resp *http.Response, body []byte) *llm.Error {
	if !t.commit(resp, int64(len(body))) {
		return outrun()
	}
	return t.write(body)
}

// reply is what encoders of the answer need to know.
func (t *try) reply() *protocol.Reply {
	return &protocol.Reply{
		Request: t.asks, Model: t.peek.model, ID: strings.TrimPrefix(t.rec.ID, "req_"), Created: t.rec.Start.Unix(), Stored: t.keeps(),
		Question: *t.question(),
	}
}

// fold answers a caller in one piece although the vendor streams.
func (t *try) fold(resp *http.Response) *llm.Error {
	s := t.streaming(resp)
	s.voice = &voice{dec: t.decoder(), fold: &llm.Fold{}}
	if failed := s.relay(); failed != nil {
		return failed
	}
	answer, _ := s.voice.fold.Response()
	return t.tell(resp, answer)
}

// decoder begins to read the vendor's stream.
func (t *try) decoder() protocol.Decoder {
	return t.speech.endpoint.Out.Decoder(t.target)
}

// readAnswer reads an answer whole.
func (t *try) readAnswer(body io.Reader) ([]byte, *llm.Error) {
	buf := make([]byte, 0, 4<<10)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		t.clock.set(llm.ClassIdleTimeout, t.times.Idle)
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > t.snap.limits.AnswerBytes:
			return nil, &llm.Error{Class: llm.ClassMalformed, Message: fmt.Sprintf("the answer is larger than %d bytes (limits.answer_bytes)", t.snap.limits.AnswerBytes)}
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, t.broken(err, true)
		}
	}
}

// count takes what an answer consumed.
func (t *try) count(u *llm.Usage) {
	if u == nil {
		return
	}
	t.used(*u)
}
