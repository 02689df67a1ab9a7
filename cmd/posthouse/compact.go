package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/posthouse/posthouse/server/store"
)

// compactCommand is "posthouse compact".
func (p *program) compactCommand() *cli.Command {
	return &cli.Command{
		Name:  "compact",
		Usage: "rewrite the records so that they take no more room than they need; the server must be stopped",
		Description: "Posthouse gives room back by itself while it runs. A large file of records from before version 0.2 does so\n" +
			"only after it was rewritten once. That takes some seconds for each gigabyte, and as much room again.",
		Flags:  []cli.Flag{p.dataDirFlag()},
		Action: p.compactAction,
	}
}

// compactAction rewrites the records.
func (p *program) compactAction(ctx context.Context, cmd *cli.Command) error {
	dir, err := p.dataDir(cmd)
	if err != nil {
		return err
	}
	if err := requireDataDir(dir); err != nil {
		return err
	}
	release, err := store.LockDir(dir)
	if err != nil {
		return err
	}
	defer release()
	before, after, err := store.Compact(ctx, dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "records: %.1f MB before, %.1f MB now\n", float64(before)/1e6, float64(after)/1e6)
	return nil
}
