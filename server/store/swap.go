package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	restorePrefix = ".restore-" // folders a restore unpacks into
	backupPrefix  = ".backup-"  // folders a backup copies into
	planFile      = "restore.json"
)

// restorePlan is a restore that has been decided: New holds checked files
// which are to replace those of the data folder. It is written to the disk
// before the first file moves, and removed after the last, so that whoever
// finds it can complete it. Every step can be repeated.
type restorePlan struct {
	New   string   `json:"new"` // folder below the data folder
	Old   string   `json:"old"` // folder below the data folder, for what is replaced
	Files []string `json:"files"`
}

// begin writes the plan. From then on the restore will be completed.
func (p restorePlan) begin(dir string) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := syncFile(filepath.Join(dir, p.New)); err != nil {
		return err
	}
	path := filepath.Join(dir, planFile)
	if err := os.WriteFile(path+".part", text, 0o600); err != nil {
		return err
	}
	return firstError(syncFile(path+".part"), os.Rename(path+".part", path), syncFile(dir))
}

// finishRestore completes a restore that was begun, if one was.
func finishRestore(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, planFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var plan restorePlan
	if err == nil {
		err = json.Unmarshal(text, &plan)
	}
	if err == nil {
		err = plan.finish(dir)
	}
	if err != nil {
		return fmt.Errorf("complete the restore that %s describes: %w", filepath.Join(dir, planFile), err)
	}
	return nil
}

// finish moves what is still to be moved.
func (p restorePlan) finish(dir string) error {
	from, old := filepath.Join(dir, filepath.Base(p.New)), filepath.Join(dir, filepath.Base(p.Old))
	if err := os.MkdirAll(old, 0o700); err != nil {
		return err
	}
	for _, name := range p.Files {
		name = filepath.Base(name)
		if _, err := os.Lstat(filepath.Join(from, name)); errors.Is(err, fs.ErrNotExist) {
			continue // in its place already
		}
		// The old log must be gone before the new database comes, which it
		// would damage.
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := setAside(filepath.Join(dir, name+end), filepath.Join(old, name+end)); err != nil {
				return err
			}
		}
		if err := syncFile(dir); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(from, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := firstError(syncFile(dir), os.Remove(filepath.Join(dir, planFile)), syncFile(dir)); err != nil {
		return err
	}
	return os.RemoveAll(from)
}

// setAside moves a file, if it is there, without replacing another.
func setAside(from, to string) error {
	for n := 1; ; n++ {
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			break
		}
		to = fmt.Sprintf("%s.%d", to, n)
	}
	err := os.Rename(from, to)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// removeLeftovers removes the folders of restores and backups that did not
// come to their end. A young backup folder may belong to a backup that runs.
func removeLeftovers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		stale := strings.HasPrefix(e.Name(), restorePrefix)
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), backupPrefix) {
			stale = time.Since(info.ModTime()) > 24*time.Hour
		}
		if !stale || !e.IsDir() {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
