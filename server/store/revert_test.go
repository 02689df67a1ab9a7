package store

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/price"
)

// revert undoes a revision and returns what could not be brought back.
func revert(t *testing.T, s *Store, id int64, force bool) ([]string, error) {
	t.Helper()
	revision, err := s.Revision(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var lost []string
	_, err = s.Change(t.Context(), actor, "revert", func(tx *Tx) error {
		lost = nil
		for i := len(revision.Items) - 1; i >= 0; i-- {
			some, err := tx.Revert(revision.Items[i], force)
			if err != nil {
				return err
			}
			lost = append(lost, some...)
		}
		return nil
	})
	return lost, err
}

// do makes one change and returns its revision.
func do(t *testing.T, s *Store, fn func(*Tx) error) int64 {
	t.Helper()
	r, err := s.Change(t.Context(), actor, "change", fn)
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

func TestRevertBringsItemsBack(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	ctx := t.Context()
	provider := Provider{Name: "one", Vendor: "custom", Enabled: true, BaseURL: "https://one.example/v1", Headers: map[string]string{"X-Team": "secret-value"}}
	do(t, s, func(tx *Tx) error {
		if err := tx.CreateProvider(&provider); err != nil {
			return err
		}
		_, err := tx.AddProviderKey(provider.ID, "key-1", "sk-secret", 1)
		return err
	})
	route := Route{
		Name: "chat", Enabled: true, Targets: []proxy.Target{{Provider: "one", Weight: 1}},
		Match: proxy.Match{Models: []proxy.ModelMatch{{Kind: proxy.MatchPrefix, Value: "gpt-"}}}, On: []string{"429"},
	}
	made := do(t, s, func(tx *Tx) error { return tx.CreateRoute(&route) })
	before, err := s.Route(ctx, route.ID)
	if err != nil {
		t.Fatal(err)
	}
	changed := do(t, s, func(tx *Tx) error {
		r, err := tx.Route(route.ID)
		if err != nil {
			return err
		}
		r.Name, r.On, r.Enabled = "other", nil, false
		return tx.UpdateRoute(&r)
	})
	if _, err := revert(t, s, changed, false); err != nil {
		t.Fatal(err)
	}
	after, err := s.Route(ctx, route.ID)
	if err != nil {
		t.Fatal(err)
	}
	after.Version, after.UpdatedAt = before.Version, before.UpdatedAt
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the route is not what it was:\n%s", diff)
	}

	// Its creation is an older state than what is there now.
	var since *ChangedSinceError
	renamed := do(t, s, func(tx *Tx) error {
		r, err := tx.Route(route.ID)
		if err != nil {
			return err
		}
		r.Name = "third"
		return tx.UpdateRoute(&r)
	})
	if _, err := revert(t, s, made, false); !errors.As(err, &since) {
		t.Errorf("reverting what was changed since: %v", err)
	}
	if _, err := revert(t, s, renamed, false); err != nil {
		t.Fatal(err)
	}
	if _, err := revert(t, s, made, false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Route(ctx, route.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("the route is still there: %v", err)
	}

	// A deleted provider comes back under its id, without what is secret.
	p, err := s.Provider(ctx, provider.ID)
	if err != nil {
		t.Fatal(err)
	}
	deleted := do(t, s, func(tx *Tx) error { return tx.DeleteProvider(provider.ID, p.Version) })
	lost, err := revert(t, s, deleted, false)
	if err != nil || len(lost) != 2 {
		t.Fatalf("lost %q, %v", lost, err)
	}
	back, err := s.Provider(ctx, provider.ID)
	if err != nil || back.Name != "one" || len(back.Keys) != 0 || back.BaseURL != provider.BaseURL {
		t.Errorf("the provider came back as %+v, %v", back, err)
	}
}

func TestRevertSettingsAndOrder(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	ctx := t.Context()
	do(t, s, func(tx *Tx) error {
		for _, name := range []string{"a", "b", "c"} {
			if err := tx.CreateProvider(&Provider{Name: name, Vendor: "custom", BaseURL: "https://a.example/v1", Enabled: true}); err != nil {
				return err
			}
		}
		return nil
	})
	names := func() (out []string) {
		rows, err := s.Providers(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			out = append(out, r.Name)
		}
		return out
	}
	rows, err := s.Providers(ctx)
	if err != nil {
		t.Fatal(err)
	}
	moved := do(t, s, func(tx *Tx) error { return tx.MoveProviders([]string{rows[2].ID}) })
	if _, err := revert(t, s, moved, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names()); diff != "" {
		t.Error(diff)
	}
	was, err := s.Settings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	set := do(t, s, func(tx *Tx) error {
		now := was
		now.Access, now.Limits.InFlight = proxy.AccessKeys, 7
		return tx.PutSettings(now)
	})
	if _, err := revert(t, s, set, false); err != nil {
		t.Fatal(err)
	}
	is, err := s.Settings(ctx)
	is.Version = was.Version
	if diff := cmp.Diff(was, is); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := revertItem(t, s, RevisionItem{Kind: "note", ID: "x"}); !errors.Is(err, ErrNotRevertible) {
		t.Errorf("a note: %v", err)
	}
	if _, err := s.Revision(ctx, 999); !errors.Is(err, ErrNotFound) {
		t.Errorf("a revision that is not there: %v", err)
	}
}

func revertItem(t *testing.T, s *Store, item RevisionItem) (lost []string, err error) {
	t.Helper()
	item.After = json.RawMessage(nil)
	_, err = s.Change(t.Context(), actor, "revert", func(tx *Tx) error {
		lost, err = tx.Revert(item, false)
		return err
	})
	return lost, err
}

func TestRevertSectionsAndPrices(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	ctx := t.Context()
	do(t, s, func(tx *Tx) error {
		return tx.PutSettings(Settings{Access: proxy.AccessKeys, Limits: proxy.Limits{InFlight: 700}, Version: 1})
	})
	before, err := s.Settings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	first := do(t, s, func(tx *Tx) error { return tx.PutRecordSettings(RecordSettings{RequestDays: 7}) })
	second := do(t, s, func(tx *Tx) error { return tx.PutRecordSettings(RecordSettings{RequestDays: 9, Version: 1}) })
	if _, err := revert(t, s, second, false); err != nil {
		t.Fatal(err)
	}
	if have, err := s.RecordSettings(ctx); err != nil || have.RequestDays != 7 {
		t.Errorf("%+v, %v", have, err)
	}
	if _, err := revert(t, s, first, true); err != nil {
		t.Fatal(err)
	}
	if have, err := s.RecordSettings(ctx); err != nil || have != (RecordSettings{}) {
		t.Errorf("%+v, %v", have, err)
	}
	// The rest of the settings is none of a section's business.
	after, err := s.Settings(ctx)
	if err != nil || !cmp.Equal(before, after) {
		t.Error(err, cmp.Diff(before, after))
	}

	secret := do(t, s, func(tx *Tx) error {
		return tx.PutTracing(Tracing{Enabled: true, Endpoint: "http://localhost:4318", Headers: map[string]proxy.Secret{"x-key": "secret"}})
	})
	if revision, err := s.Revision(ctx, secret); err != nil {
		t.Error(err)
	} else if _, err := s.Change(ctx, actor, "revert", func(tx *Tx) error {
		_, err := tx.Revert(revision.Items[0], false)
		return err
	}); !errors.Is(err, ErrNotRevertible) {
		t.Errorf("a section with secrets was reverted: %v", err)
	}

	two, err := price.PerMillion("2")
	if err != nil {
		t.Fatal(err)
	}
	p := Price{Entry: price.Entry{Vendor: "deepseek", Model: "one", Price: price.Price{Currency: "CNY", Input: two}}}
	do(t, s, func(tx *Tx) error { return tx.CreatePrice(&p) })
	dearer := do(t, s, func(tx *Tx) error {
		next := p
		next.Note = "dearer"
		return tx.UpdatePrice(&next)
	})
	if _, err := revert(t, s, dearer, false); err != nil {
		t.Fatal(err)
	}
	gone := do(t, s, func(tx *Tx) error { return tx.DeletePrice(p.ID, 3) })
	if _, err := revert(t, s, gone, false); err != nil {
		t.Fatal(err)
	}
	if back, err := s.Price(ctx, p.ID); err != nil || back.Note != "" || !cmp.Equal(back.Entry, p.Entry) {
		t.Errorf("%+v, %v", back, err)
	}
}
