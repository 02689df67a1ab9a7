package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
)

// way is where routing sends a request: the steps to try, and why.
type way struct {
	route  *route // nil: routed by the providers' own models
	steps  []step
	reason string
	looked []Considered
}

// candidate is a target as the plan tries it.
type candidate struct {
	target
	step     int
	model    string   // the name to ask for
	on       triggers // failures of earlier steps after which it is tried
	siblings bool     // others of its step come after it
	rivals   bool     // its step has others
	place    Place    // why it stands where it does
	left     int      // how many candidates come after it
	hedge    bool     // it is asked beside another
	key      string   // the key (key.live) that this conversation used before; empty: any
	lacks    string   // why it can't serve this request while others can; empty: it can
	speech   speech   // how it is spoken to, once that was decided
}

// breaker is under which the candidate's live state is kept.
func (c *candidate) breaker() breakerKey { return breakerKey{c.provider.id, c.model} }

// find decides where a request goes: by the first written route that matches,
// else by provider/model, else by the models the providers are known for.
func (s *Snapshot) find(q *Question, before string, c *consumer) (way, *llm.Error) {
	var w way
	for _, r := range s.routes {
		why := r.match.why(q, before)
		if why == "" && !c.mayUse(r.name) {
			why = "the consumer may not use it"
		}
		w.looked = append(w.looked, Considered{Route: r.name, Matched: why == "", Why: why})
		if why != "" {
			continue
		}
		w.route, w.steps = r, r.steps
		w.reason = "the route " + r.name + " matches"
		if r.broken != "" {
			return w, routeBroken(r)
		}
		return w, nil
	}
	if before != "" {
		return w, noPrefix(before)
	}
	if c != nil && c.routes != nil {
		return w, &llm.Error{
			Class: llm.ClassDenied, Status: http.StatusForbidden, Code: "route_not_allowed", Param: "model",
			Message: "None of the AI routes that this API key may use takes this request. It may use: " + strings.Join(names(c.routes), ", ") + ".",
		}
	}
	w.steps, w.reason = s.byModel(q.Model)
	if len(w.steps) == 0 {
		return w, s.unknownModel(q.Model, c)
	}
	return w, nil
}

func noPrefix(before string) *llm.Error {
	return &llm.Error{
		Class: llm.ClassDenied, Status: http.StatusNotFound, Code: "unknown_url",
		Message: fmt.Sprintf("No AI route takes this request below %.100s.", before),
	}
}

func routeBroken(r *route) *llm.Error {
	return &llm.Error{
		Class: llm.ClassUnavailable, Status: http.StatusServiceUnavailable, Code: "route_out_of_service",
		Message: fmt.Sprintf("The AI route %q is out of service until its configuration is mended (%s).", r.name, r.broken),
	}
}

// byModel routes a model without a written route.
func (s *Snapshot) byModel(model string) ([]step, string) {
	if name, rest, ok := strings.Cut(model, "/"); ok && rest != "" && s.byName[name] != nil {
		t := target{provider: s.byName[name], name: name, model: rest, weight: 1}
		return []step{{targets: []target{t}}}, "the model names the provider " + name
	}
	take := func(fits func(*provider) bool) []step {
		var steps []step
		for _, p := range s.providers {
			if fits(p) {
				steps = append(steps, step{on: s.defaultOn, targets: []target{{provider: p, name: p.name, weight: 1}}})
			}
		}
		return steps
	}
	if steps := take(func(p *provider) bool { return p.lists(model) }); len(steps) > 0 {
		return steps, "no route matches; " + steps[0].targets[0].name + " lists the model"
	}
	if steps := take(func(p *provider) bool { return p.serves(model) }); len(steps) > 0 {
		return steps, "no route matches; the model's name is one of " + steps[0].targets[0].name + "'s"
	}
	if steps := take((*provider).takesAny); len(steps) > 0 {
		return steps, "no route matches and no provider is known for the model; " + steps[0].targets[0].name + " has no list of models, so it is asked"
	}
	return nil, ""
}

func (s *Snapshot) unknownModel(model string, c *consumer) *llm.Error {
	e := &llm.Error{Class: llm.ClassModelNotFound, Status: http.StatusNotFound, Code: "model_not_found", Param: "model"}
	if len(s.providers) == 0 {
		e.Message = fmt.Sprintf("The model %q can't be served: no provider is set up yet. Add one with its key in the console.", model)
		return e
	}
	var ids []string
	for _, m := range s.models(c) {
		ids = append(ids, m.ID)
	}
	const show = 20
	list := strings.Join(ids[:min(len(ids), show)], ", ")
	if len(ids) > show {
		list += fmt.Sprintf(" and %d more (GET /v1/models lists them)", len(ids)-show)
	}
	e.Message = fmt.Sprintf("The model %q is not available here. Available: %s. Or name a provider, as in %s/%s.", model, list, s.providers[0].name, model)
	return e
}

// plan lays the steps out in the order in which they will be tried: within a
// step as the route's policy says, but for a conversation, which goes back to
// where it was.
func (c *call) plan() []candidate {
	by, f := c.way.balance(), c.g.field(c.snap, c.peek.stream, int64(len(c.body))/4)
	plan := make([]candidate, 0, c.way.size())
	var was bond
	var known bool
	if c.way.bonds(c.peek.model) {
		if c.talk = c.conversation(); c.talk.again {
			was, known = c.g.bonds.get(c.talk.key)
		}
	}
	for i := range c.way.steps {
		st := &c.way.steps[i]
		from := len(plan)
		plan = st.candidates(plan, i, c.peek.model)
		list := plan[from:]
		f.order(by, list)
		if known {
			f.keep(c.way.affinity(), list, was)
		}
		for j := range list {
			list[j].siblings = j+1 < len(list)
		}
	}
	c.weigh(plan)
	c.goBack(plan)
	c.rec.Plan = make([]Choice, len(plan))
	for i := range plan {
		cand := &plan[i]
		cand.left = len(plan) - i - 1
		c.rec.Plan[i] = Choice{Step: cand.step, Provider: cand.name, Model: cand.model, Place: cand.place}
	}
	return plan
}

// candidates adds the targets of a step to a plan.
func (st *step) candidates(plan []candidate, number int, asked string) []candidate {
	for _, t := range st.targets {
		plan = append(plan, candidate{target: t, step: number, model: t.modelFor(asked), on: st.on, rivals: len(st.targets) > 1})
	}
	return plan
}

// size is how many targets a way has.
func (w *way) size() int {
	n := 0
	for i := range w.steps {
		n += len(w.steps[i].targets)
	}
	return n
}

// balance is the policy of a way.
func (w *way) balance() Balance {
	if w.route == nil {
		return BalanceWeighted
	}
	return w.route.balance
}

// affinity says which conversations go back.
func (w *way) affinity() Affinity {
	if w.route == nil {
		return AffinityAuto
	}
	return w.route.affinity
}

// bonds reports whether conversations go back to where they were: where several
// targets of a step serve the same model, or one has several keys.
func (w *way) bonds(asked string) bool {
	affinity := w.affinity()
	if affinity == AffinityOff {
		return false
	}
	for i := range w.steps {
		targets := w.steps[i].targets
		for j := range targets {
			t := &targets[j]
			if t.provider != nil && len(t.provider.keys) > 1 || j > 0 && affinity == AffinityOn {
				return true
			}
			for n := range j {
				if t.modelFor(asked) == targets[n].modelFor(asked) {
					return true
				}
			}
		}
	}
	return false
}

// listedModel is a model as lists of models show it.
type listedModel struct {
	ID      string
	OwnedBy string
	Context int64 // tokens; 0: unknown
}

// modelList gathers models, each name once, as far as a caller may ask for them.
type modelList struct {
	c    *consumer
	list []listedModel
	seen map[string]bool
}

func (l *modelList) add(id, owner string) {
	if l.seen[id] || !l.c.mayAsk(id) {
		return
	}
	l.seen[id] = true
	l.list = append(l.list, listedModel{ID: id, OwnedBy: owner})
}

// models lists what a caller may use: the exact names that written routes
// take, then what each provider serves.
func (s *Snapshot) models(c *consumer) []listedModel {
	l := &modelList{c: c, seen: map[string]bool{}}
	for _, r := range s.routes {
		if r.match.prefix != "" || !c.mayUse(r.name) || r.broken != "" {
			continue
		}
		for _, id := range r.match.exact {
			l.add(id, s.owner(r))
		}
	}
	if c != nil && c.routes != nil {
		return l.list // such a consumer is served by its routes alone
	}
	for _, p := range s.providers {
		for _, id := range p.listed {
			l.add(id, p.name)
		}
	}
	return l.list
}

// modelsBelow lists what a caller may use below a path prefix, and reports
// whether any route is there.
func (s *Snapshot) modelsBelow(before string, c *consumer) (list []listedModel, known bool) {
	l := &modelList{c: c, seen: map[string]bool{}}
	for _, r := range s.routes {
		if r.match.prefix != before || !c.mayUse(r.name) {
			continue
		}
		known = true
		for _, id := range r.match.exact {
			l.add(id, s.owner(r))
		}
		if len(r.match.models) > 0 || len(r.steps) == 0 {
			continue
		}
		for _, t := range r.steps[0].targets { // any model: what its targets have
			for _, id := range t.listed() {
				l.add(id, t.name)
			}
		}
	}
	return l.list, known
}

// listed are the names to show for a target that takes any model.
func (t *target) listed() []string {
	if t.provider == nil || t.model != "" {
		return nil
	}
	return t.provider.listed
}

// owner is the provider that a route asks first.
func (s *Snapshot) owner(r *route) string {
	if len(r.steps) > 0 && len(r.steps[0].targets) > 0 {
		return r.steps[0].targets[0].name
	}
	return r.name
}

func names(set map[string]bool) []string {
	list := make([]string, 0, len(set))
	for name := range set {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}
