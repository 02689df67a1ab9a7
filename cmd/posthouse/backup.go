package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/posthouse/posthouse/server/store"
)

// backupCommand is "posthouse backup".
func (p *program) backupCommand() *cli.Command {
	return &cli.Command{
		Name:  "backup",
		Usage: "write configuration and records to one file; works while the server runs",
		Description: "Provider keys in a backup are encrypted with the master key, which is left out unless you ask for it:\n" +
			"keep a copy of master.key somewhere else, or use --include-key and keep the backup as safe as the keys.",
		Flags: []cli.Flag{
			p.dataDirFlag(),
			&cli.StringFlag{Name: "out", Usage: "file to write, such as posthouse-backup.tar.gz (- is stdout)", Required: true},
			&cli.BoolFlag{Name: "include-key", Usage: "put the master key into the backup too"},
		},
		Action: p.backupAction,
	}
}

// backupAction writes the backup.
func (p *program) backupAction(ctx context.Context, cmd *cli.Command) error {
	s, dir, closeStore, err := p.openStoreFor(ctx, cmd)
	if err != nil {
		return err
	}
	defer closeStore()
	out, includeKey := cmd.String("out"), cmd.Bool("include-key")
	if out == "-" {
		return s.Backup(ctx, store.BackupOptions{W: p.stdout, IncludeKey: includeKey})
	}
	size, err := backupTo(ctx, s, out, includeKey)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Backup written to %s (%d bytes).\n", out, size)
	if includeKey {
		fmt.Fprintln(p.stdout, "It holds the master key: whoever has this file has your provider keys.")
		return nil
	}
	fmt.Fprintf(p.stdout, "It does not hold the master key: keep a copy of %s apart from it.\n", filepath.Join(dir, masterKeyFile))
	return nil
}

// backupTo writes a backup to a file that is there whole or not at all.
func backupTo(ctx context.Context, s *store.Store, out string, includeKey bool) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(out), "."+filepath.Base(out)+".*")
	if err != nil {
		return 0, fmt.Errorf("backup to %s: %w; choose another file with --out", out, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	berr := s.Backup(ctx, store.BackupOptions{W: f, IncludeKey: includeKey})
	size, serr := f.Seek(0, io.SeekEnd)
	if err := errors.Join(berr, serr, f.Sync(), f.Close()); err != nil {
		return 0, fmt.Errorf("backup to %s: %w", out, err)
	}
	if err := os.Rename(f.Name(), out); err != nil {
		return 0, fmt.Errorf("backup to %s: %w", out, err)
	}
	return size, nil
}

// openStoreFor opens the configuration of the data folder that a command names.
func (p *program) openStoreFor(ctx context.Context, cmd *cli.Command) (s *store.Store, dir string, closeStore func(), err error) {
	if dir, err = p.dataDir(cmd); err != nil {
		return nil, "", nil, err
	}
	s, closeStore, err = p.openStoreOnly(ctx, dir)
	return s, dir, closeStore, err
}

// openStoreOnly opens the configuration of a data folder for a command. A
// server may be running on it: SQLite lets two processes in.
func (p *program) openStoreOnly(ctx context.Context, dir string) (*store.Store, func(), error) {
	if err := requireDataDir(dir); err != nil {
		return nil, nil, err
	}
	sealer, err := p.sealerFor(dir)
	if err != nil {
		return nil, nil, err
	}
	s, err := store.Open(ctx, store.Options{Dir: dir, Sealer: sealer, Log: p.commandLog(), Now: p.now})
	if err != nil {
		return nil, nil, err
	}
	return s, func() { _ = s.Close() }, nil
}

// commandLog is the log of commands other than serve: warnings as plain lines.
func (p *program) commandLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
