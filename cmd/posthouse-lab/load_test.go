package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/lab/load"
)

// TestMain is the program itself where a test starts it as a child.
func TestMain(m *testing.M) {
	if os.Getenv("POSTHOUSE_LAB_CHILD") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestLoadAndCompareAgainstChildren(t *testing.T) {
	env := []string{"POSTHOUSE_LAB_CHILD=1"}
	stub, err := startTool(t.Context(), io.Discard, env, "stub", "--addr", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stub.stop()
	rp, err := startTool(t.Context(), io.Discard, env, "reverseproxy", "--addr", "127.0.0.1:0", "--to", stub.url)
	if err != nil {
		t.Fatal(err)
	}
	defer rp.stop()
	var out bytes.Buffer
	err = command(&out, io.Discard).Run(t.Context(), []string{"posthouse-lab", "load", "--json", "--calls", "50", "--conns", "4", "--warm", "0s", "--vendor", stub.url, rp.url})
	if err != nil {
		t.Fatal(err)
	}
	var res load.Result
	if err := json.Unmarshal(out.Bytes(), &res); err != nil || res.All != 50 || res.Failed != 0 || res.Vendor.Calls != 50 {
		t.Errorf("%v: %s", err, out.String())
	}
	out.Reset()
	err = command(&out, io.Discard).Run(t.Context(), []string{"posthouse-lab", "compare", "--rounds", "2", "--calls", "50", "--conns", "4", "--stream", "--target", "direct=" + stub.url, "--target", "rp=" + rp.url})
	if err != nil || !strings.Contains(out.String(), "added_first_token_p50_ms") || !strings.Contains(out.String(), "0 of 100") {
		t.Errorf("%v: %s", err, out.String())
	}
	for _, args := range [][]string{
		{"load"},
		{"load", "https://api.example.com/v1"},
		{"load", "--conns", "0", stub.url},
		{"compare", "--target", "x"},
		{"compare", "--target", "x=" + stub.url + ",-1"},
		{"reverseproxy", "--to", "nowhere"},
	} {
		if err := command(io.Discard, io.Discard).Run(t.Context(), append([]string{"posthouse-lab"}, args...)); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

func TestTargets(t *testing.T) {
	got := joined([]string{"a=http://x/v1", "12", "b=http://y/v1"})
	if want := []string{"a=http://x/v1,12", "b=http://y/v1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if target, err := parseTarget("a=http://x/v1,12", "k"); err != nil || target != (load.Target{Name: "a", URL: "http://x/v1", PID: 12, Key: "k"}) {
		t.Errorf("%+v, %v", target, err)
	}
}

func TestCasesCanBeRun(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases() {
		if seen[c.name] || len(c.targets) == 0 || len(c.rows) == 0 {
			t.Errorf("case %q is given twice or says nothing", c.name)
		}
		seen[c.name] = true
		for _, r := range c.rows {
			if r.must == 0 || r.aim == 0 || r.atLeast != (r.aim > r.must) {
				t.Errorf("%s: %+v", c.name, r)
			}
		}
	}
}

func TestTableGoesBetweenTheMarks(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("# A\n"+tableBegin+"\nold\n"+tableEnd+"\nrest\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := replaceTable(page, "new\n"); err != nil {
			t.Fatal(err)
		}
	}
	if b, _ := os.ReadFile(page); string(b) != "# A\n"+tableBegin+"\nnew\n"+tableEnd+"\nrest\n" {
		t.Errorf("%s", b)
	}
	if err := os.WriteFile(page, []byte("no marks"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replaceTable(page, "new\n"); err == nil {
		t.Error("a page without marks was taken")
	}
}
