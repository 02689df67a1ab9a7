package metrics_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/server/metrics"
)

// all is every metric there is, by name, with its labels: those of one that has
// recorded everything.
func all(t *testing.T) map[string][]string {
	t.Helper()
	m := metrics.New(metrics.Options{
		Version: "1", InFlight: func() int { return 1 },
		Targets: func() []proxy.TargetState {
			return []proxy.TargetState{{Provider: "p", Model: "m", Class: llm.ClassCut}}
		},
		Keys: func() map[string]proxy.KeyState {
			return map[string]proxy.KeyState{"k": {Provider: "p", State: proxy.KeyBenched}}
		},
		Records: func() (int64, int64, int64) { return 1, 1, 1 },
	})
	m.Configure(true, true)
	r := served("m1")
	r.Rescued = true
	m.Record(r)
	unpriced := served("m1")
	unpriced.Cost = proxy.Cost{}
	m.Record(unpriced)
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, f := range families {
		labels := map[string]bool{"le": f.GetMetric()[0].GetHistogram() != nil}
		for _, one := range f.GetMetric() {
			for _, l := range one.GetLabel() {
				labels[l.GetName()] = true
			}
		}
		found[f.GetName()] = slices.Collect(maps.Keys(labels))
	}
	return found
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	metricName = regexp.MustCompile(`\b(?:posthouse|gen_ai|go|process)_[a-z0-9_]+\b`)
	by         = regexp.MustCompile(`\b(?:by|without) \(([a-z_, ]+)\)`)
	selector   = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"`)
)

// metricsOf finds the metrics an expression asks for: what is neither a label
// it groups by nor one it selects.
func metricsOf(expr string, there map[string][]string) (names, labels []string) {
	for _, m := range by.FindAllStringSubmatch(expr, -1) {
		labels = append(labels, strings.Split(strings.ReplaceAll(m[1], " ", ""), ",")...)
	}
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		labels = append(labels, m[1])
	}
	for _, name := range metricName.FindAllString(by.ReplaceAllString(expr, ""), -1) {
		if slices.Contains(labels, name) || strings.Contains(expr, ", "+name+")") {
			continue
		}
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if short, ok := strings.CutSuffix(name, suffix); ok && there[short] != nil {
				name = short
			}
		}
		names = append(names, name)
	}
	return names, labels
}

func TestDashboardAndRulesAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	there := all(t)
	var dashboard struct {
		Templating struct{ List []struct{ Query string } }
		Panels     []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "grafana/posthouse.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	exprs := map[string][]string{}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			exprs[p.Title] = append(exprs[p.Title], target.Expr)
		}
	}
	for _, v := range dashboard.Templating.List {
		exprs["variable"] = append(exprs["variable"], v.Query)
	}
	rules := strings.Split(read(t, "grafana/alerts.yml"), "- alert: ")[1:]
	for _, rule := range rules {
		_, expr, _ := strings.Cut(rule, "expr:")
		expr, _, _ = strings.Cut(expr, "labels:")
		exprs["rule "+strings.Fields(rule)[0]] = []string{expr}
	}
	if len(dashboard.Panels) < 10 || len(rules) < 5 {
		t.Fatalf("%d panels, %d rules", len(dashboard.Panels), len(rules))
	}
	for title, list := range exprs {
		for _, expr := range list {
			names, labels := metricsOf(expr, there)
			if len(names) == 0 && title != "variable" {
				t.Errorf("%s asks for nothing: %s", title, expr)
			}
			known := []string{}
			for _, name := range names {
				if there[name] == nil {
					t.Errorf("%s: there is no %s", title, name)
				}
				known = append(known, there[name]...)
			}
			for _, label := range labels {
				if !slices.Contains(known, label) {
					t.Errorf("%s: %v have no label %s", title, names, label)
				}
			}
		}
	}
}

func TestDocumentationListsEveryMetric(t *testing.T) {
	t.Parallel()
	there := all(t)
	text := read(t, "metrics.md")
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("`((?:posthouse|gen_ai)_[a-z_]+)`").FindAllStringSubmatch(text, -1) {
		listed[m[1]] = true
		if there[m[1]] == nil {
			t.Errorf("metrics.md lists %s, which there is not", m[1])
		}
	}
	for name := range there {
		if !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") && !listed[name] {
			t.Errorf("metrics.md does not list %s", name)
		}
	}
}
