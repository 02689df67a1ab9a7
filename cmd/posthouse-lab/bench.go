package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/posthouse/posthouse/proxy/lab/load"
)

// The targets of the standard set, besides load.Direct.
const (
	targetRP        = "reverseproxy" // with the body read first
	targetPipe      = "piping"       // the same, but it pipes bodies on
	targetPosthouse = "posthouse"
)

func benchCommand(out, logs io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "run the standard set against a posthouse binary with everything on, and write its table",
		Description: "It starts the stub, both reverse proxies and posthouse on free ports of the loopback address, in a folder\n" +
			"that is removed at the end, and lets them take turns. CPU time and memory are read from /proc, so this needs Linux.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "posthouse", Value: "bin/posthouse", Usage: "the `PROGRAM` to measure"},
			&cli.StringFlag{Name: "out", Usage: "a Markdown `FILE` whose table between the bench marks is replaced; printed without it"},
			&cli.StringSliceFlag{Name: "only", Usage: "run only this `CASE`; may be given again: " + strings.Join(caseNames(), ", ")},
			&cli.DurationFlag{Name: "duration", Value: 5 * time.Second, Usage: "`TIME` of each run"},
			&cli.IntFlag{Name: "rounds", Value: 5, Usage: "`ROUNDS`: each target has one turn in each"},
			&cli.StringFlag{Name: "note", Usage: "a `SENTENCE` about the circumstances, for the table's head"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if runtime.GOOS != "linux" {
				return fmt.Errorf("bench reads CPU time and memory from /proc, which only Linux has")
			}
			b := &bench{
				logs: logs, program: c.String("posthouse"), only: c.StringSlice("only"),
				duration: c.Duration("duration"), rounds: c.Int("rounds"), note: c.String("note"),
			}
			table, err := b.run(ctx)
			if err != nil {
				return err
			}
			if c.String("out") == "" {
				_, err := io.WriteString(out, table)
				return err
			}
			return replaceTable(c.String("out"), table)
		},
	}
}

// bench is a run of the standard set.
type bench struct {
	logs     io.Writer
	program  string
	only     []string
	duration time.Duration
	rounds   int
	note     string

	dir      string
	vendor   *child
	children map[string]*child // by target
	rows     []line
}

// line is a line of the table.
type line struct {
	row
	own, base load.Spread
	failed    int64
	calls     int64
}

// run starts everything, runs the cases and returns the table.
func (b *bench) run(ctx context.Context) (string, error) {
	for _, name := range b.only {
		if !slices.Contains(caseNames(), name) {
			return "", fmt.Errorf("--only %q is no case: %s", name, strings.Join(caseNames(), ", "))
		}
	}
	var err error
	if b.dir, err = os.MkdirTemp("", "posthouse-bench-"); err != nil {
		return "", fmt.Errorf("a folder for the data: %w", err)
	}
	defer func() { _ = os.RemoveAll(b.dir) }() // what is left is in the temporary folder
	if b.program, err = filepath.Abs(b.program); err != nil {
		return "", fmt.Errorf("%s: %w", b.program, err)
	}
	b.children = map[string]*child{}
	defer b.stopAll()
	if b.vendor, err = startTool(ctx, b.logs, nil, "stub", "--addr", "127.0.0.1:0"); err != nil {
		return "", err
	}
	for _, c := range cases() {
		if len(b.only) > 0 && !slices.Contains(b.only, c.name) {
			continue
		}
		if err := b.measure(ctx, &c); err != nil {
			return "", fmt.Errorf("case %s: %w", c.name, err)
		}
	}
	still, err := b.still(ctx)
	if err != nil {
		return "", err
	}
	return b.table(ctx, still), nil
}

// measure runs one case.
func (b *bench) measure(ctx context.Context, c *benchCase) error {
	_, _ = fmt.Fprintf(b.logs, "%s: %s\n", c.name, c.what)
	plan := c.plan
	plan.Vendor, plan.Duration, plan.Timeout = b.vendor.url, b.duration, time.Minute
	if plan.Warm == 0 {
		plan.Warm = time.Second
	}
	comparison := load.Comparison{Plan: plan, Base: c.targets[0], Rounds: b.rounds}
	if c.direct {
		comparison.Targets = append(comparison.Targets, load.Target{Name: load.Direct, URL: b.vendor.url})
	}
	for _, name := range append(slices.Clone(c.targets), targetPosthouse) {
		comparison.Targets = append(comparison.Targets, load.Target{Name: name, Key: consumerKey})
	}
	comparison.Between = func(ctx context.Context, t *load.Target) error { return b.ready(ctx, c, t) }
	rep, err := load.Compare(ctx, comparison, b.logs)
	b.stopTargets()
	if err != nil {
		return err
	}
	if err := rep.Write(b.logs); err != nil {
		return err
	}
	own, base := rep.Row(targetPosthouse), rep.Row(c.targets[0])
	for _, r := range c.rows {
		b.rows = append(b.rows, line{row: r, own: own.Measures[r.measure], base: base.Measures[r.measure], failed: own.Failed, calls: own.Calls})
	}
	return nil
}

// ready sees to it that a target runs, anew where the case wants that.
func (b *bench) ready(ctx context.Context, c *benchCase, t *load.Target) error {
	if t.Name == load.Direct {
		return nil
	}
	running := b.children[t.Name]
	if running != nil && c.fresh {
		running.stop()
		running = nil
	}
	if running == nil {
		var err error
		if running, err = b.start(ctx, c, t.Name); err != nil {
			return err
		}
		b.children[t.Name] = running
	}
	t.URL, t.PID = running.url, running.pid()
	if c.translated && t.Name == targetPosthouse {
		t.URL = strings.TrimSuffix(running.url, "/v1") + translatedPath + "/v1"
	}
	return nil
}

func (b *bench) start(ctx context.Context, c *benchCase, name string) (*child, error) {
	var env []string
	if c.oneCore {
		env = []string{"GOMAXPROCS=1"}
	}
	switch name {
	case targetRP:
		return startTool(ctx, b.logs, env, "reverseproxy", "--addr", "127.0.0.1:0", "--to", b.vendor.url)
	case targetPipe:
		return startTool(ctx, b.logs, env, "reverseproxy", "--addr", "127.0.0.1:0", "--to", b.vendor.url, "--pipe")
	}
	return startPosthouse(ctx, b.program, b.dir, b.vendor.url, env)
}

func (b *bench) stopTargets() {
	for name, c := range b.children {
		c.stop()
		delete(b.children, name)
	}
}

func (b *bench) stopAll() {
	b.stopTargets()
	if b.vendor != nil {
		b.vendor.stop()
	}
}
