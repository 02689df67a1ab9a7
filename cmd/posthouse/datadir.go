package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/posthouse/posthouse/server/store"
)

// Names of the files in the data folder that this package makes.
const (
	masterKeyFile  = "master.key"
	setupTokenFile = "setup-token"
	runFile        = "run.json"
	tlsFolder      = "tls"
)

// dataDir is the data folder a command works on, as an absolute path.
func (p *program) dataDir(cmd *cli.Command) (string, error) {
	dir := cmd.String("data-dir")
	if dir == "" {
		var err error
		if dir, err = p.defaultDataDir(os.Geteuid()); err != nil {
			return "", err
		}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("data folder %q: %w; give --data-dir an absolute path", dir, err)
	}
	return abs, nil
}

// defaultDataDir is where data lives when nobody says: the system's place for
// root, the user's for others.
func (p *program) defaultDataDir(uid int) (string, error) {
	if uid == 0 {
		return "/var/lib/posthouse", nil
	}
	// The XDG base directory specification: a relative path there is invalid.
	if base, _ := p.env("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "posthouse"), nil
	}
	if home, _ := p.env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "share", "posthouse"), nil
	}
	return "", usageError("HOME is not set, so there is no default data folder; give one with --data-dir DIR or POSTHOUSE_DATA_DIR")
}

// makeDataDir makes the data folder, readable to its owner alone. A folder
// that was there before is closed to others too, unless it holds files that
// are not ours: then someone meant it for more than us (or mistyped), and its
// mode is theirs.
func makeDataDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder %s cannot be made: %w; choose another with --data-dir", dir, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("data folder %s: %w", dir, err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	ours, err := onlyOurs(dir)
	if err != nil {
		return err
	}
	if ours {
		return closeToOthers(dir)
	}
	if info.Mode().Perm()&0o002 != 0 {
		return fmt.Errorf("data folder %s is writable by everyone and holds other files; give an empty folder with --data-dir", dir)
	}
	return nil
}

// closeToOthers takes group's and others' rights off the data folder. Where it
// belongs to someone else that fails, and is accepted as long as nobody else
// can write: volumes in containers are like that.
func closeToOthers(dir string) error {
	err := os.Chmod(dir, 0o700) //nolint:gosec // a folder needs the x bit
	if err == nil {
		return nil
	}
	info, serr := os.Stat(dir)
	if serr == nil && errors.Is(err, fs.ErrPermission) && info.Mode().Perm()&0o002 == 0 {
		return nil
	}
	return fmt.Errorf("data folder %s cannot be closed to other users: %w; run: chmod 700 %s", dir, err, dir)
}

// onlyOurs reports whether a folder holds nothing but what Posthouse and its
// installer put there.
func onlyOurs(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, fmt.Errorf("data folder %s cannot be read: %w; it must belong to the user that runs posthouse", dir, err)
	}
	for _, e := range entries {
		if !isOurs(e.Name()) {
			return false, nil
		}
	}
	return true, nil
}

// isOurs reports whether a name in the data folder is one of ours.
func isOurs(name string) bool {
	ours := []string{
		"config.db*", "records.db*", "before-restore-*", "before-*", "*.lock", "lock", ".*",
		masterKeyFile, setupTokenFile, runFile, tlsFolder,
		"posthouse.*", "posthouse*.log*", "backups", "logs", "lost+found",
	}
	for _, pattern := range ours {
		if ok, err := path.Match(pattern, name); err == nil && ok {
			return true
		}
	}
	return false
}

// requireDataDir checks that a data folder is there, for the commands that do
// not make one.
func requireDataDir(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "config.db")); err != nil {
		if lost := store.CheckLost(dir); lost != nil {
			return lost
		}
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no Posthouse data in %s; name the folder with --data-dir, or start once with \"posthouse serve\"", dir)
		}
		return fmt.Errorf("data folder %s: %w", dir, err)
	}
	return nil
}

// writePrivate writes a file readable to its owner alone, in one step: a
// reader finds the old content or the new, never a part.
func writePrivate(name string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, werr := f.Write(content)
	if err := errors.Join(werr, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// firstLine reads the first line of a small file, without its line end.
func firstLine(name string) (string, error) {
	b, err := os.ReadFile(name) //nolint:gosec // a file of our own data folder
	if err != nil {
		return "", fmt.Errorf("read: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line), nil
}
