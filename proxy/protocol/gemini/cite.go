package gemini

import (
	"unicode/utf8"

	"github.com/posthouse/posthouse/proxy/llm"
)

// citations says where stretches of an answer were published before. Vertex
// calls the list citations.
type citations struct {
	Sources  []citation `json:"citationSources,omitempty"`
	Citation []citation `json:"citations,omitempty"`
}

type citation struct {
	Start int64  `json:"startIndex,omitzero"` // in bytes
	End   int64  `json:"endIndex,omitzero"`
	URI   string `json:"uri,omitempty"`
	Title string `json:"title,omitempty"`
}

// grounding says which web pages support which stretches of an answer.
type grounding struct {
	Chunks   []groundingChunk   `json:"groundingChunks,omitempty"`
	Supports []groundingSupport `json:"groundingSupports,omitempty"`
	Queries  []string           `json:"webSearchQueries,omitempty"`
}

type groundingChunk struct {
	Web *webPage `json:"web,omitzero"`
}

type webPage struct {
	URI   string `json:"uri,omitempty"`
	Title string `json:"title,omitempty"`
}

type groundingSupport struct {
	Segment segment `json:"segment"`
	Chunks  []int   `json:"groundingChunkIndices,omitempty"`
}

type segment struct {
	Start int64  `json:"startIndex,omitzero"` // in bytes
	End   int64  `json:"endIndex,omitzero"`
	Text  string `json:"text,omitempty"`
}

// annotations of one candidate. Google counts in bytes and the canonical model
// in characters, which is the same as long as all was ASCII; else the places
// are left open and the quoted words say where.
func (c *candidate) annotations(ascii bool) []llm.Annotation {
	var all []llm.Annotation
	add := func(a llm.Annotation, start, end int64) {
		if ascii {
			a.Start, a.End = start, end
		}
		all = append(all, a)
	}
	if c.Citations != nil {
		for _, s := range append(c.Citations.Sources, c.Citations.Citation...) {
			add(llm.Annotation{URL: s.URI, Title: s.Title}, s.Start, s.End)
		}
	}
	if c.Grounding == nil {
		return all
	}
	for _, s := range c.Grounding.Supports {
		for _, i := range s.Chunks {
			if i < 0 || i >= len(c.Grounding.Chunks) || c.Grounding.Chunks[i].Web == nil {
				continue
			}
			page := c.Grounding.Chunks[i].Web
			add(llm.Annotation{URL: page.URI, Title: page.Title, Quote: s.Segment.Text}, s.Segment.Start, s.Segment.End)
		}
	}
	return all
}

// cited writes annotations as Google's citations. Places are given only where
// characters are bytes.
func cited(all []llm.Annotation, ascii bool) *citations {
	if len(all) == 0 {
		return nil
	}
	c := &citations{}
	for _, a := range all {
		source := citation{URI: a.URL, Title: a.Title}
		if ascii {
			source.Start, source.End = a.Start, a.End
		}
		c.Sources = append(c.Sources, source)
	}
	return c
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// logprobsResult is what Google says of the tokens it chose, and of those it
// might have.
type logprobsResult struct {
	Top    []topCandidates `json:"topCandidates,omitempty"`
	Chosen []tokenLogprob  `json:"chosenCandidates,omitempty"`
}

type topCandidates struct {
	Candidates []tokenLogprob `json:"candidates,omitempty"`
}

type tokenLogprob struct {
	Token   string  `json:"token"`
	Logprob float64 `json:"logProbability"`
}

// chatLogprobs is the same as OpenAI's chat writes it.
type chatLogprobs struct {
	Content []chatLogprob `json:"content"`
}

type chatLogprob struct {
	Token   string        `json:"token"`
	Logprob float64       `json:"logprob"`
	Top     []chatLogprob `json:"top_logprobs,omitempty"`
}

func (l *logprobsResult) canonical() llm.Raw {
	if l == nil || len(l.Chosen) == 0 {
		return nil
	}
	out := chatLogprobs{}
	for i, t := range l.Chosen {
		one := chatLogprob{Token: t.Token, Logprob: t.Logprob}
		if i < len(l.Top) {
			for _, o := range l.Top[i].Candidates {
				one.Top = append(one.Top, chatLogprob{Token: o.Token, Logprob: o.Logprob})
			}
		}
		out.Content = append(out.Content, one)
	}
	raw, err := marshal(out)
	if err != nil {
		return nil // a number that JSON can't write says nothing
	}
	return raw
}

func logprobsOf(raw llm.Raw) *logprobsResult {
	var in chatLogprobs
	if len(raw) == 0 || unmarshal(raw, &in) != nil || len(in.Content) == 0 {
		return nil
	}
	out := &logprobsResult{}
	for _, t := range in.Content {
		out.Chosen = append(out.Chosen, tokenLogprob{t.Token, t.Logprob})
		top := topCandidates{}
		for _, o := range t.Top {
			top.Candidates = append(top.Candidates, tokenLogprob{o.Token, o.Logprob})
		}
		out.Top = append(out.Top, top)
	}
	return out
}
