package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// The marks between which the table stands in the page.
const (
	tableBegin = "<!-- bench: begin -->"
	tableEnd   = "<!-- bench: end -->"
)

// table writes the figures as Markdown.
func (b *bench) table(ctx context.Context, s *still) string {
	var t strings.Builder
	fmt.Fprintf(&t, "Measured on %s: %s. %s. Median of %d alternating rounds of %v (lowest…highest).\n",
		time.Now().UTC().Format(time.DateOnly), machine(), b.versions(ctx), b.rounds, b.duration)
	if b.note != "" {
		fmt.Fprintf(&t, "%s\n", b.note)
	}
	t.WriteString("\n| | ReverseProxy | Posthouse | ratio | must | aim |\n|---|---|---|---|---|---|\n")
	for _, r := range b.rows {
		sign, ratio := "≤", fmt.Sprintf("**%.2f**", r.own.Ratio)
		if r.atLeast {
			sign = "≥"
		}
		must, aim := fmt.Sprintf("%s %g", sign, r.must), fmt.Sprintf("%s %g", sign, r.aim)
		if r.absolute {
			must, aim = must+" "+r.unit, aim+" "+r.unit
		}
		fmt.Fprintf(&t, "| %s | %s | %s | %s | %s | %s |\n", r.what, spread(r.base.Median, r.base.Low, r.base.High, r.unit), spread(r.own.Median, r.own.Low, r.own.High, r.unit), ratio, must, aim)
	}
	var failed, calls int64
	for _, r := range b.rows {
		failed, calls = failed+r.failed, calls+r.calls
	}
	fmt.Fprintf(&t, "| answers lost, cut short or mixed up | | %d of %d | | 0 | |\n", failed, calls+failed)
	fmt.Fprintf(&t, "| rows in the log per call answered | | %d / %d | | 1 | |\n", s.rows, s.answered)
	fmt.Fprintf(&t, "| memory when idle (of it pages of the program's file) | | %.0f MB (%.0f MB) | | ≤ 40 MB | 25 MB |\n", megabytes(s.idle), megabytes(s.mapped))
	fmt.Fprintf(&t, "| start to the first answer | | %d ms | | ≤ 300 ms | 100 ms |\n", s.start.Milliseconds())
	fmt.Fprintf(&t, "| the program with the console | | %.1f MB | | ≤ 45 MB | 35 MB |\n", megabytes(s.binary))
	return t.String()
}

func spread(median, low, high float64, unit string) string {
	digits := 0
	switch {
	case median < 1:
		digits = 3
	case median < 100:
		digits = 1
	}
	return fmt.Sprintf("%.*f %s (%.*f…%.*f)", digits, median, unit, digits, low, digits, high)
}

func megabytes(n int64) float64 { return float64(n) / (1 << 20) }

// machine says what the figures were taken on.
func machine() string {
	name := runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer func() { _ = f.Close() }()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
				name = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s/%s", name, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}

// versions says what was measured.
func (b *bench) versions(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, b.program, "version").Output() //nolint:gosec // the program that the user names
	if err != nil {
		return "posthouse of an unknown version, " + runtime.Version()
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line + "; the yardsticks are built with " + runtime.Version()
}

// replaceTable puts the table into a page.
func replaceTable(file, table string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("the page: %w", err)
	}
	before, rest, begins := strings.Cut(string(b), tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		return fmt.Errorf("%s has no marks %s and %s for the table", file, tableBegin, tableEnd)
	}
	page := before + tableBegin + "\n" + table + tableEnd + after
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil { //nolint:gosec // a page of the documentation is for everybody
		return fmt.Errorf("the page: %w", err)
	}
	return nil
}
