package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/server/store"
)

// InjectedFault is a fault that an admin put in front of a provider for a while:
// what it strikes is answered by the built-in fake vendor, and the provider is
// not asked.
type InjectedFault struct {
	ID         string    `json:"id"`
	ProviderID string    `json:"provider_id"`
	Provider   string    `json:"provider" doc:"The provider's name"`
	Fault      string    `json:"fault" example:"e429:retry_after=2"`
	Key        string    `json:"key,omitempty" doc:"Id of the one key it strikes; empty: any"`
	Model      string    `json:"model,omitempty" doc:"Pattern of the models it strikes; empty: any"`
	Count      int       `json:"count" doc:"It strikes at most so many attempts"`
	Used       int       `json:"used" doc:"So many it struck already"`
	Since      time.Time `json:"since"`
	Until      time.Time `json:"until" doc:"It ends then, even if it struck fewer"`
	By         string    `json:"by" doc:"Who set it"`
}

// KnownFault is a fault that can be injected.
type KnownFault struct {
	Name    string       `json:"name"`
	Summary string       `json:"summary"`
	Streams bool         `json:"streams" doc:"It shows on streams only"`
	Params  []FaultParam `json:"params"`
}

// FaultParam is an option of a fault, written after its name:
// name:option=value,option=value.
type FaultParam struct {
	Name    string `json:"name"`
	Default string `json:"default"`
	Meaning string `json:"meaning"`
}

type faultsOutput struct {
	Body struct {
		Active []InjectedFault `json:"active" doc:"In force now"`
		Known  []KnownFault    `json:"known" doc:"What there is"`
	}
}

// listFaults shows the faults in force and those there are.
func (s *Server) listFaults(ctx context.Context, _ *empty) (*faultsOutput, error) {
	active, err := s.injectedFaults(ctx)
	if err != nil {
		return nil, err
	}
	out := &faultsOutput{}
	out.Body.Active, out.Body.Known = active, []KnownFault{}
	for _, f := range lab.Faults() {
		known := KnownFault{Name: f.Name, Summary: f.Summary, Streams: f.Streams, Params: []FaultParam{}}
		for _, p := range f.Params {
			known.Params = append(known.Params, FaultParam(p))
		}
		out.Body.Known = append(out.Body.Known, known)
	}
	return out, nil
}

// injectedFaults lists the faults in force.
func (s *Server) injectedFaults(ctx context.Context) ([]InjectedFault, error) {
	out := []InjectedFault{}
	active := s.opts.Gateway.Injections()
	if len(active) == 0 {
		return out, nil
	}
	rows, err := s.opts.Store.Providers(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range active {
		name := ""
		if n := slices.IndexFunc(rows, func(p store.Provider) bool { return p.ID == i.Provider }); n >= 0 {
			name = rows[n].Name
		}
		out = append(out, showInjection(i, name))
	}
	return out, nil
}

func showInjection(i proxy.Injection, provider string) InjectedFault {
	return InjectedFault{
		ID: i.ID, ProviderID: i.Provider, Provider: provider, Fault: i.Fault, Key: i.Key, Model: i.Model,
		Count: i.Count, Used: i.Used, Since: i.Since.UTC(), Until: i.Until.UTC(), By: i.By,
	}
}

type injectInput struct {
	ItemID
	Body struct {
		Fault string `json:"fault" doc:"One of GET /api/faults, with options: name:option=value" example:"e429:retry_after=2" maxLength:"256"`
		Key   string `json:"key,omitempty" doc:"Id of the one key it strikes; empty: any" maxLength:"64"`
		Model string `json:"model,omitempty" doc:"Pattern of the models it strikes, such as qwen-*; empty: any" maxLength:"512"`
		Count int    `json:"count,omitempty" doc:"It strikes at most so many attempts; default 10" minimum:"0" maximum:"10000"`
		For   string `json:"for,omitempty" doc:"It ends after this time, even if it struck fewer; default 1m, at most 1h" example:"30s" maxLength:"32"`
	}
}

type faultOutput struct{ Body InjectedFault }

// injectFault puts a fault in front of a provider. It always ends by itself.
func (s *Server) injectFault(ctx context.Context, in *injectInput) (*faultOutput, error) {
	row, err := s.opts.Store.Provider(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	f := faults{}
	length := f.length("body.for", in.Body.For, time.Second, proxy.MaxInjectFor)
	f.text("body.model", in.Body.Model, maxModel)
	if err := lab.CheckFault(in.Body.Fault); err != nil {
		f.add("body.fault", "is not a fault: %s (GET /api/faults lists them)", bounded(err.Error(), 200))
	}
	if in.Body.Key != "" {
		if _, ok := findKey(row, in.Body.Key); !ok {
			f.add("body.key", "is no key of this provider")
		}
	}
	if err := f.invalid(); err != nil {
		return nil, err
	}
	set, err := s.opts.Gateway.Inject(proxy.Injection{
		Provider: row.ID, Key: in.Body.Key, Model: in.Body.Model, Fault: in.Body.Fault, Count: in.Body.Count, By: actorFrom(ctx).Name,
	}, length)
	if err != nil {
		return nil, problem(http.StatusConflict, "too_many_faults", "%s", err)
	}
	shown := showInjection(set, row.Name)
	summary := fmt.Sprintf("inject %s at provider %s: at most %d attempts, until %s", set.Fault, row.Name, set.Count, shown.Until.Format(time.RFC3339))
	if err := s.audit(ctx, summary, store.Note{Kind: "fault", ID: set.ID, Name: row.Name, Op: store.OpCreate, After: shown}); err != nil {
		s.opts.Gateway.EndInjection(set.ID) // what is not on record is not done
		return nil, err
	}
	return &faultOutput{Body: shown}, nil
}

// audit puts on record what was done without changing the configuration.
func (s *Server) audit(ctx context.Context, summary string, notes ...store.Note) error {
	return s.change(ctx, summary, place{}, func(tx *store.Tx) error {
		for _, n := range notes {
			if err := tx.Note(n); err != nil {
				return err
			}
		}
		return nil
	})
}

type endFaultsOutput struct {
	Body struct {
		Ended int `json:"ended" doc:"How many faults were ended"`
	}
}

// endFault ends one fault before its time.
func (s *Server) endFault(ctx context.Context, in *ItemID) (*endFaultsOutput, error) {
	return s.endFaults(ctx, func(f InjectedFault) bool { return f.ID == in.ID }, true)
}

// endAllFaults ends every fault.
func (s *Server) endAllFaults(ctx context.Context, _ *empty) (*endFaultsOutput, error) {
	return s.endFaults(ctx, func(InjectedFault) bool { return true }, false)
}

// endFaults ends those that are chosen, first of all, and then puts it on
// record.
func (s *Server) endFaults(ctx context.Context, chosen func(InjectedFault) bool, must bool) (*endFaultsOutput, error) {
	active, err := s.injectedFaults(ctx)
	if err != nil {
		return nil, err
	}
	active = slices.DeleteFunc(active, func(f InjectedFault) bool { return !chosen(f) })
	if len(active) == 0 {
		if must {
			return nil, notFound("fault in force")
		}
		return &endFaultsOutput{}, nil
	}
	out := &endFaultsOutput{}
	var notes []store.Note
	var names []string
	for _, f := range active {
		out.Body.Ended += s.opts.Gateway.EndInjection(f.ID)
		notes = append(notes, store.Note{Kind: "fault", ID: f.ID, Name: f.Provider, Op: store.OpDelete, Before: f})
		names = append(names, f.Fault+" at provider "+f.Provider)
	}
	return out, s.audit(ctx, "end injected "+strings.Join(names, ", "), notes...)
}
