package proxy

import (
	"io"
	"net/http"

	"github.com/posthouse/posthouse/proxy/count"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// embeds asks a vendor of another dialect for vectors, in as many requests as
// it needs for them.
func (t *try) embeds() *llm.Error {
	asked, failed := t.entry.endpoint.Embed.DecodeEmbed(t.question())
	if failed != nil {
		failed.Class = llm.ClassBadRequest
		return failed
	}
	t.target = t.aim()
	t.target.Stream = false
	bodies, failed := t.speech.endpoint.Embed.EncodeEmbed(asked, t.target, &t.losses)
	if failed != nil {
		return failed
	}
	answer := &llm.EmbedResponse{}
	var head *http.Response
	for _, body := range bodies {
		text, failed := t.mended(body)
		if failed != nil {
			return failed
		}
		resp, failed := t.send(text)
		if failed != nil {
			return failed
		}
		part, failed := t.vectors(resp)
		_ = resp.Body.Close()
		if failed != nil {
			return failed
		}
		head = resp
		answer.Vectors = append(answer.Vectors, part.Vectors...)
		answer.Model = part.Model
		answer.Usage = sum(answer.Usage, part.Usage)
	}
	if head == nil {
		return &llm.Error{Class: llm.ClassBadRequest, Status: http.StatusBadRequest, Param: "input", Message: "input is empty."}
	}
	t.count(answer.Usage)
	body, failed := t.entry.endpoint.Embed.EncodeEmbedding(answer, asked)
	if failed != nil {
		return failed
	}
	return t.give(head, body)
}

// vectors reads one answer.
func (t *try) vectors(resp *http.Response) (*llm.EmbedResponse, *llm.Error) {
	body, err := decoded(resp)
	if err != nil {
		return nil, &llm.Error{Class: llm.ClassMalformed, Message: err.Error()}
	}
	if resp.Body = body; resp.StatusCode >= 300 {
		return nil, t.refused(resp)
	}
	data, failed := t.readAnswer(resp.Body)
	if failed != nil {
		return nil, failed
	}
	return t.speech.endpoint.Embed.DecodeEmbedding(data, t.target)
}

// sum adds up what several requests used.
func sum(a, b *llm.Usage) *llm.Usage {
	if a == nil || b == nil {
		return b
	}
	s := *a
	s.Input += b.Input
	s.CacheRead += b.CacheRead
	s.Total += b.Total
	return &s
}

// counts asks a vendor of another dialect how many tokens a prompt has.
func (t *try) counts() *llm.Error {
	asked, failed := t.entry.endpoint.Count.DecodeCount(t.question())
	if failed != nil {
		failed.Class = llm.ClassBadRequest
		return failed
	}
	t.target = t.aim()
	t.target.Stream, t.target.Request = false, asked
	body, failed := t.speech.endpoint.Count.EncodeCount(asked, t.target, &t.losses)
	if failed != nil {
		return failed
	}
	resp, failed := t.send(rawjson.Apply(body, nil))
	if failed != nil {
		return failed
	}
	defer func() { _ = resp.Body.Close() }()
	decodedBody, err := decoded(resp)
	if err != nil {
		return &llm.Error{Class: llm.ClassMalformed, Message: err.Error()}
	}
	if resp.Body = decodedBody; resp.StatusCode >= 300 {
		return t.refused(resp)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return t.broken(err, true)
	}
	tokens, failed := t.speech.endpoint.Count.DecodeCounted(data)
	if failed != nil {
		return failed
	}
	return t.give(resp, t.entry.endpoint.Count.EncodeCounted(tokens))
}

// countsHere says how many tokens a prompt has where the vendor can't. It is
// near enough to tell whether a prompt fits.
func (t *try) countsHere() *llm.Error {
	asked, failed := t.entry.endpoint.Count.DecodeCount(t.question())
	if failed != nil {
		failed.Class = llm.ClassBadRequest
		return failed
	}
	text := textOf(asked)
	n, _ := count.Tokens(text.Text, 0)
	return t.give(nil, t.entry.endpoint.Count.EncodeCounted(n+text.Extra))
}
