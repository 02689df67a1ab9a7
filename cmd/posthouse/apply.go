package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/posthouse/posthouse/server"
	"github.com/posthouse/posthouse/server/store"
)

// largestConfig bounds a configuration document, in bytes.
const largestConfig = 16 << 20

// applyCommand is "posthouse apply".
func (p *program) applyCommand() *cli.Command {
	return &cli.Command{
		Name:  "apply",
		Usage: "bring the configuration to what a YAML document says",
		Description: "Prints what changes: + added, ~ changed, - removed. All of it is applied or nothing.\n" +
			"${NAME} as a key's value is taken from the environment of this command.\n" +
			"While a server runs on the data folder, the change goes through its API: make a token in the console\n" +
			"and give it with POSTHOUSE_TOKEN.",
		Flags: []cli.Flag{
			p.dataDirFlag(),
			&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "the document (- is stdin)", Required: true},
			&cli.BoolFlag{Name: "dry-run", Usage: "only show what would change"},
			&cli.StringFlag{Name: "url", Usage: "base URL of a running console, such as http://localhost:8001", Sources: p.fromEnv("POSTHOUSE_CONSOLE_URL")},
			&cli.StringFlag{Name: "token", Usage: "API token for it; better given as POSTHOUSE_TOKEN", Sources: p.fromEnv("POSTHOUSE_TOKEN")},
		},
		Action: p.applyAction,
	}
}

// applyAction applies the document, over the API of a running server or else
// on the data folder.
func (p *program) applyAction(ctx context.Context, cmd *cli.Command) error {
	doc, err := p.readDocument(cmd.String("file"))
	if err != nil {
		return err
	}
	dry := cmd.Bool("dry-run")
	if url := cmd.String("url"); url != "" {
		return p.applyOverAPI(ctx, url, cmd.String("token"), doc, dry)
	}
	dir, err := p.dataDir(cmd)
	if err != nil {
		return err
	}
	if err := makeDataDir(dir); err != nil {
		return err
	}
	release, err := store.LockDir(dir)
	var inUse *store.InUseDirError
	if errors.As(err, &inUse) {
		return p.applyToRunning(ctx, dir, cmd.String("token"), doc, dry, err)
	}
	if err != nil {
		return err
	}
	defer release()
	return p.applyOffline(ctx, dir, doc, dry)
}

// applyToRunning applies the document over the API of the instance that holds
// the data folder.
func (p *program) applyToRunning(ctx context.Context, dir, token string, doc []byte, dry bool, locked error) error {
	info, err := readRunInfo(dir)
	if err != nil {
		return locked
	}
	if token == "" {
		return fmt.Errorf("a server (pid %d) runs on %s, so the change must go through its API: "+
			"make an API token at %s and give it with POSTHOUSE_TOKEN, or stop the server first", info.PID, dir, info.Console)
	}
	return p.applyOverAPI(ctx, info.Console, token, doc, dry)
}

// applyOffline applies the document to the data folder, which this process
// has claimed.
func (p *program) applyOffline(ctx context.Context, dir string, doc []byte, dry bool) error {
	if err := store.CheckLost(dir); err != nil {
		return err
	}
	keys, err := p.openKeys(dir, p.commandLog())
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Options{Dir: dir, Sealer: keys, Log: p.commandLog(), Now: p.now})
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // every change is committed by now
	plan, err := server.Apply(ctx, s, doc, server.ApplyOptions{
		DryRun: dry, Actor: store.Actor{Name: "posthouse apply", Via: "cli"}, Env: p.env,
	})
	if err != nil {
		return err
	}
	return p.printPlan(plan)
}

// printPlan prints what changed, or would.
func (p *program) printPlan(plan server.Plan) error {
	for _, c := range plan.Changes {
		fmt.Fprintln(p.stdout, planLine(c))
	}
	switch n := len(plan.Changes); {
	case n == 0:
		fmt.Fprintln(p.stdout, "Nothing to change.")
	case plan.DryRun:
		fmt.Fprintf(p.stdout, "%s; nothing was applied (dry run).\n", changes(n))
	default:
		fmt.Fprintf(p.stdout, "%s applied.\n", changes(n))
	}
	return nil
}

// changes counts changes in words.
func changes(n int) string {
	if n == 1 {
		return "1 change"
	}
	return fmt.Sprintf("%d changes", n)
}

// planLine is a change as a line, with a line more for every field that
// changes in something that was there before.
func planLine(c server.PlanChange) string {
	sign := map[string]string{store.OpCreate: "+", store.OpUpdate: "~", store.OpDelete: "-"}[c.Op]
	line := sign + " " + strings.TrimSpace(c.Kind+" "+c.Name)
	if c.Op != store.OpUpdate {
		return line
	}
	for _, f := range c.Fields {
		line += fmt.Sprintf("\n    %s: %s → %s", f.Field, orNone(f.Before), orNone(f.After))
	}
	return line
}

// orNone spells a value that is not there.
func orNone(value string) string {
	if value == "" {
		return "(none)"
	}
	return value
}

// readDocument reads a document from a file or stdin.
func (p *program) readDocument(name string) ([]byte, error) {
	if name == "-" {
		return readBounded(p.stdin, "stdin")
	}
	return readConfig(name)
}

// readConfig reads a configuration document from a file.
func readConfig(name string) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // the file the user names
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	return readBounded(f, name)
}

// readBounded reads a document no larger than one can be.
func readBounded(r io.Reader, name string) ([]byte, error) {
	doc, err := io.ReadAll(io.LimitReader(r, largestConfig+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(doc) > largestConfig {
		return nil, fmt.Errorf("%s is larger than %d MiB; this is not a configuration document", name, largestConfig>>20)
	}
	return doc, nil
}
