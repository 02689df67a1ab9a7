package lab

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

const defaultWords = 60

// model is what a model's name asks for.
type model struct {
	name    string // as the caller wrote it
	talks   bool   // answers people rather than tests
	reasons bool
	twins   bool // two tool calls at once
	embeds  bool // no chat
	words   int  // 0: as long as it takes
	pace    time.Duration
	params  params
	fault   fault // from a fault-* name
}

// fault is a behaviour with its options set.
type fault struct {
	behaviour behaviour
	params    params
}

// parseFault reads "die:n=40".
func (l *Lab) parseFault(s string) (fault, error) {
	name, options, _ := strings.Cut(s, ":")
	b, ok := l.faults[name]
	if !ok {
		return fault{}, fmt.Errorf("no fault is called %q: see Faults for the list", name)
	}
	p, err := parseParams(options, append(commonParams(), b.Params...))
	if err != nil {
		return fault{}, err
	}
	if with, ok := p["with"]; ok {
		if inner, ok := l.faults[with]; !ok || inner.Name == b.Name {
			return fault{}, fmt.Errorf("option with=%s: expected the name of another fault", with)
		}
	}
	return fault{behaviour: b, params: p}, nil
}

// resolve finds the model of a name.
func (l *Lab) resolve(name string) (*model, *apiError) {
	m := &model{name: name, pace: l.opts.Pace}
	if l.knows(name) {
		m.talks = true
		m.params, _ = parseParams("", commonParams())
		m.trait(name)
		return m, nil
	}
	base, options, _ := strings.Cut(name, ":")
	var err error
	switch {
	case strings.HasPrefix(base, "demo-") && len(base) > len("demo-"):
		m.talks = true
		m.params, err = parseParams(options, commonParams())
	case strings.HasPrefix(base, "lab-") && len(base) > len("lab-"), strings.Contains(base, "-lab-"):
		m.params, err = parseParams(options, commonParams())
	case strings.HasPrefix(base, "fault-"):
		m.fault, err = l.parseFault(strings.TrimPrefix(name, "fault-"))
		m.params = m.fault.params
		base = "" // a fault's name says nothing about the model
	case l.opts.Any:
		m.params, err = parseParams("", commonParams())
		base = "" // a stranger's name says nothing
	default:
		err = fmt.Errorf("models here are demo-chat, demo-reason, demo-tools2, demo-embed, demo-slow, lab-* and fault-*")
	}
	if err != nil {
		return nil, unknownModel(name, err)
	}
	m.trait(base)
	return m, nil
}

// trait sets what the base of the name and the options say.
func (m *model) trait(base string) {
	m.reasons = strings.Contains(base, "reason")
	m.twins = strings.Contains(base, "tools2")
	m.embeds = strings.Contains(base, "embed")
	if strings.Contains(base, "slow") {
		m.pace *= slowdown
	}
	if m.params["pace"] != "" {
		m.pace = m.params.wait("pace")
	}
	if !m.talks {
		m.words = defaultWords
	}
	if m.params["words"] != "" {
		m.words = m.params.num("words")
	}
}

func unknownModel(name string, why error) *apiError {
	return &apiError{
		status: http.StatusNotFound, kind: kindInvalid, code: "model_not_found", param: "model",
		message: fmt.Sprintf("The model `%s` does not exist or you do not have access to it: %v.", clip(name, 100), why),
	}
}

// clip shortens a text for a message.
func clip(s string, runes int) string {
	r := []rune(s)
	if len(r) <= runes {
		return s
	}
	return string(r[:runes]) + "…"
}
