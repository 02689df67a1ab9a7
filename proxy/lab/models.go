package lab

import "net/url"

type modelEntry struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	Owner   string `json:"owned_by"`
}

const (
	owner        = "posthouse-lab"
	modelCreated = 1767225600 // 2026-01-01
)

// listModels lists the models for people; those of faults are served, too.
func listModels(x *exchange) (*reply, *apiError) {
	names := append([]string{"demo-chat", "demo-reason", "demo-tools2", "demo-embed", "demo-slow", "lab-chat"}, x.lab.opts.Models...)
	if x.r.Header.Get("Anthropic-Version") != "" {
		return anthropicModels(names), nil
	}
	var data []modelEntry
	for _, name := range names {
		data = append(data, modelEntry{name, "model", modelCreated, owner})
	}
	return jsonReply(map[string]any{"object": "list", "data": data}), nil
}

func showModel(x *exchange) (*reply, *apiError) {
	name, err := url.PathUnescape(x.subject)
	if err != nil {
		name = x.subject
	}
	m, fail := x.lab.resolve(name)
	if fail != nil {
		return nil, fail
	}
	if x.r.Header.Get("Anthropic-Version") != "" {
		return jsonReply(anthropicEntry(m.name)), nil
	}
	return jsonReply(modelEntry{m.name, "model", modelCreated, owner}), nil
}
