package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/lab"
)

// dialectModels are models that a vendor of each dialect serves: names without
// a slash, for some clients read one as a path.
var dialectModels = []string{"by-chat", "by-responses", "by-anthropic", "by-gemini", "by-bedrock"}

// serveDialects starts the program before a fake vendor of each dialect.
func serveDialects(t *testing.T) *instanceUnderTest {
	t.Helper()
	base := startLabServer(t, lab.New(lab.Options{Pace: -1}))
	dir := t.TempDir()
	document := filepath.Join(dir, "config.yaml")
	text := "version: 1\nproviders:\n"
	for name, vendor := range map[string]string{
		"chat": "custom /v1", "responses": "openai /v1", "anthropic": "anthropic ", "gemini": "gemini /v1beta", "bedrock": "bedrock ",
	} {
		id, path, _ := strings.Cut(vendor, " ")
		text += fmt.Sprintf("  - {name: %[1]s, vendor: %[2]s, base_url: %[3]s/p/%[1]s%[4]s, allow_private: true, keys: [{name: k, value: key-of-%[1]s}]}\n", name, id, base, path)
	}
	text += "routes:\n"
	for _, model := range dialectModels {
		provider, target := strings.TrimPrefix(model, "by-"), "lab-reason-tools2"
		if provider == "responses" {
			target = "lab-codex-reason-tools2" // a model without chat completions, or those would be asked
		}
		text += fmt.Sprintf("  - {name: %[1]s, match: {models: [{value: %[1]s}]}, targets: [{provider: %[2]s, model: %[3]s}]}\n", model, provider, target)
	}
	if err := os.WriteFile(document, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return serve(t, filepath.Join(dir, "data"), "--config", document)
}

// TestDialectsNode drives the program with the vendors' clients for Node: each
// client against a vendor of each dialect.
func TestDialectsNode(t *testing.T) {
	for _, name := range []string{"openai", "@anthropic-ai/sdk", "@google/genai", "ai"} {
		if _, err := os.Stat(filepath.Join("testdata", "sdk", "node_modules", filepath.FromSlash(name))); err != nil {
			t.Fatal("the package " + name + " is not installed: run make test, or npm ci in cmd/posthouse/testdata/sdk")
		}
	}
	i := serveDialects(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	node := exec.CommandContext(ctx, "node", "--test", "dialects.test.mjs")
	node.Dir = filepath.Join("testdata", "sdk")
	node.Env = append(os.Environ(), "POSTHOUSE_URL="+i.info.ProxyHTTP, "POSTHOUSE_MODELS="+strings.Join(dialectModels, ","))
	out, err := node.CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "# fail 0") && !strings.Contains(string(out), "ℹ fail 0") {
		t.Errorf("no closing count in:\n%s", out)
	}
}
