package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server"
)

// TestLostConfigurationIsRefused: a folder whose config.db was lost does not
// start as a new installation, and doctor says so too.
func TestLostConfigurationIsRefused(t *testing.T) {
	for _, state := range []string{"missing", "empty"} {
		t.Run(state, func(t *testing.T) {
			dir := t.TempDir()
			serve(t, dir).stop()
			file := filepath.Join(dir, "config.db")
			for _, name := range []string{file, file + "-wal", file + "-shm", filepath.Join(dir, masterKeyFile)} {
				_ = os.Remove(name)
			}
			if state == "empty" {
				if err := os.WriteFile(file, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			i := launch(t, dir, nil)
			want := "is " + state + ", though the folder was used before"
			if code := i.wait(); code != 1 || !strings.Contains(i.log.String(), want) || !strings.Contains(i.log.String(), "posthouse restore") {
				t.Errorf("exit code %d: %s", code, i.log)
			}
			if _, err := os.Stat(filepath.Join(dir, masterKeyFile)); err == nil {
				t.Error("a new master key was made all the same")
			}
			if _, out, _ := command(t, "", nil, "doctor", "--data-dir", dir); !strings.Contains(out, want) {
				t.Errorf("doctor says %s", out)
			}
			if _, _, errs := command(t, "", nil, "backup", "--out", filepath.Join(t.TempDir(), "x"), "--data-dir", dir); !strings.Contains(errs, want) {
				t.Errorf("backup says %s", errs)
			}
		})
	}
}

// TestKeyAloneIsNoLostConfiguration: an operator may bring the master key
// before the first start.
func TestKeyAloneIsNoLostConfiguration(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, masterKeyFile), []byte(strings.Repeat("ab", 32)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, dir)
}

func TestTakenPortLeavesNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing to lose
	_, port, _ := net.SplitHostPort(l.Addr().String())
	dir := filepath.Join(t.TempDir(), "data")
	if code := launch(t, dir, nil, "--console-port", port).wait(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "posthouse.lock" {
			t.Errorf("%s was made", e.Name())
		}
	}
}

func TestSamePortForTwoDoors(t *testing.T) {
	base := serveOptions{bind: "127.0.0.1", consoleBind: "127.0.0.1", httpPort: 1, httpsPort: 2, consolePort: 3}
	tests := map[string]struct {
		change func(*serveOptions)
		want   []string // flags the message names; none: it is fine
	}{
		"three ports":       {func(*serveOptions) {}, nil},
		"any free ones":     {func(o *serveOptions) { o.httpPort, o.httpsPort, o.consolePort = 0, 0, 0 }, nil},
		"both proxy doors":  {func(o *serveOptions) { o.httpsPort = 1 }, []string{"--http-port", "--https-port"}},
		"console too":       {func(o *serveOptions) { o.consolePort = 2 }, []string{"--https-port", "--console-port"}},
		"every address":     {func(o *serveOptions) { o.bind, o.consolePort = "0.0.0.0", 1 }, []string{"--http-port", "--console-port"}},
		"another address":   {func(o *serveOptions) { o.bind, o.consolePort = "127.0.0.2", 1 }, nil},
		"one name for both": {func(o *serveOptions) { o.bind, o.consolePort = "localhost", 1 }, []string{"--http-port", "--console-port"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := base
			tt.change(&o)
			err := o.check()
			if (err != nil) != (len(tt.want) > 0) {
				t.Fatalf("error %v", err)
			}
			for _, flag := range tt.want {
				if !strings.Contains(err.Error(), flag) {
					t.Errorf("%v does not name %s", err, flag)
				}
			}
		})
	}
}

func TestFlagValuesInPlainWords(t *testing.T) {
	tests := map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"port in the environment":   {nil, map[string]string{"POSTHOUSE_HTTP_PORT": "abc"}, `POSTHOUSE_HTTP_PORT is "abc", but must be a whole number`},
		"port":                      {[]string{"--http-port", "abc"}, nil, `--http-port is "abc", but must be a whole number`},
		"drain in the environment":  {nil, map[string]string{"POSTHOUSE_DRAIN": "soon"}, `POSTHOUSE_DRAIN is "soon", but must be a length of time`},
		"drain without a unit":      {[]string{"--drain", "30"}, nil, `--drain is "30", but must be a length of time`},
		"switch":                    {[]string{"--demo=perhaps"}, nil, `--demo is "perhaps", but must be true or false`},
		"switch in the environment": {nil, map[string]string{"POSTHOUSE_DEMO": "perhaps"}, `POSTHOUSE_DEMO is "perhaps", but must be true or false`},
		"port too large":            {nil, map[string]string{"POSTHOUSE_HTTP_PORT": "99999"}, "POSTHOUSE_HTTP_PORT: port 99999 is not between 0 and 65535"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			code, _, errs := command(t, "", tt.env, append([]string{"serve", "--data-dir", t.TempDir()}, tt.args...)...)
			if code != exitUsage || !strings.Contains(errs, tt.want) || strings.Contains(errs, "strconv") || strings.Contains(errs, "parse") {
				t.Errorf("exit code %d: %s", code, errs)
			}
		})
	}
}

func TestBannerInAContainer(t *testing.T) {
	empty := fstest.MapFS{}
	for name, tt := range map[string]struct {
		root fstest.MapFS
		env  map[string]string
		want bool
	}{
		"none":    {empty, nil, false},
		"docker":  {fstest.MapFS{".dockerenv": {}}, nil, true},
		"podman":  {fstest.MapFS{"run/.containerenv": {}}, nil, true},
		"by name": {empty, map[string]string{"container": "podman"}, true},
	} {
		if got := inContainer(tt.root, environment(tt.env)); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for mode, want := range map[proxy.AccessMode]bool{"": true, proxy.AccessLocal: true, proxy.AccessKeys: false, proxy.AccessOpen: false} {
		for _, container := range []bool{true, false} {
			var b strings.Builder
			a := announcement{container: container}
			a.withConfig(proxy.Config{Access: proxy.Access{Mode: mode}}).print(&b)
			if got := strings.Contains(b.String(), "need a consumer key"); got != (want && container) {
				t.Errorf("access %q, container %v: %s", mode, container, &b)
			}
		}
	}
}

func TestBannerNamesNoModelThatCannotAnswer(t *testing.T) {
	a := announcement{}.withConfig(proxy.Config{Providers: []proxy.Provider{
		{Name: "off", Vendor: "custom", Disabled: true, Models: []string{"m-off"}},
		{Name: "demo", Vendor: demoVendor, Models: []string{"m-demo"}},
	}})
	if a.model != "" || !a.noProvidersYet {
		t.Errorf("%+v", a)
	}
	a = announcement{}.withConfig(proxy.Config{Providers: []proxy.Provider{
		{Name: "demo", Vendor: demoVendor, Models: []string{"m-demo"}}, {Name: "own", Vendor: "custom", Models: []string{"m-own"}},
	}})
	if a.model != "m-own" || a.noProvidersYet {
		t.Errorf("%+v", a)
	}
}

// states are the switches of the demo's items: demo, demo-flaky, route demo.
func (c *console) states() []bool {
	var providers struct{ Providers []server.Provider }
	var routes struct{ Routes []server.Route }
	c.must(http.MethodGet, "/api/providers", nil, &providers)
	c.must(http.MethodGet, "/api/routes", nil, &routes)
	var out []bool
	for _, p := range providers.Providers {
		out = append(out, p.Enabled)
	}
	for _, r := range routes.Routes {
		out = append(out, r.Enabled)
	}
	return out
}

// TestStartWithoutTheDemo: what the demo set up rests while it is not there,
// and comes back with it, except for what an admin switched off.
func TestStartWithoutTheDemo(t *testing.T) {
	dir := t.TempDir()
	expect := func(i *instanceUnderTest, c *console, want ...bool) {
		t.Helper()
		if got := c.states(); !slices.Equal(got, want) {
			t.Errorf("switched on: %v, want %v\n%s", got, want, i.log)
		}
	}
	i := serve(t, dir, "--demo")
	c := i.setUp()
	expect(i, c, true, true, true)
	i.stop()

	i = serve(t, dir)
	c, _ = i.login(adminPassword)
	expect(i, c, false, false, false)
	if n := strings.Count(i.log.String(), "demo's providers"); n != 1 {
		t.Errorf("%d lines: %s", n, i.log)
	}
	if strings.Contains(i.out.String(), "chat/completions") || !strings.Contains(i.out.String(), "There is no provider yet") {
		t.Errorf("the banner promises what cannot be kept: %s", i.out)
	}
	i.stop()

	i = serve(t, dir) // twice changes nothing more
	if strings.Contains(i.log.String(), "demo's providers") {
		t.Errorf("said again: %s", i.log)
	}
	i.stop()

	i = serve(t, dir, "--demo")
	c, _ = i.login(adminPassword)
	expect(i, c, true, true, true)
	var routes struct{ Routes []server.Route }
	c.must(http.MethodGet, "/api/routes", nil, &routes)
	c.must(http.MethodPost, "/api/routes/"+routes.Routes[0].ID+"/disable", nil, nil)
	i.stop()

	serve(t, dir).stop()
	i = serve(t, dir, "--demo")
	c, _ = i.login(adminPassword)
	expect(i, c, true, true, false)
}
