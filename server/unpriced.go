package server

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy"
)

// maxUnpriced bounds how many models are remembered: a caller may ask for any
// name.
const maxUnpriced = 500

// Unpriced remembers, since the start, which models served calls that nobody
// knows the price of.
type Unpriced struct {
	mu   sync.Mutex
	seen map[[2]string]*UnpricedModel
}

// NewUnpriced makes one that has seen nothing.
func NewUnpriced() *Unpriced { return &Unpriced{seen: map[[2]string]*UnpricedModel{}} }

// UnpricedModel is a model whose calls could not be priced.
type UnpricedModel struct {
	Provider string    `json:"provider"`
	Model    string    `json:"model"`
	Calls    int64     `json:"calls"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Counted  bool      `json:"counted" doc:"What the calls used is known; only the price is missing"`
}

// Record implements proxy.Recorder.
func (u *Unpriced) Record(r *proxy.Record) {
	if r.Provider == "" || r.Cost.Known {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	key := [2]string{r.Provider, r.Model}
	m := u.seen[key]
	if m == nil {
		if len(u.seen) >= maxUnpriced {
			return
		}
		m = &UnpricedModel{Provider: r.Provider, Model: r.Model, First: r.Start}
		u.seen[key] = m
	}
	m.Calls++
	m.Last = r.Start
	m.Counted = m.Counted || r.Usage.InputFrom != "" && r.Usage.OutputFrom != ""
}

// list is what was seen, the most frequent first.
func (u *Unpriced) list() []UnpricedModel {
	if u == nil {
		return []UnpricedModel{}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	out := make([]UnpricedModel, 0, len(u.seen))
	for _, m := range u.seen {
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b UnpricedModel) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Model, b.Model))
	})
	return out
}

type unpricedOutput struct {
	Body struct {
		Models []UnpricedModel `json:"models" doc:"Since the program started, the most frequent first"`
	}
}

// listUnpriced shows which models need a price.
func (s *Server) listUnpriced(context.Context, *empty) (*unpricedOutput, error) {
	out := &unpricedOutput{}
	out.Body.Models = s.opts.Unpriced.list()
	return out, nil
}
