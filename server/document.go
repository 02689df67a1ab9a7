package server

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// documentVersion is the version of the document's form.
const documentVersion = 1

// maxPieces bounds how many lines and list entries a document may have, before
// it is parsed: a few bytes of YAML take a hundred times as many in memory.
const maxPieces = 400_000

// Document is the configuration as one YAML document. A section that is not
// there (nil) is left as it is; one that is there, even empty, replaces what
// there is.
type Document struct {
	Version   int            `json:"version" yaml:"version"`
	Settings  *SettingsSpec  `json:"settings,omitempty" yaml:"settings,omitempty"`
	Providers []ProviderItem `json:"providers" yaml:"providers"`
	Routes    []RouteSpec    `json:"routes" yaml:"routes"`
	Consumers []ConsumerItem `json:"consumers" yaml:"consumers"`
	Prices    *PricesSpec    `json:"prices,omitempty" yaml:"prices,omitempty"`
	Records   *RecordsSpec   `json:"records,omitempty" yaml:"records,omitempty"`
}

// ProviderItem is a provider in the document. Keys that are not there (nil)
// are left as they are.
type ProviderItem struct {
	ProviderSpec `yaml:",inline"`
	Keys         []KeySpec `json:"keys" yaml:"keys"`
}

// ConsumerItem is a consumer in the document. Keys that are not there (nil)
// are left as they are.
type ConsumerItem struct {
	ConsumerSpec `yaml:",inline"`
	Keys         []ConsumerKeySpec `json:"keys" yaml:"keys"`
}

// DocumentError is everything wrong with a document, each with its path and
// line.
type DocumentError struct {
	Errors []ProblemDetail
	// Unservable: the document is well formed, but the proxy could not serve
	// what it says.
	Unservable bool
}

// Error lists every fault on a line of its own.
func (e *DocumentError) Error() string {
	lines := make([]string, 0, len(e.Errors)+1)
	lines = append(lines, e.headline())
	for _, d := range e.Errors {
		lines = append(lines, "  "+d.String())
	}
	return strings.Join(lines, "\n")
}

// headline says how many faults there are.
func (e *DocumentError) headline() string {
	if len(e.Errors) == 1 {
		return "the document has 1 fault; nothing was changed"
	}
	return fmt.Sprintf("the document has %d faults; nothing was changed", len(e.Errors))
}

// problem is the document's faults as the API answers them.
func (e *DocumentError) problem() *Problem {
	status, code := http.StatusBadRequest, "invalid"
	if e.Unservable {
		status, code = http.StatusUnprocessableEntity, "unservable"
	}
	p := problem(status, code, "%s", e.headline())
	for _, d := range e.Errors {
		if d.Location != "" {
			d.Location = joinPath("body", d.Location)
		}
		p.Errors = append(p.Errors, d)
	}
	if len(p.Errors) > 0 {
		p.Detail += ": " + p.Errors[0].String()
	}
	return p
}

// parsed is a document and where in the text everything stands.
type parsed struct {
	Document
	lines      map[string]int
	unreadable []ProblemDetail // what does not have the document's form
	at         map[string]bool // where that is
}

// unsure tells whether a path could not be read, or something it lies in.
func (p *parsed) unsure(path string) bool {
	for !p.at[path] {
		if path == "" {
			return false
		}
		path = path[:max(strings.LastIndexByte(path, '.'), strings.LastIndexByte(path, '['), 0)]
	}
	return true
}

// namesUnsure tells whether the names of a section's items are not all known.
func (p *parsed) namesUnsure(section string, n int) bool {
	for i := range n {
		if p.unsure(joinPath(indexed(section, i), "name")) {
			return true
		}
	}
	return p.unsure(section)
}

// line finds the line of a path, or of the nearest thing around it.
func (p *parsed) line(path string) int {
	for path != "" {
		if line, ok := p.lines[path]; ok {
			return line
		}
		cut := max(strings.LastIndexByte(path, '.'), strings.LastIndexByte(path, '['))
		if cut < 0 {
			return 0
		}
		path = path[:cut]
	}
	return 0
}

// wrong makes the error for faults, with their lines and in their order, those
// of the document's form included. What cannot be read is said to be just that
// and not, say, missing as well.
func (p *parsed) wrong(f *faults) error {
	all := slices.Clone(p.unreadable)
	for _, d := range f.list {
		if p.unsure(d.Location) {
			continue
		}
		if d.Line == 0 {
			d.Line = p.line(d.Location)
		}
		all = append(all, d)
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b ProblemDetail) int { return cmp.Compare(a.Line, b.Line) })
	return &DocumentError{Errors: all}
}

// parseDocument reads a document. What it does not know is a fault, never
// skipped; references within the document (anchors, aliases, merge keys) are
// refused, since a few lines of them can stand for gigabytes. Faults of the
// form are kept beside what could be read, so that the rest is checked too;
// only a text that is no document at all is an error.
func parseDocument(text []byte) (*parsed, error) {
	root, err := parseYAML(text)
	if err != nil {
		return nil, &DocumentError{Errors: []ProblemDetail{{Message: err.Error()}}}
	}
	r := reader{lines: map[string]int{}}
	p := &parsed{lines: r.lines}
	if root != nil {
		r.read(root, valueOf(&p.Document), "")
	}
	p.unreadable, p.at = r.list, make(map[string]bool, len(r.list))
	for _, d := range r.list {
		p.at[d.Location] = true
	}
	if p.Version != 0 && p.Version != documentVersion {
		f := faults{}
		f.add("version", "is %d: this Posthouse reads version %d", p.Version, documentVersion)
		return nil, p.wrong(&f) // the rest would be checked by the wrong rules
	}
	return p, nil
}

// parseYAML reads the one document of a YAML text; nil if it is empty.
func parseYAML(text []byte) (*yaml.Node, error) {
	if len(text) > documentLimit {
		return nil, fmt.Errorf("the document is larger than %d MiB", documentLimit>>20)
	}
	pieces := 0
	for _, sign := range []string{"\n", ",", "[", "{", ":", "\r"} {
		pieces += bytes.Count(text, []byte(sign))
	}
	if pieces > maxPieces {
		return nil, fmt.Errorf("the document has more than %d lines and entries", maxPieces)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, yamlFault(err)
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is a second document after ---: put everything into one")
	}
	if len(doc.Content) != 1 {
		return nil, nil
	}
	return doc.Content[0], nil
}

// yamlFault says what is wrong with a YAML text. The parser's message names
// the line and the rule, not the text.
func yamlFault(err error) error {
	return fmt.Errorf("this is not YAML: %s", bounded(strings.TrimPrefix(err.Error(), "yaml: "), 200))
}
