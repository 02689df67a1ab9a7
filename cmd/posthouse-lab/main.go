// Command posthouse-lab serves the fake vendor of package lab on an address of
// its own, to try the product or another client against it without a key, and
// measures what gateways cost with the load of package load.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/posthouse/posthouse/proxy/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(os.Stdout, os.Stderr).Run(ctx, os.Args)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "posthouse-lab:", err)
		os.Exit(1)
	}
}

func command(out, logs io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "posthouse-lab",
		Usage:     "a fake AI vendor with deterministic answers and faults by the name of the model, and a load generator for gateways",
		Writer:    out,
		ErrWriter: logs,
		Commands: []*cli.Command{
			serveCommand(out, logs), faultsCommand(out), loadCommand(out), compareCommand(out, logs),
			stubCommand(out), reverseProxyCommand(out, logs), benchCommand(out, logs),
		},
	}
}

func serveCommand(out, logs io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "serve the fake vendor until interrupted",
		Description: "Besides the API below /v1, faults can be put on any calls while it runs:\n" +
			"  curl -X POST localhost:9100/lab/rules -d '{\"fault\":\"e429:retry_after=2\",\"model\":\"demo-*\",\"count\":3,\"for\":\"30s\"}'\n" +
			"GET /lab/rules shows them, DELETE /lab/rules drops them, GET /lab/faults lists what there is.",
		Flags: []cli.Flag{
			addressFlag("127.0.0.1:9100"),
			&cli.DurationFlag{Name: "pace", Value: 20 * time.Millisecond, Usage: "`TIME` between the words of a stream"},
			&cli.StringSliceFlag{Name: "key", Usage: "accept only this `KEY`; may be given again"},
			&cli.StringSliceFlag{Name: "model", Usage: "serve this `NAME` too, such as qwen-max; may be given again"},
		},
		Action: func(ctx context.Context, c *cli.Command) error { return serve(ctx, c, out, logs) },
	}
}

func serve(ctx context.Context, c *cli.Command, out, logs io.Writer) error {
	pace := c.Duration("pace")
	if pace <= 0 {
		pace = -1 // to the lab, 0 is the default pace
	}
	keys := c.StringSlice("key")
	l := lab.New(lab.Options{
		Pace: pace, Keys: keys, Models: c.StringSlice("model"), Forget: true, Admin: true,
		Log: slog.New(slog.NewTextHandler(logs, nil)),
	})
	base, err := l.Start(ctx, c.String("addr"))
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, banner(base, len(keys) > 0)); err != nil {
		return fmt.Errorf("print the base URL: %w", err)
	}
	<-l.Done()
	if ctx.Err() == nil {
		return fmt.Errorf("the server stopped by itself: see the log above")
	}
	return nil
}

// banner shows where the lab is and a command to try. A key is not repeated.
func banner(base string, keyed bool) string {
	auth := ""
	if keyed {
		auth = " -H \"Authorization: Bearer $LAB_KEY\""
	}
	return fmt.Sprintf("base URL: %s\n\ntry: curl %s/chat/completions -H 'Content-Type: application/json'%s \\\n  -d '{\"model\":\"demo-chat\",\"messages\":[{\"role\":\"user\",\"content\":\"who are you\"}]}'\n", base, base, auth)
}

func faultsCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "faults",
		Usage: "list the faults: ask for one with the model fault-NAME or fault-NAME:option=value",
		Action: func(context.Context, *cli.Command) error {
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			for _, f := range lab.Faults() {
				var options []string
				for _, p := range f.Params {
					options = append(options, p.Name+"="+p.Default)
				}
				if _, err := fmt.Fprintf(w, "fault-%s\t%s\t%s\n", f.Name, strings.Join(options, ","), f.Summary); err != nil {
					return fmt.Errorf("list faults: %w", err)
				}
			}
			return w.Flush()
		},
	}
}
