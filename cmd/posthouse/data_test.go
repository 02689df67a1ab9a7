package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// document is a configuration that a container could start with.
func document(base string) string {
	return `providers:
  - name: vendor
    vendor: custom
    base_url: ` + base + `
    allow_private: true
    models: [lab-one]
    keys:
      - name: main
        value: ${VENDOR_KEY}
routes:
  - name: safe
    match:
      models: [{value: qwen-max}]
    targets:
      - {provider: vendor, model: fault-e503}
    fallback:
      - targets: [{provider: vendor, model: lab-one}]
`
}

// writeDocument writes a document to a file.
func writeDocument(t *testing.T, doc string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "posthouse.yaml")
	if err := os.WriteFile(name, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestServeWithConfig(t *testing.T) {
	_, base := newVendor(t)
	file := writeDocument(t, document(base))
	i := launch(t, t.TempDir(), map[string]string{"VENDOR_KEY": vendorKey}, "--config", file)
	i.ready()
	askBothDoors(t, i)
}

func TestServeWithBadConfig(t *testing.T) {
	_, base := newVendor(t)
	tests := []struct {
		name string
		doc  string
		says []string
	}{
		{"a variable is missing", document(base), []string{"providers[0].keys[0]", "VENDOR_KEY"}},
		{"two faults are both told", `providers:
  - {name: a, vendor: nobody}
routes:
  - {name: r, targets: [{provider: ghost}]}
`, []string{"providers[0].vendor", "routes[0]"}},
		{"not YAML", "{", []string{"posthouse.yaml"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			i := launch(t, dir, nil, "--config", writeDocument(t, tt.doc))
			if code := i.wait(); code != 1 {
				t.Errorf("exit code %d", code)
			}
			for _, s := range tt.says {
				if !strings.Contains(i.log.String(), s) {
					t.Errorf("the message does not say %q: %s", s, i.log)
				}
			}
			if doc := mustCommand(t, "", "export", "--data-dir", dir); strings.Contains(doc, "name: vendor") {
				t.Errorf("a part was applied: %s", doc)
			}
		})
	}
}

func TestApplyAndExport(t *testing.T) {
	_, base := newVendor(t)
	file := writeDocument(t, document(base))
	first, second := t.TempDir(), t.TempDir()
	env := map[string]string{"VENDOR_KEY": vendorKey}

	_, dry, _ := command(t, "", env, "apply", "-f", file, "--dry-run", "--data-dir", first)
	if !strings.Contains(dry, "+ ") || !strings.Contains(dry, "dry run") {
		t.Errorf("the plan: %s", dry)
	}
	if doc := mustCommand(t, "", "export", "--data-dir", first); strings.Contains(doc, "name: vendor") {
		t.Errorf("a dry run applied something: %s", doc)
	}
	code, out, errs := command(t, "", env, "apply", "-f", file, "--data-dir", first)
	if code != 0 || !strings.Contains(out, "+ ") {
		t.Fatalf("apply: %d %s%s", code, out, errs)
	}
	if _, again, _ := command(t, "", env, "apply", "-f", file, "--data-dir", first); strings.Contains(again, "+ ") {
		t.Errorf("applied twice, it changes something: %s", again)
	}
	doc := mustCommand(t, "", "export", "--data-dir", first)
	if strings.Contains(doc, vendorKey) {
		t.Error("the export holds the key")
	}
	// The same document again is what is there; a changed one is a change.
	if out := mustCommand(t, doc, "apply", "-f", "-", "--data-dir", first); !strings.Contains(out, "Nothing to change") {
		t.Errorf("export and apply differ: %s\n%s", out, doc)
	}
	changed := strings.Replace(doc, "lab-one", "lab-two", 1)
	if out := mustCommand(t, changed, "apply", "-f", "-", "--data-dir", first); !strings.Contains(out, "~ ") {
		t.Errorf("the plan of a change: %s", out)
	}
	code, _, errs = command(t, doc, nil, "apply", "-f", "-", "--data-dir", second)
	if code == 0 || !strings.Contains(errs, "keys[0]") {
		t.Errorf("a key that is nowhere was accepted: %d %s", code, errs)
	}
}

func TestApplyToARunningServer(t *testing.T) {
	i := serve(t, t.TempDir())
	c := i.setUp()
	_, base := newVendor(t)
	file := writeDocument(t, document(base))
	env := map[string]string{"VENDOR_KEY": vendorKey}
	code, _, errs := command(t, "", env, "apply", "-f", file, "--data-dir", i.dir)
	if code != 1 || !strings.Contains(errs, "POSTHOUSE_TOKEN") {
		t.Fatalf("without a token: %d %s", code, errs)
	}
	var token struct {
		Key string `json:"key"`
	}
	c.must("POST", "/api/tokens", map[string]any{"name": "ci"}, &token)
	env["POSTHOUSE_TOKEN"] = token.Key
	code, out, errs := command(t, "", env, "apply", "-f", file, "--data-dir", i.dir, "--dry-run")
	if code != 0 || !strings.Contains(out, "+ ") {
		t.Fatalf("dry run: %d %s%s", code, out, errs)
	}
	code, out, errs = command(t, "", env, "apply", "-f", file, "--data-dir", i.dir)
	if code != 0 || !strings.Contains(out, "+ ") {
		t.Fatalf("apply: %d %s%s", code, out, errs)
	}
	askBothDoors(t, i)
	code, _, errs = command(t, "routes:\n  - {name: r, targets: [{provider: ghost}]}\n", env, "apply", "-f", "-", "--url", i.info.Console)
	if code != 1 || !strings.Contains(errs, "routes[0]") {
		t.Errorf("a bad document: %d %s", code, errs)
	}
}

func TestResetPassword(t *testing.T) {
	i := serve(t, t.TempDir())
	c := i.setUp()
	const fresh = "another long password"
	mustCommand(t, fresh+"\n", "reset-password", "--name", adminName, "--data-dir", i.dir) // while it runs
	if status, _ := c.do("GET", "/api/me", nil); status != 401 {
		t.Errorf("the old session still works: %d", status)
	}
	if _, status := i.login(adminPassword); status/100 == 2 {
		t.Error("the old password still works")
	}
	if _, status := i.login(fresh); status/100 != 2 {
		t.Errorf("the new password does not work: %d", status)
	}
	i.stop()
	out := mustCommand(t, "", "reset-password", "--generate", "--data-dir", i.dir) // while it does not
	_, made, _ := strings.Cut(out, "Password: ")
	again := serve(t, i.dir)
	if _, status := again.login(strings.TrimSpace(made)); status/100 != 2 {
		t.Errorf("the generated password does not work: %d", status)
	}
	for name, stdin := range map[string]string{adminName: "short\n", "nobody": fresh + "\n"} {
		if code, _, errs := command(t, stdin, nil, "reset-password", "--name", name, "--data-dir", i.dir); code == 0 {
			t.Errorf("%s %q: %s", name, stdin, errs)
		}
	}
}

func TestBackupAndRestore(t *testing.T) {
	dir := t.TempDir()
	i := serveWithVendorIn(t, dir)
	files := t.TempDir()
	bare, whole := filepath.Join(files, "bare.tar.gz"), filepath.Join(files, "whole.tar.gz")
	mustCommand(t, "", "backup", "--out", bare, "--data-dir", dir) // while it runs
	mustCommand(t, "", "backup", "--out", whole, "--include-key", "--data-dir", dir)
	if info, err := os.Stat(whole); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("backup file: %v %v", info, err)
	}
	if code, _, errs := command(t, "", nil, "restore", "--in", whole, "--yes", "--data-dir", dir); code != 1 || !strings.Contains(errs, "stop") {
		t.Errorf("restore into a running server: %d %s", code, errs)
	}
	if code, _, errs := command(t, "", nil, "compact", "--data-dir", dir); code != 1 || !strings.Contains(errs, "stop") {
		t.Errorf("compact under a running server: %d %s", code, errs)
	}
	i.stop()
	if out := mustCommand(t, "", "compact", "--data-dir", dir); !strings.Contains(out, "MB now") {
		t.Errorf("compact: %s", out)
	}

	elsewhere := filepath.Join(t.TempDir(), "new")
	mustCommand(t, "", "restore", "--in", whole, "--data-dir", elsewhere)
	again := serve(t, elsewhere)
	askBothDoors(t, again)
	again.stop()

	if code, _, _ := command(t, "n\n", nil, "restore", "--in", bare, "--data-dir", elsewhere); code != 1 {
		t.Error("restored without a yes")
	}
	out := mustCommand(t, "", "restore", "--in", bare, "--data-dir", filepath.Join(t.TempDir(), "keyless"))
	if !strings.Contains(out, masterKeyFile) {
		t.Errorf("nothing is said about the missing key: %s", out)
	}
	broken := filepath.Join(files, "broken.tar.gz")
	b, err := os.ReadFile(whole) //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, "", nil, "restore", "--in", broken, "--yes", "--data-dir", elsewhere); code != 1 {
		t.Errorf("half a backup was restored: %s", errs)
	}
	askBothDoors(t, serve(t, elsewhere))
}

func TestDoctor(t *testing.T) {
	dir := t.TempDir()
	ports := []string{"--http-port", "0", "--https-port", "0", "--console-port", "0"}
	doctor := func(args ...string) (int, string) {
		t.Helper()
		code, out, _ := command(t, "", nil, slices.Concat([]string{"doctor", "--data-dir", dir}, ports, args)...)
		return code, out
	}
	if code, out := doctor(); code != 0 {
		t.Errorf("an empty folder: %d\n%s", code, out)
	}
	i := serveWithVendorIn(t, dir)
	if code, out := doctor("--online"); code != 0 || !strings.Contains(out, "vendor, key main") {
		t.Errorf("a running server: %d\n%s", code, out)
	}
	i.stop()
	key := filepath.Join(dir, masterKeyFile)
	b, err := os.ReadFile(key) //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if code, out := doctor(); code != 1 || !strings.Contains(out, "WRONG  master key") {
		t.Errorf("without the master key: %d\n%s", code, out)
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("doctor made a new master key")
	}
	if err := os.WriteFile(key, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // that is the test
		t.Fatal(err)
	}
	if code, out := doctor(); code != 1 || !strings.Contains(out, "chmod 700") {
		t.Errorf("an open folder: %d\n%s", code, out)
	}
}

func TestVendorsAndCheckKey(t *testing.T) {
	lines := strings.Split(strings.TrimRight(mustCommand(t, "", "vendors"), "\n"), "\n")
	for _, l := range lines {
		if strings.Count(l, "\t") != 5 {
			t.Errorf("not six columns: %q", l)
		}
	}
	if len(lines) < 35 {
		t.Errorf("only %d vendors", len(lines))
	}
	_, base := newVendor(t)
	tests := []struct {
		name, stdin, base, says string
		code                    int
	}{
		{"taken", vendorKey + "\n", base, "ok: ", 0},
		{"refused", "sk-wrong-0000000000\n", base, "refused: ", 1},
		{"not reached", vendorKey, "http://127.0.0.1:1/v1", "cannot tell: ", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := command(t, tt.stdin, nil, "check-key", "--vendor", "custom", "--base-url", tt.base)
			if code != tt.code || !strings.HasPrefix(out, tt.says) || strings.Count(out, "\n") != 1 {
				t.Errorf("exit %d\n%s%s", code, out, errs)
			}
			if strings.Contains(out+errs, vendorKey) {
				t.Error("the key was printed")
			}
		})
	}
}

func TestFillIn(t *testing.T) {
	env := environment(map[string]string{"A": "sk-1\"x", "B": "b"})
	tests := []struct{ name, doc, want string }{
		{"plain", "providers:\n  - name: p\n    keys:\n      - name: k\n        value: ${A} # main\n", "providers:\n  - name: p\n    keys:\n      - name: k\n        value: \"sk-1\\\"x\" # main\n"},
		{
			"in one line", `providers: [{name: p, keys: [{name: "${A}", value: "${A}"}, {name: é, value: '${B}'}]}]`,
			`providers: [{name: p, keys: [{name: "${A}", value: "sk-1\"x"}, {name: é, value: "b"}]}]`,
		},
		{"not set", "providers: [{keys: [{value: '${C}'}]}]", "providers: [{keys: [{value: '${C}'}]}]"},
		{"elsewhere", "providers: [{name: '${A}'}]", "providers: [{name: '${A}'}]"},
		{"not YAML", "{", "{"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(fillIn([]byte(tt.doc), env)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func FuzzFillIn(f *testing.F) {
	f.Add("providers: [{keys: [{value: '${A}'}]}]")
	f.Add("providers:\n- keys:\n  - value: >-\n      ${A}\n")
	env := environment(map[string]string{"A": "x"})
	f.Fuzz(func(t *testing.T, doc string) {
		out := fillIn([]byte(doc), env)
		if strings.Count(string(out), "\n") != strings.Count(doc, "\n") {
			t.Errorf("the lines moved: %q → %q", doc, out)
		}
	})
}
