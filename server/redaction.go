package server

import (
	"context"
	"fmt"

	"github.com/posthouse/posthouse/proxy/blackout"
)

// longestSample bounds a text that is tried, in bytes.
const longestSample = 64 << 10

type tryRedactionInput struct {
	Body struct {
		Redact   []string `json:"redact,omitempty" enum:"keys,mail,phone,id,card" doc:"Built-in patterns; empty is all of them" maxItems:"5"`
		Patterns []string `json:"patterns,omitempty" doc:"Further regular expressions (RE2)" maxItems:"50"`
		Text     string   `json:"text" maxLength:"65536"`
	}
}

// Redaction is a text as it would be kept.
type Redaction struct {
	Text   string `json:"text" doc:"With what the rules find blacked out"`
	Places int    `json:"places" doc:"How many places were"`
}

type redactionOutput struct{ Body Redaction }

// tryRedaction shows what rules black out of a text. Nothing of it is kept.
func (s *Server) tryRedaction(_ context.Context, in *tryRedactionInput) (*redactionOutput, error) {
	f := faults{}
	f.redaction("body", in.Body.Redact, in.Body.Patterns)
	if len(in.Body.Text) > longestSample {
		f.add("body.text", "is too long: at most %d characters", longestSample)
	}
	if err := f.invalid(); err != nil {
		return nil, err
	}
	rules, err := blackout.Compile(in.Body.Redact, in.Body.Patterns)
	if err != nil {
		return nil, fmt.Errorf("redaction rules: %w", err)
	}
	text, n := rules.Apply([]byte(in.Body.Text))
	return &redactionOutput{Body: Redaction{Text: string(text), Places: n}}, nil
}

// redaction checks the rules by which texts are blacked out, each by itself.
func (f *faults) redaction(at string, names, patterns []string) {
	for i, name := range names {
		if _, err := blackout.Compile([]string{name}, nil); err != nil {
			f.add(indexed(joinPath(at, "redact"), i), "%s", err)
		}
	}
	for i, pattern := range patterns {
		if _, err := blackout.Compile(nil, []string{pattern}); err != nil {
			f.add(indexed(joinPath(at, "patterns"), i), "%s", err)
		}
	}
}

type recordSizeOutput struct{ Body Database }

// recordSize shows how much room the records take now.
func (s *Server) recordSize(ctx context.Context, _ *empty) (*recordSizeOutput, error) {
	if s.opts.Usage == nil {
		return nil, noRecords()
	}
	size, err := s.databaseSize(ctx)
	if err != nil {
		return nil, fmt.Errorf("size of the records: %w", err)
	}
	return &recordSizeOutput{Body: size}, nil
}
