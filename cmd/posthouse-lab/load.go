package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/posthouse/posthouse/proxy/lab/load"
)

// planFlags are the flags of load and compare that describe the calls.
func planFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "model", Usage: "ask for this `NAME` instead of the lab's; answers are then checked for their form only"},
		&cli.BoolFlag{Name: "stream", Usage: "ask for streams"},
		&cli.IntFlag{Name: "words", Value: 60, Usage: "`LENGTH` of the lab's answers; in streams a chunk each"},
		&cli.DurationFlag{Name: "pace", Usage: "`TIME` between the chunks of the lab's streams"},
		&cli.IntFlag{Name: "prompt", Value: 1024, Usage: "`BYTES` of a request's body"},
		&cli.IntFlag{Name: "conns", Value: 64, Usage: "`CONNECTIONS`, and so calls at once"},
		&cli.FloatFlag{Name: "rate", Usage: "start so many `CALLS` a second whatever becomes of them (open loop); 0: a call after the other (closed loop)"},
		&cli.Int64Flag{Name: "calls", Usage: "make at most so many `CALLS`; 0: as many as the time allows"},
		&cli.DurationFlag{Name: "warm", Value: time.Second, Usage: "`TIME` before anything counts"},
		&cli.DurationFlag{Name: "duration", Value: 10 * time.Second, Usage: "`TIME` that counts"},
		&cli.DurationFlag{Name: "timeout", Value: time.Minute, Usage: "`TIME` one call may take"},
		&cli.StringFlag{Name: "vendor", Usage: "base `URL` of the lab or stub behind the target, to ask how many connections it was opened"},
		&cli.StringFlag{Name: "key", Usage: "API `KEY` to show", Sources: cli.EnvVars("POSTHOUSE_LAB_KEY")},
		&cli.BoolFlag{Name: "remote", Usage: "the target may be beyond this machine"},
		&cli.BoolFlag{Name: "json", Usage: "print JSON"},
	}
}

func planOf(c *cli.Command) load.Plan {
	return load.Plan{
		Model: c.String("model"), Stream: c.Bool("stream"), Words: c.Int("words"), Pace: c.Duration("pace"),
		Prompt: c.Int("prompt"), Conns: c.Int("conns"), Rate: c.Float("rate"), Calls: c.Int64("calls"),
		Warm: c.Duration("warm"), Duration: c.Duration("duration"), Timeout: c.Duration("timeout"),
		Vendor: c.String("vendor"), Key: c.String("key"), Remote: c.Bool("remote"),
	}
}

func loadCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "load",
		Usage:     "make calls at a base URL, check every answer, and say what they took",
		ArgsUsage: "BASE_URL",
		Flags:     append(planFlags(), &cli.IntFlag{Name: "pid", Usage: "take CPU time and memory of this `PROCESS` (Linux)"}),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return fmt.Errorf("load takes one base URL, such as http://127.0.0.1:8080/v1")
			}
			p := planOf(c)
			p.URL, p.PID = c.Args().First(), c.Int("pid")
			res, err := load.Run(ctx, p)
			if err != nil {
				return err
			}
			if err := show(out, res, c.Bool("json")); err != nil {
				return err
			}
			if res.Failed > 0 {
				return fmt.Errorf("%d calls failed", res.Failed)
			}
			return nil
		},
	}
}

func compareCommand(out, logs io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "compare",
		Usage: "run the same load against several targets in turn, and say how they differ",
		Description: "A target is NAME=URL, or NAME=URL,PID to take CPU time and memory of a process too. One that is called\n" +
			load.Direct + " is the vendor itself: what the others take beyond it is shown as added.",
		Flags: append(planFlags(),
			&cli.StringSliceFlag{Name: "target", Required: true, Usage: "`NAME=URL[,PID]`; given once for each"},
			&cli.StringFlag{Name: "base", Usage: "the target that ratios refer to (`NAME`); the first that is not " + load.Direct},
			&cli.IntFlag{Name: "rounds", Value: 5, Usage: "`ROUNDS`: each target has one turn in each"},
		),
		Action: func(ctx context.Context, c *cli.Command) error {
			comparison := load.Comparison{Plan: planOf(c), Base: c.String("base"), Rounds: c.Int("rounds")}
			for _, s := range joined(c.StringSlice("target")) {
				t, err := parseTarget(s, c.String("key"))
				if err != nil {
					return err
				}
				comparison.Targets = append(comparison.Targets, t)
			}
			rep, err := load.Compare(ctx, comparison, logs)
			if err != nil {
				return err
			}
			return show(out, rep, c.Bool("json"))
		},
	}
}

// joined puts back together what the flag library cut at commas.
func joined(parts []string) []string {
	var list []string
	for _, p := range parts {
		if _, err := strconv.Atoi(p); err == nil && len(list) > 0 {
			list[len(list)-1] += "," + p
			continue
		}
		list = append(list, p)
	}
	return list
}

// parseTarget reads NAME=URL[,PID].
func parseTarget(s, key string) (load.Target, error) {
	name, rest, ok := strings.Cut(s, "=")
	u, pid, some := strings.Cut(rest, ",")
	t := load.Target{Name: name, URL: u, Key: key}
	if !ok || name == "" || u == "" {
		return t, fmt.Errorf("--target %q: write NAME=URL or NAME=URL,PID", s)
	}
	if some {
		n, err := strconv.Atoi(pid)
		if err != nil || n <= 0 {
			return t, fmt.Errorf("--target %q: %q is no process id", s, pid)
		}
		t.PID = n
	}
	return t, nil
}

// show prints a result or report, for people or for programs.
func show(out io.Writer, v interface{ Write(io.Writer) error }, asJSON bool) error {
	if !asJSON {
		return v.Write(out)
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}

func stubCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "stub",
		Usage: "serve the lab's chat answers, for lab-* models only, at next to no cost: a vendor to measure against",
		Flags: []cli.Flag{addressFlag("127.0.0.1:9101")},
		Action: func(ctx context.Context, c *cli.Command) error {
			l, err := listen(ctx, c, out)
			if err != nil {
				return err
			}
			var s load.Stub
			return s.Serve(ctx, l)
		},
	}
}

func reverseProxyCommand(out, logs io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "reverseproxy",
		Usage: "serve Go's bare httputil.ReverseProxy before a vendor: the yardstick for gateways",
		Flags: []cli.Flag{
			addressFlag("127.0.0.1:9102"),
			&cli.StringFlag{Name: "to", Required: true, Usage: "base `URL` of the vendor"},
			&cli.BoolFlag{Name: "pipe", Usage: "pass bodies on while they are read, which is cheaper but loses streams now and then"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			u, err := url.Parse(c.String("to"))
			if err != nil || u.Host == "" {
				return fmt.Errorf("--to %q is no base URL", c.String("to"))
			}
			l, err := listen(ctx, c, out)
			if err != nil {
				return err
			}
			server := &http.Server{
				Handler:           load.ReverseProxy(u, c.Bool("pipe"), slog.New(slog.NewTextHandler(logs, nil))),
				ReadHeaderTimeout: 10 * time.Second,
			}
			stop := context.AfterFunc(ctx, func() { _ = server.Close() })
			defer stop()
			if err := server.Serve(l); ctx.Err() == nil {
				return fmt.Errorf("reverse proxy: %w", err)
			}
			return nil
		},
	}
}

func addressFlag(value string) cli.Flag {
	return &cli.StringFlag{Name: "addr", Value: value, Usage: "`ADDRESS` to listen on; port 0 takes any free one"}
}

// listen takes the address and prints the base URL there.
func listen(ctx context.Context, c *cli.Command, out io.Writer) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.String("addr"))
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", c.String("addr"), err)
	}
	if _, err := fmt.Fprintf(out, "base URL: http://%s/v1\n", l.Addr()); err != nil {
		return nil, fmt.Errorf("print the base URL: %w", err)
	}
	return l, nil
}
