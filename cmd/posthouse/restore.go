package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/posthouse/posthouse/server/store"
)

// restoreCommand is "posthouse restore".
func (p *program) restoreCommand() *cli.Command {
	return &cli.Command{
		Name:  "restore",
		Usage: "put a backup in place of the data folder's content; the server must be stopped",
		Description: "The backup is checked first. What was there before is kept aside in the data folder,\n" +
			"in before-restore-<time>.",
		Flags: []cli.Flag{
			p.dataDirFlag(),
			&cli.StringFlag{Name: "in", Usage: "backup file", Required: true},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "do not ask"},
		},
		Action: p.restoreAction,
	}
}

// restoreAction restores.
func (p *program) restoreAction(_ context.Context, cmd *cli.Command) error {
	dir, err := p.dataDir(cmd)
	if err != nil {
		return err
	}
	in := cmd.String("in")
	f, err := os.Open(in) //nolint:gosec // the file the user names
	if err != nil {
		return fmt.Errorf("backup file: %w; name it with --in", err)
	}
	defer f.Close() //nolint:errcheck // read only
	if err := makeDataDir(dir); err != nil {
		return err
	}
	// The lock is held until the end, so that no server starts meanwhile.
	release, err := store.LockDir(dir)
	if err != nil {
		return err
	}
	defer release()
	if _, err := os.Stat(filepath.Join(dir, "config.db")); err == nil && !cmd.Bool("yes") {
		if err := p.confirm(fmt.Sprintf("Replace the data in %s with %s? The old data is kept aside. [y/N] ", dir, in)); err != nil {
			return err
		}
	}
	if err := store.Restore(dir, f); err != nil {
		return fmt.Errorf("restore from %s: %w", in, err)
	}
	fmt.Fprintf(p.stdout, "Restored %s into %s.\n", in, dir)
	if _, err := os.Stat(filepath.Join(dir, masterKeyFile)); err != nil {
		fmt.Fprintf(p.stdout, "The master key is not there: copy yours to %s before you start, else every provider key must be entered again.\n",
			filepath.Join(dir, masterKeyFile))
	}
	return nil
}

// confirm asks a question that only y or yes answers.
func (p *program) confirm(question string) error {
	fmt.Fprint(p.stderr, question)
	line, _ := bufio.NewReader(p.stdin).ReadString('\n') // no answer is no
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return fmt.Errorf("stopped, nothing was changed; answer y, or give --yes")
}
