package lab

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// flagWord is the word that the lab's moderation flags.
const flagWord = "lab-flag"

type moderation struct {
	Flagged    bool               `json:"flagged"`
	Categories map[string]bool    `json:"categories"`
	Scores     map[string]float64 `json:"category_scores"`
}

// moderations flags a text that holds "lab-flag" and no other.
func moderations(x *exchange) (*reply, *apiError) {
	if !x.object.has("input") {
		return nil, missing("input")
	}
	items, ok := asList(x.object["input"])
	if !ok {
		items = []json.RawMessage{x.object["input"]}
	}
	results := []moderation{}
	for _, item := range items {
		r := moderation{Categories: map[string]bool{}, Scores: map[string]float64{}}
		r.Flagged = strings.Contains(string(item), flagWord)
		for _, name := range []string{"harassment", "hate", "self-harm", "sexual", "violence"} {
			r.Categories[name], r.Scores[name] = false, 0.001
		}
		if r.Flagged {
			r.Categories["violence"], r.Scores["violence"] = true, 0.999
		}
		results = append(results, r)
	}
	return jsonReply(map[string]any{"id": x.identity("modr-"), "model": x.model.name, "results": results}), nil
}

type ranking struct {
	Index    int               `json:"index"`
	Score    float64           `json:"relevance_score"`
	Document map[string]string `json:"document,omitempty"`
}

// rerank sorts documents by the words they share with the query.
func rerank(x *exchange) (*reply, *apiError) {
	query, fail := x.object.text("query", "query")
	if fail != nil {
		return nil, fail
	}
	if query == "" {
		return nil, missing("query")
	}
	documents, fail := documents(x.object)
	if fail != nil {
		return nil, fail
	}
	top, fail := x.object.whole("top_n", 1, 1<<31, len(documents))
	if fail != nil {
		return nil, fail
	}
	withText, fail := x.object.boolean("return_documents")
	if fail != nil {
		return nil, fail
	}
	tokens := Tokens(query)
	asked := vector(query, defaultDimensions)
	var ranks []ranking
	for i, d := range documents {
		tokens += Tokens(d)
		r := ranking{Index: i, Score: likeness(asked, vector(d, defaultDimensions))}
		if withText {
			r.Document = map[string]string{"text": d}
		}
		ranks = append(ranks, r)
	}
	slices.SortStableFunc(ranks, func(a, b ranking) int { return cmp.Compare(b.Score, a.Score) })
	return jsonReply(map[string]any{
		"id": x.identity("rerank-"), "model": x.model.name, "results": ranks[:min(top, len(ranks))], "usage": inputUsage(tokens),
	}), nil
}

// documents reads texts, or objects with a text.
func documents(o object) ([]string, *apiError) {
	items, fail := o.list("documents", "documents")
	if fail != nil {
		return nil, fail
	}
	if len(items) == 0 {
		return nil, missing("documents")
	}
	var out []string
	for _, item := range items {
		if s, ok := asString(item); ok {
			out = append(out, s)
			continue
		}
		d, ok := asObject(item)
		if !ok {
			return nil, wrongType("documents", "strings or objects with a text", item)
		}
		s, fail := d.text("text", "documents.text")
		if fail != nil {
			return nil, fail
		}
		out = append(out, s)
	}
	return out, nil
}
