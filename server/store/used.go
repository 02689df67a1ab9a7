package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// usedFile lies in a data folder once it had a configuration. Without it, one
// that was lost would look like a new installation, whose first visitor may
// become its admin.
const usedFile = "posthouse.used"

// usedText is what is in it, for whoever wonders.
const usedText = "This folder has had a configuration. If config.db is lost, Posthouse does not\n" +
	"begin anew here: put a backup in its place with `posthouse restore`.\n"

// CheckLost refuses, with a *FileError, a data folder whose configuration is
// missing or empty although there was one. Call it before anything is made in
// the folder. A start that was cut off before it had a configuration leaves
// nothing that counts, nor does a master key that was copied there.
func CheckLost(dir string) error {
	return configFile(dir).checkLost("")
}

// checkLost does it. other says what a file is that is there and not empty;
// without it, such a file passes: whoever opens it sees what it is.
func (f dbFile) checkLost(other string) error {
	state := other
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		state = "is missing"
	case err == nil && info.Mode().IsRegular() && info.Size() == 0:
		state = "is empty"
	}
	sign := signOfUse(filepath.Dir(f.path))
	if state == "" || sign == "" {
		return nil
	}
	return &FileError{Path: f.path, Err: ErrDamaged, Reason: fmt.Sprintf(
		"%s, though the folder was used before (%s is there); put the file back, or %s; to begin anew, choose an empty folder with --data-dir",
		state, sign, askRestore)}
}

// signOfUse names a file that is made only once there is a configuration (the
// last is what a running instance leaves, see cmd/posthouse); empty: there is
// none.
func signOfUse(dir string) string {
	for _, name := range []string{usedFile, RecordsFile, "run.json"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return name
		}
	}
	return ""
}

// markUsed leaves usedFile, once the configuration is on the disk for good.
func markUsed(dir string) error {
	path := filepath.Join(dir, usedFile)
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	if err := syncFile(dir); err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(usedText), 0o600); err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	return nil
}
