package lab

import (
	"fmt"
	"path"
	"sync"
	"time"
)

// Rule puts a fault on calls whatever model they name. An empty filter matches
// everything.
type Rule struct {
	Provider string    // NAME of a base URL /p/NAME/v1
	Key      string    // the credential of the call
	Model    string    // a pattern as of path.Match, such as "demo-*"
	Count    int       // only so many calls; 0: no limit
	Until    time.Time // only until then; zero: for ever
	Fault    string    // such as "e429:retry_after=2"
}

// SetRule adds a rule behind those that are set. Of all rules that match a call
// the first is followed. A rule goes before the fault of a model's name.
func (l *Lab) SetRule(r Rule) error {
	f, err := l.parseFault(r.Fault)
	if err != nil {
		return fmt.Errorf("rule: %w", err)
	}
	if _, err := path.Match(r.Model, ""); err != nil {
		return fmt.Errorf("rule: model pattern %q: %w", r.Model, err)
	}
	l.rules.add(r, f)
	return nil
}

// CheckFault reports what is wrong with a fault's text, such as "die:n=40"; the
// error names what there is instead.
func CheckFault(text string) error {
	l := New(Options{})
	_, err := l.parseFault(text)
	return err
}

// ClearRules drops every rule.
func (l *Lab) ClearRules() { l.rules.clear() }

// maxTaken bounds the names that the times option counts.
const maxTaken = 1000

type standingRule struct {
	Rule
	fault fault
	used  int
}

type ruleBook struct {
	mu    sync.Mutex
	rules []*standingRule
	taken map[string]int
}

func (b *ruleBook) add(r Rule, f fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules = append(b.rules, &standingRule{Rule: r, fault: f})
}

func (b *ruleBook) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules = nil
}

func (b *ruleBook) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules, b.taken = nil, nil
}

func (b *ruleBook) match(x *exchange, now time.Time) (fault, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.rules {
		if r.matches(x, now) {
			r.used++
			return r.fault, true
		}
	}
	return fault{}, false
}

func (r *standingRule) matches(x *exchange, now time.Time) bool {
	if r.Provider != "" && r.Provider != x.provider {
		return false
	}
	if r.Key != "" && r.Key != x.key {
		return false
	}
	if r.Count > 0 && r.used >= r.Count {
		return false
	}
	if !r.Until.IsZero() && !now.Before(r.Until) {
		return false
	}
	if r.Model == "" {
		return true
	}
	if x.model == nil {
		return false
	}
	ok, err := path.Match(r.Model, x.model.name)
	return ok && err == nil
}

// take counts a call of a name and says whether it is among the first.
func (b *ruleBook) take(name string, first int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken == nil || len(b.taken) >= maxTaken {
		b.taken = map[string]int{}
	}
	b.taken[name]++
	return b.taken[name] <= first
}
