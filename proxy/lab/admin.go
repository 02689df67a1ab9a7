package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// adminPrefix is below which a lab with Options.Admin is told what to do:
//
//	GET    /lab/faults   every fault with its options
//	GET    /lab/rules    the rules in force, with how often each was followed
//	POST   /lab/rules    adds a rule: {"fault":"e429:retry_after=2","provider":"NAME","key":"…","model":"demo-*","count":3,"for":"30s"}
//	DELETE /lab/rules    drops every rule
//	POST   /lab/reset    drops rules and counts, as Reset
const adminPrefix = "/lab/"

// maxAdminBody bounds what the admin path reads, in bytes.
const maxAdminBody = 64 << 10

// ruleView is a rule as the admin path takes and shows it. Only fault is
// needed; of the rest, what is left out does not restrict.
type ruleView struct {
	Fault    string     `json:"fault"`
	Provider string     `json:"provider,omitempty"` // of a base URL /p/NAME/v1
	Key      string     `json:"key,omitempty"`      // the credential of the call
	Model    string     `json:"model,omitempty"`    // a pattern as of path.Match
	Count    int        `json:"count,omitempty"`
	For      string     `json:"for,omitempty"`   // on the way in, such as "30s"
	Until    *time.Time `json:"until,omitempty"` // on the way out
	Used     int        `json:"used"`
}

// admin answers a request below adminPrefix.
func (l *Lab) admin(w http.ResponseWriter, r *http.Request) {
	switch strings.TrimPrefix(r.URL.Path, adminPrefix) + " " + r.Method {
	case "faults GET":
		writeAdmin(w, http.StatusOK, map[string]any{"faults": Faults()})
	case "rules GET":
		writeAdmin(w, http.StatusOK, map[string]any{"rules": l.rules.list()})
	case "rules POST":
		if err := l.addRule(r); err != nil {
			writeAdmin(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
			return
		}
		writeAdmin(w, http.StatusOK, map[string]any{"rules": l.rules.list()})
	case "rules DELETE":
		l.ClearRules()
		writeAdmin(w, http.StatusOK, map[string]any{"rules": []ruleView{}})
	case "reset POST":
		l.Reset()
		writeAdmin(w, http.StatusOK, map[string]any{})
	default:
		writeAdmin(w, http.StatusNotFound, map[string]any{"error": "there are GET /lab/faults, GET, POST and DELETE /lab/rules, and POST /lab/reset"})
	}
}

// addRule sets the rule that a request describes.
func (l *Lab) addRule(r *http.Request) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAdminBody))
	if err != nil {
		return fmt.Errorf("read the rule: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	var v ruleView
	if err := d.Decode(&v); err != nil {
		return fmt.Errorf("read the rule: %w", err)
	}
	rule := Rule{Provider: v.Provider, Key: v.Key, Model: v.Model, Count: v.Count, Fault: v.Fault}
	if v.For != "" {
		length, err := time.ParseDuration(v.For)
		if err != nil || length <= 0 {
			return fmt.Errorf(`rule: for=%q is not a length of time: write "30s" or "2m"`, v.For)
		}
		rule.Until = l.opts.Now().Add(length)
	}
	if v.Count < 0 {
		return fmt.Errorf("rule: count=%d is negative", v.Count)
	}
	return l.SetRule(rule)
}

// list shows the rules that are set.
func (b *ruleBook) list() []ruleView {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []ruleView{}
	for _, r := range b.rules {
		v := ruleView{Fault: r.Fault, Provider: r.Provider, Key: hint(r.Key), Model: r.Model, Count: r.Count, Used: r.used}
		if r.Key == "" {
			v.Key = ""
		}
		if !r.Until.IsZero() {
			until := r.Until.UTC()
			v.Until = &until
		}
		out = append(out, v)
	}
	return out
}

func writeAdmin(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(encode(v), '\n')) // a client that left needs no answer
}
