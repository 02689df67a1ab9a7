package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/posthouse/posthouse/server"
)

// applyTimeout bounds applying over the API.
const applyTimeout = time.Minute

// applyOverAPI applies the document at a running console.
func (p *program) applyOverAPI(ctx context.Context, base, token string, doc []byte, dry bool) error {
	if token == "" {
		return usageError("an API token is needed for %s: make one in the console and give it with POSTHOUSE_TOKEN", base)
	}
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	url := strings.TrimRight(base, "/") + "/api/config"
	if dry {
		url += "?dry_run=true"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(fillIn(doc, p.env)))
	if err != nil {
		return usageError("%q is not a base URL: %w", base, err)
	}
	req.Header.Set("Content-Type", "application/yaml")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := localClient().Do(req)
	if err != nil {
		return fmt.Errorf("nothing answers at %s: %w; is posthouse running?", base, errors.Unwrap(err))
	}
	defer res.Body.Close() //nolint:errcheck // read only
	answer, err := io.ReadAll(io.LimitReader(res.Body, largestConfig))
	if err != nil {
		return fmt.Errorf("answer of %s: %w", base, err)
	}
	if res.StatusCode != http.StatusOK {
		return problemError(base, res.StatusCode, answer)
	}
	var plan server.Plan
	if err := json.Unmarshal(answer, &plan); err != nil {
		return fmt.Errorf("answer of %s is not a plan: %w; is that a Posthouse console?", base, err)
	}
	return p.printPlan(plan)
}

// problemError is a problem the API answered, with all its faults.
func problemError(base string, status int, answer []byte) error {
	var problem server.Problem
	if err := json.Unmarshal(answer, &problem); err != nil || problem.Detail == "" {
		return fmt.Errorf("%s answered %d %s; is that a Posthouse console?", base, status, http.StatusText(status))
	}
	if status == http.StatusUnauthorized {
		return fmt.Errorf("the API token was refused: %s; make another in the console and give it with POSTHOUSE_TOKEN", problem.Detail)
	}
	lines := []string{problem.Detail}
	if len(problem.Errors) > 0 {
		lines[0], _, _ = strings.Cut(problem.Detail, ": ") // the faults follow, one a line
	}
	for _, d := range problem.Errors {
		d.Location = strings.TrimPrefix(strings.TrimPrefix(d.Location, "body"), ".")
		lines = append(lines, "  "+d.String())
	}
	return errors.New(strings.Join(lines, "\n"))
}

// reference is a key value that stands for an environment variable.
var reference = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// fillIn puts the values of this command's environment in place of the ${NAME}
// of provider keys: the server would look in its own. Everything else,
// including every line number, stays as it is; names that are not set are left
// for the server.
func fillIn(doc []byte, env func(string) (string, bool)) []byte {
	var root yaml.Node
	if err := yaml.Unmarshal(doc, &root); err != nil || len(root.Content) != 1 {
		return doc // the server says what is wrong with it
	}
	lines := bytes.SplitAfter(doc, []byte("\n"))
	// From the end, so that columns further left stay right.
	for _, n := range slices.Backward(keyValues(root.Content[0])) {
		m := reference.FindStringSubmatch(n.Value)
		if m == nil || n.Line < 1 || n.Line > len(lines) {
			continue
		}
		if value, ok := env(m[1]); ok {
			lines[n.Line-1] = fillLine(lines[n.Line-1], n, value)
		}
	}
	return bytes.Join(lines, nil)
}

// fillLine puts a value in place of a scalar, however that is quoted.
func fillLine(line []byte, n *yaml.Node, value string) []byte {
	quoted, err := json.Marshal(value) // a JSON string is a YAML string
	if err != nil {
		return line
	}
	// The column counts characters, so the scalar is there or further right.
	from := min(max(n.Column-1, 0), len(line))
	head, rest := line[:from], line[from:]
	for _, spelt := range []string{`"` + n.Value + `"`, "'" + n.Value + "'", n.Value} {
		if bytes.Contains(rest, []byte(spelt)) {
			return slices.Concat(head, bytes.Replace(rest, []byte(spelt), quoted, 1))
		}
	}
	return line
}

// keyValues finds the value of every provider key of a document.
func keyValues(doc *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	for _, provider := range items(member(doc, "providers")) {
		for _, key := range items(member(provider, "keys")) {
			if v := member(key, "value"); v != nil && v.Kind == yaml.ScalarNode {
				out = append(out, v)
			}
		}
	}
	return out
}

// items are a list's entries.
func items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// member is a mapping's value of a name.
func member(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}
