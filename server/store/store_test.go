package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy"
)

func TestSQLiteIsNewEnough(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	var version, mode string
	var sync int
	db := s.write
	if err := errors.Join(
		db.Raw("select sqlite_version()").Scan(&version).Error,
		db.Raw("pragma journal_mode").Scan(&mode).Error,
		db.Raw("pragma synchronous").Scan(&sync).Error,
	); err != nil {
		t.Fatal(err)
	}
	var a, b, c int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &a, &b, &c); err != nil || a*1_000_000+b*1000+c < 3_051_003 {
		t.Errorf("SQLite %s has the WAL reset fault; want 3.51.3 or later", version)
	}
	if mode != "wal" || sync != 2 {
		t.Errorf("journal_mode %s, synchronous %d; want wal and FULL (2)", mode, sync)
	}
	if err := s.read.Exec("DELETE FROM settings").Error; err == nil {
		t.Error("a reading connection can write")
	}
}

// TestRoundTrip stores everything a Config can hold and reads it back.
func TestRoundTrip(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	roundTrip(t, s)
}

func roundTrip(t *testing.T, s *Store) {
	t.Helper()
	ctx := context.Background()
	timeouts := proxy.Timeouts{Connect: time.Second, Headers: -1, FirstToken: 90 * time.Second, Idle: time.Minute + time.Nanosecond, Total: time.Hour}
	p := Provider{
		Name: "模型-one", Vendor: "openai", Enabled: true, Region: "", BaseURL: "https://example.com/v1", Proxy: "http://127.0.0.1:3128",
		Fields: map[string]string{"resource": "r"}, Headers: map[string]string{"X-A": "b"}, Query: map[string]string{"q": "1"},
		AllowPrivate: true, Models: []string{"m1", "m2"}, Timeouts: timeouts,
	}
	r := Route{
		Name: "team-a", Enabled: true,
		Match: proxy.Match{
			Hosts: []string{"*.example.com"}, PathPrefix: "/team-a", Headers: []proxy.NameMatch{{Name: "X-Team", Value: "a"}},
			Query: []proxy.NameMatch{{Name: "q"}}, Models: []proxy.ModelMatch{{Kind: proxy.MatchPrefix, Value: "qwen"}},
		},
		Targets:  []proxy.Target{{Provider: p.Name, Model: "m1", Rewrite: []proxy.Rewrite{{From: "a*", To: "b*"}}, Weight: 7}},
		Fallback: []proxy.Step{{Targets: []proxy.Target{{Provider: p.Name, Model: "m2"}}, On: []string{"rate_limited"}}},
		On:       []string{"server_error"}, Timeouts: timeouts,
	}
	c := Consumer{Name: "team a", Enabled: true, Models: []string{"qwen*"}, Routes: []string{"team-a"}}
	hash := [32]byte{1, 2, 3, 255}
	expires := testNow().Add(time.Hour).Truncate(time.Millisecond)
	var k1, k2 ProviderKey
	change(t, s, func(tx *Tx) error {
		err := tx.CreateProvider(&p)
		if err == nil {
			k1, err = tx.AddProviderKey(p.ID, "", "sk-0123456789abcdef", 0)
		}
		if err == nil {
			k2, err = tx.AddProviderKey(p.ID, "second", "sk-fedcba9876543210", 5)
		}
		if err == nil {
			err = errors.Join(tx.CreateRoute(&r), tx.CreateConsumer(&c))
		}
		if err == nil {
			_, err = tx.AddConsumerKey(c.ID, "laptop", hash, "ph-****abcd", expires)
		}
		if err != nil {
			return err
		}
		settings, err := tx.Settings()
		settings.Access, settings.Limits = proxy.AccessKeys, proxy.Limits{BodyBytes: 1 << 20, InFlight: 9}
		settings.Timeouts = timeouts
		return errors.Join(err, tx.PutSettings(settings))
	})
	k2.Enabled = false
	change(t, s, func(tx *Tx) error { return tx.UpdateProviderKey(k2) })
	got, err := s.Config(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := proxy.Config{
		Access: proxy.Access{Mode: proxy.AccessKeys}, Limits: proxy.Limits{BodyBytes: 1 << 20, InFlight: 9}, Timeouts: timeouts,
		Providers: []proxy.Provider{{
			ID: p.ID, Name: p.Name, Vendor: p.Vendor, BaseURL: p.BaseURL, Proxy: p.Proxy, Fields: p.Fields, Headers: p.Headers, Query: p.Query,
			AllowPrivate: true, Models: p.Models, Timeouts: timeouts,
			Keys: []proxy.Key{
				{ID: k1.ID, Name: "key-1", Secret: "sk-0123456789abcdef", Weight: 1},
				{ID: k2.ID, Name: "second", Secret: "sk-fedcba9876543210", Weight: 5, Disabled: true},
			},
		}},
		Routes: []proxy.Route{{ID: r.ID, Name: r.Name, Match: r.Match, Targets: r.Targets, Fallback: r.Fallback, On: r.On, Timeouts: timeouts}},
		Consumers: []proxy.Consumer{{
			ID: c.ID, Name: c.Name, Models: c.Models, Routes: c.Routes,
			Keys: []proxy.ConsumerKey{{ID: got.Consumers[0].Keys[0].ID, Name: "laptop", Hash: hash, Expires: expires}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Providers[0].Keys[0].Secret.Reveal() != "sk-0123456789abcdef" { // cmp sees hints only where it prints
		t.Error("the secret came back different")
	}
	byName, err := s.ProviderByName(ctx, p.Name)
	if err != nil || byName.Version != 4 || byName.Keys[0].Hint != "****cdef" || byName.Keys[0].Broken != "" {
		t.Errorf("provider: %+v, %v", byName, err)
	}
}

func TestStaleVersions(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	p := addProvider(t, s, "one")
	r := addRoute(t, s, "route", "one")
	c := Consumer{Name: "c", Enabled: true}
	change(t, s, func(tx *Tx) error { return tx.CreateConsumer(&c) })
	settings, err := s.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	change(t, s, func(tx *Tx) error { // somebody else saves everything
		p, r, c := p, r, c
		return errors.Join(tx.UpdateProvider(&p), tx.UpdateRoute(&r), tx.UpdateConsumer(&c), tx.PutSettings(settings))
	})
	cases := map[string]func(*Tx) error{
		"provider":        func(tx *Tx) error { return tx.UpdateProvider(&p) },
		"provider delete": func(tx *Tx) error { return tx.DeleteProvider(p.ID, p.Version) },
		"route":           func(tx *Tx) error { return tx.UpdateRoute(&r) },
		"route delete":    func(tx *Tx) error { return tx.DeleteRoute(r.ID, r.Version) },
		"consumer":        func(tx *Tx) error { return tx.UpdateConsumer(&c) },
		"consumer delete": func(tx *Tx) error { return tx.DeleteConsumer(c.ID, c.Version) },
		"settings":        func(tx *Tx) error { return tx.PutSettings(settings) },
	}
	for name, fn := range cases {
		_, err := s.Change(t.Context(), actor, "stale", fn)
		var conflict *ConflictError
		if !errors.Is(err, ErrConflict) || !errors.As(err, &conflict) || conflict.Have < 2 {
			t.Errorf("%s: %v; want a conflict with the version that is there", name, err)
		}
	}
}

func TestKeysBumpTheirOwner(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	p := addProvider(t, s, "one")
	key := p.Keys[0]
	steps := []func(*Tx) error{
		func(tx *Tx) error { _, err := tx.AddProviderKey(p.ID, "b", "sk-bbbbbbbbbbbb", 2); return err },
		func(tx *Tx) error { key.Name, key.Weight = "renamed", 9; return tx.UpdateProviderKey(key) },
		func(tx *Tx) error { return tx.ReplaceProviderKey(key.ID, "sk-new-secret-9999") },
		func(tx *Tx) error { return tx.DeleteProviderKey(key.ID) },
	}
	for i, step := range steps {
		revision := change(t, s, step)
		got, err := s.Provider(t.Context(), p.ID)
		if err != nil || got.Version != p.Version+int64(i)+1 {
			t.Errorf("step %d: version %d, %v", i, got.Version, err)
		}
		if len(revision.Items) != 1 || revision.Items[0].Op != OpUpdate || revision.Items[0].Name != "one" {
			t.Errorf("step %d: revision %+v", i, revision)
		}
	}
	got, _ := s.Provider(t.Context(), p.ID)
	if len(got.Keys) != 1 || got.Keys[0].Name != "b" || got.Keys[0].Hint != "****bbbb" {
		t.Errorf("keys %+v", got.Keys)
	}
}

func TestNames(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	p := addProvider(t, s, "one")
	addRoute(t, s, "route", "one")
	if err := s.DryRun(t.Context(), func(tx *Tx) error { return tx.CreateProvider(&Provider{Name: "one", Vendor: "openai"}) }); !errors.Is(err, ErrExists) {
		t.Errorf("second provider of a name: %v", err)
	}
	if err := s.DryRun(t.Context(), func(tx *Tx) error { return tx.CreateRoute(&Route{Name: "route"}) }); !errors.Is(err, ErrExists) {
		t.Errorf("second route of a name: %v", err)
	}
	err := s.DryRun(t.Context(), func(tx *Tx) error { _, err := tx.AddProviderKey(p.ID, "key-1", "sk-x", 1); return err })
	if !errors.Is(err, ErrExists) {
		t.Errorf("second key of a name: %v", err)
	}
	for _, name := range []string{"", "a\nb", "a\x00b", strings.Repeat("x", 256), "\xff"} {
		err := s.DryRun(t.Context(), func(tx *Tx) error { return tx.CreateProvider(&Provider{Name: name, Vendor: "openai"}) })
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	for _, err := range []error{
		errOf(s.Provider(t.Context(), "nope")), errOf(s.ProviderByName(t.Context(), "nope")), errOf(s.Route(t.Context(), "nope")),
		errOf(s.RouteByName(t.Context(), "nope")), errOf(s.Consumer(t.Context(), "nope")), errOf(s.ConsumerByName(t.Context(), "nope")),
		errOf(s.AdminByName(t.Context(), "nope")), errOf(s.Session(t.Context(), "nope")), errOf(s.APITokenByHash(t.Context(), [32]byte{})),
		s.RevokeSession(t.Context(), "nope"), s.DryRun(t.Context(), func(tx *Tx) error { return tx.DeleteProviderKey("nope") }),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%v; want ErrNotFound", err)
		}
	}
}

func errOf[T any](_ T, err error) error { return err }

func TestRenamingIsFollowed(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	p := addProvider(t, s, "old")
	addProvider(t, s, "other")
	r := addRoute(t, s, "route", "old", "other")
	r.Fallback = []proxy.Step{{Targets: []proxy.Target{{Provider: "other"}, {Provider: "old"}}}}
	c := Consumer{Name: "c", Enabled: true, Routes: []string{"route"}}
	change(t, s, func(tx *Tx) error { return errors.Join(tx.UpdateRoute(&r), tx.CreateConsumer(&c)) })
	p.Name = "new"
	revision := change(t, s, func(tx *Tx) error { return tx.UpdateProvider(&p) })
	if len(revision.Items) != 2 {
		t.Errorf("revision of a rename holds %d items; want provider and route", len(revision.Items))
	}
	got, err := s.Route(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Targets[0].Provider != "new" || got.Targets[1].Provider != "other" || got.Fallback[0].Targets[1].Provider != "new" || got.Version != r.Version+1 {
		t.Errorf("route after the rename: %+v", got)
	}
	got.Name = "renamed"
	change(t, s, func(tx *Tx) error { return tx.UpdateRoute(&got) })
	if c, err := s.Consumer(t.Context(), c.ID); err != nil || c.Routes[0] != "renamed" {
		t.Errorf("consumer after the rename: %+v, %v", c, err)
	}
}

func TestInUse(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	p := addProvider(t, s, "one")
	r := addRoute(t, s, "r1", "one")
	c := Consumer{Name: "c", Enabled: true, Routes: []string{"r1"}}
	change(t, s, func(tx *Tx) error { return tx.CreateConsumer(&c) })
	var used *InUseError
	_, err := s.Change(t.Context(), actor, "", func(tx *Tx) error { return tx.DeleteProvider(p.ID, p.Version) })
	if !errors.As(err, &used) || !errors.Is(err, ErrInUse) || used.By[0] != "route r1" {
		t.Errorf("provider in use: %v", err)
	}
	_, err = s.Change(t.Context(), actor, "", func(tx *Tx) error { return tx.DeleteRoute(r.ID, r.Version) })
	if !errors.As(err, &used) || used.By[0] != "consumer c" {
		t.Errorf("route in use: %v", err)
	}
	revision := change(t, s, func(tx *Tx) error {
		return errors.Join(tx.DeleteConsumer(c.ID, c.Version), tx.DeleteRoute(r.ID, r.Version), tx.DeleteProvider(p.ID, p.Version))
	})
	for _, item := range revision.Items {
		if item.Op != OpDelete || item.After != nil || item.Name == "" {
			t.Errorf("item %+v", item)
		}
	}
	if config, err := s.Config(t.Context()); err != nil || len(config.Providers)+len(config.Routes)+len(config.Consumers) != 0 {
		t.Errorf("left: %+v, %v", config, err)
	}
}

func TestOrder(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	var ids []string
	for _, name := range []string{"a", "b", "c", "d"} {
		ids = append(ids, addProvider(t, s, name).ID)
		addRoute(t, s, name, "a")
	}
	change(t, s, func(tx *Tx) error { return tx.MoveProviders([]string{ids[3], ids[1]}) })
	providers, err := s.Providers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names string
	for i, p := range providers {
		names += p.Name
		if p.Position != i {
			t.Errorf("%s is at %d; want %d", p.Name, p.Position, i)
		}
	}
	if names != "dbac" {
		t.Errorf("order %s; want dbac", names)
	}
	for name, bad := range map[string][]string{"twice": {ids[0], ids[0]}, "unknown": {"nope"}} {
		if err := s.DryRun(t.Context(), func(tx *Tx) error { return tx.MoveProviders(bad) }); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	routes, _ := s.Routes(t.Context())
	revision := change(t, s, func(tx *Tx) error { return tx.MoveRoutes([]string{routes[1].ID}) })
	if got := string(revision.Items[0].After); got != `["b","a","c","d"]` {
		t.Errorf("revision shows %s", got)
	}
}

func TestFaultsAreRefused(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	addProvider(t, s, "one")
	ghost := Route{Name: "ghost", Enabled: true, Targets: []proxy.Target{{Provider: "nobody", Model: "m"}}}
	_, err := s.Change(t.Context(), actor, "", func(tx *Tx) error { return tx.CreateRoute(&ghost) })
	var refused *FaultsError
	if !errors.As(err, &refused) || refused.Faults[0].Kind != "route" || refused.Faults[0].Name != "ghost" {
		t.Fatalf("a route to nowhere: %v", err)
	}
	if routes, _ := s.Routes(t.Context()); len(routes) != 0 {
		t.Error("the refused route was saved")
	}
	// A fault that stands, as after an update that knows more faults, does not
	// keep other items from being changed, but must not be traded for another.
	row := rowOfRoute(&Route{ID: "x", Name: "standing", Enabled: true, Targets: ghost.Targets, Version: 1})
	if err := s.write.Create(&row).Error; err != nil {
		t.Fatal(err)
	}
	addProvider(t, s, "two")
	_, err = s.Change(t.Context(), actor, "", func(tx *Tx) error {
		r, err := tx.Route("x")
		r.Targets[0].Provider = "nobody else"
		return errors.Join(err, tx.UpdateRoute(&r))
	})
	if !errors.As(err, &refused) {
		t.Errorf("a fault traded for another: %v", err)
	}
	change(t, s, func(tx *Tx) error {
		r, err := tx.Route("x")
		r.Targets[0].Provider = "two"
		return errors.Join(err, tx.UpdateRoute(&r))
	})
}

func TestDryRunLeavesNothing(t *testing.T) {
	var published int
	o := options(t.TempDir())
	o.Publish = func(*proxy.Snapshot) { published++ }
	s := openStore(t, o)
	err := s.DryRun(t.Context(), func(tx *Tx) error {
		p := Provider{Name: "one", Vendor: "openai", Enabled: true}
		if err := tx.CreateProvider(&p); err != nil {
			return err
		}
		_, err := tx.ProviderByName("one")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.DryRun(t.Context(), func(tx *Tx) error {
		return tx.CreateRoute(&Route{Name: "ghost", Enabled: true, Targets: []proxy.Target{{Provider: "nobody", Model: "m"}}})
	})
	var refused *FaultsError
	if !errors.As(err, &refused) {
		t.Errorf("a dry run of a faulty change: %v", err)
	}
	revisions, err := s.Revisions(t.Context(), 0, 10)
	config, _ := s.Config(t.Context())
	if err != nil || len(revisions)+len(config.Providers)+len(config.Routes) != 0 || published != 0 {
		t.Errorf("left: %v %v, %d published, %v", revisions, config, published, err)
	}
}

func TestAllOrNothing(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	boom := errors.New("boom")
	_, err := s.Change(t.Context(), actor, "", func(tx *Tx) error {
		p := Provider{Name: "one", Vendor: "openai"}
		return errors.Join(tx.CreateProvider(&p), boom)
	})
	if !errors.Is(err, boom) {
		t.Errorf("error %v; want the function's own", err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = s.Change(t.Context(), actor, "", func(tx *Tx) error {
			_ = tx.CreateProvider(&Provider{Name: "two", Vendor: "openai"})
			panic("boom")
		})
	}()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = s.Change(ctx, actor, "", func(tx *Tx) error {
		err := tx.CreateProvider(&Provider{Name: "three", Vendor: "openai"})
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if providers, err := s.Providers(t.Context()); err != nil || len(providers) != 0 {
		t.Errorf("left: %+v, %v", providers, err)
	}
	addProvider(t, s, "after") // nothing is stuck
}

func TestRevisions(t *testing.T) {
	s := openStore(t, options(t.TempDir()))
	p := addProvider(t, s, "one")
	p.BaseURL = "https://example.com/v1"
	change(t, s, func(tx *Tx) error { return tx.UpdateProvider(&p) })
	if r := change(t, s, func(*Tx) error { return nil }); r.ID != 0 {
		t.Errorf("a change of nothing left revision %d", r.ID)
	}
	all, err := s.Revisions(t.Context(), 0, 10)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d revisions, %v", len(all), err)
	}
	last := all[0]
	if last.ID != 2 || last.Actor != actor || last.Summary != "test" || !last.At.Equal(testNow().Truncate(time.Millisecond)) {
		t.Errorf("revision %+v", last)
	}
	var before, after struct {
		BaseURL string `json:"base_url"`
		Keys    []struct{ Hint string }
	}
	if err := errors.Join(json.Unmarshal(last.Items[0].Before, &before), json.Unmarshal(last.Items[0].After, &after)); err != nil {
		t.Fatal(err)
	}
	if before.BaseURL != "" || after.BaseURL != p.BaseURL || after.Keys[0].Hint != "****kkkk" {
		t.Errorf("before %s\nafter %s", last.Items[0].Before, last.Items[0].After)
	}
	older, err := s.Revisions(t.Context(), last.ID, 1)
	if err != nil || len(older) != 1 || older[0].ID != 1 || older[0].Items[0].Op != OpCreate || older[0].Items[0].Before != nil {
		t.Errorf("older: %+v, %v", older, err)
	}
}

// TestPublishInOrder changes from many goroutines and expects every snapshot
// once, the last commit last.
func TestPublishInOrder(t *testing.T) {
	var mu sync.Mutex
	var counts []int
	o := options(t.TempDir())
	var s *Store
	o.Publish = func(*proxy.Snapshot) {
		config, err := s.Config(context.Background())
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			counts = append(counts, len(config.Providers))
		}
	}
	s = openStore(t, o)
	const n = 20
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			p := Provider{Name: NewID(), Vendor: "openai", Enabled: true}
			if _, err := s.Change(context.Background(), actor, "", func(tx *Tx) error { return tx.CreateProvider(&p) }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, got := range counts {
		if got != i+1 {
			t.Fatalf("published out of order: %v", counts)
		}
	}
	if len(counts) != n {
		t.Errorf("%d published; want %d", len(counts), n)
	}
}
