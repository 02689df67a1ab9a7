package main_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/posthouse/posthouse/"

// direction says whom each package may import besides the standard library:
// our own packages by their folder ("proxy/..." is proxy and all below it),
// others by the beginning of their path. "*" is everything. A new package
// needs a row here, which is the moment to think about its place.
func direction() map[string][]string {
	leaf := []string{"golang.org/x/net/", "github.com/go-json-experiment/json"}
	dialect := []string{"proxy/llm", "proxy/sse", "proxy/rawjson", "proxy/protocol", "github.com/go-json-experiment/json"}
	return map[string][]string{
		"proxy/llm":      leaf,
		"proxy/sse":      leaf,
		"proxy/catalog":  append([]string{"proxy/protocol"}, leaf...), // a vendor's departures are said in a protocol's words
		"proxy/rawjson":  leaf,
		"proxy/blackout": nil,
		"proxy/price":    {"proxy/llm", "proxy/catalog"},
		"proxy/count":    {"github.com/tiktoken-go/tokenizer/codec"},
		"proxy/protocol": dialect,

		"proxy/protocol/openai":    dialect,
		"proxy/protocol/anthropic": dialect,
		"proxy/protocol/bedrock":   dialect,
		"proxy/protocol/cohere":    dialect,
		"proxy/protocol/dashscope": dialect,
		"proxy/protocol/gemini":    dialect,
		"proxy/protocol/ollama":    append([]string{"proxy/protocol/openai"}, dialect...), // it reads lists of models as OpenAI's imitators write them
		"proxy/protocol/vertex":    append([]string{"proxy/protocol/gemini"}, dialect...), // its errors are those of all of Google
		"proxy/protocol/responses": append([]string{"proxy/protocol/openai"}, dialect...), // it shares OpenAI's errors

		"proxy/http1":        leaf,
		"proxy/lab/load":     {"proxy/lab"},
		"proxy/lab":          {"golang.org/x/sys/", "proxy/llm", "proxy/sse", "proxy/rawjson", "github.com/klauspost/compress", "github.com/andybalholm/brotli"},
		"proxy":              {"proxy/...", "golang.org/x/", "github.com/klauspost/compress", "github.com/andybalholm/brotli", "github.com/go-json-experiment/json", "github.com/aws/aws-sdk-go-v2/aws"},
		"migrations":         {"github.com/pressly/goose/v3"},
		"web":                nil,
		"server/tally":       nil,
		"server/store":       {"proxy/...", "server/alert", "server/tally", "migrations", "gorm.io/", "github.com/glebarez/", "github.com/pressly/goose/v3", "modernc.org/sqlite", "golang.org/x/"},
		"server/auth":        {"proxy", "github.com/golang-jwt/jwt/v5", "golang.org/x/"},
		"server/usage":       {"proxy/...", "server/store", "server/tally", "golang.org/x/sync"},
		"server/usage/flood": {"proxy/..."},
		"server/traces":      {"proxy/...", "go.opentelemetry.io/otel"},
		"server/alert":       {"proxy", "proxy/llm", "proxy/price"},
		"server/metrics":     {"proxy/...", "github.com/prometheus/client_golang"},
		"server":             {"proxy/...", "server/store", "server/auth", "server/tally", "server/usage", "server/metrics", "server/traces", "server/alert", "web", "github.com/gin-gonic/gin", "github.com/danielgtaylor/huma/v2", "go.yaml.in/yaml/v3", "github.com/go-json-experiment/json", "golang.org/x/"},
		"cmd/posthouse":      {"*"},
		"cmd/posthouse-lab":  {"proxy/...", "github.com/urfave/cli/v3"},
	}
}

// few says which libraries are kept to a few files of one package.
func few() map[string]struct {
	dir   string
	files int
} {
	type place = struct {
		dir   string
		files int
	}
	return map[string]place{
		"github.com/gin-gonic/gin": {"server", 3},
		"gorm.io/":                 {"server/store", 100},
	}
}

// TestImportsPointOneWay keeps the direction of dependency: the data plane
// never learns of the control plane, and only cmd knows everything.
func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	allowed := direction()
	users := map[string]map[string]bool{}
	for file, imports := range sourceFiles(t) {
		dir := path.Dir(file)
		rules, known := allowed[dir]
		if !known {
			t.Errorf("%s: package %s has no row in the direction table", file, dir)
			continue
		}
		for _, imported := range imports {
			if !permitted(rules, imported) {
				t.Errorf("%s imports %s, which %s may not know", file, imported, dir)
			}
			for lib, place := range few() {
				if !strings.HasPrefix(imported, lib) || dir == "cmd/posthouse" {
					continue
				}
				if dir != place.dir {
					t.Errorf("%s imports %s, which belongs to %s alone", file, imported, place.dir)
				}
				if users[lib] == nil {
					users[lib] = map[string]bool{}
				}
				users[lib][file] = true
			}
		}
	}
	for lib, files := range users {
		if most := few()[lib].files; len(files) > most {
			t.Errorf("%s is imported by %d files, at most %d may know it: %v", lib, len(files), most, files)
		}
	}
}

// permitted reports whether an import is in the standard library or allowed.
func permitted(rules []string, imported string) bool {
	own, ours := strings.CutPrefix(imported, module)
	first, _, _ := strings.Cut(imported, "/")
	if !ours && !strings.Contains(first, ".") {
		return true
	}
	for _, rule := range rules {
		tree, all := strings.CutSuffix(rule, "/...")
		switch {
		case rule == "*", ours && own == rule:
			return true
		case all && ours && (own == tree || strings.HasPrefix(own, tree+"/")):
			return true
		case !ours && strings.Contains(rule, ".") && strings.HasPrefix(imported, rule):
			return true
		}
	}
	return false
}

// sourceFiles maps every Go file of the repository that is not a test to what
// it imports.
func sourceFiles(t *testing.T) map[string][]string {
	t.Helper()
	root := repository(t)
	files := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && name != root && (base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".")) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		files[relative] = nil
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			files[relative] = append(files[relative], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("only %d Go files were found below %s", len(files), root)
	}
	return files
}
