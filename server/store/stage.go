package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// stagedFile says what the next start is to restore.
const stagedFile = "restore-staged.json"

// stage is a restore that waits for the next start: a running server has the
// files open that it replaces.
type stage struct {
	Plan restorePlan `json:"plan"`
	At   time.Time   `json:"at"`
}

// StageRestore unpacks and checks a backup beside the files in use and has the
// next LockDir put it in their place. One that was staged before is given up.
// The caller holds LockDir.
func StageRestore(dir string, r io.Reader) error {
	dir, err := makeDir(dir)
	if err != nil {
		return err
	}
	if err := UnstageRestore(dir); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(dir, restorePrefix)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	plan, err := prepare(r, temp)
	if err == nil {
		err = writeStage(dir, stage{Plan: plan, At: time.Now().UTC()})
	}
	if err != nil {
		return firstError(err, os.RemoveAll(temp))
	}
	return nil
}

// prepare unpacks a backup into an empty folder, checks it and says what is to
// be moved.
func prepare(r io.Reader, temp string) (restorePlan, error) {
	m, err := unpack(r, temp)
	if err == nil {
		err = checkUnpacked(temp, m)
	}
	if err != nil {
		return restorePlan{}, err
	}
	plan := restorePlan{
		New: filepath.Base(temp),
		Old: "before-restore-" + time.Now().UTC().Format("20060102-150405.000"),
	}
	for _, item := range m.Files {
		plan.Files = append(plan.Files, item.Name)
	}
	return plan, nil
}

func writeStage(dir string, s stage) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	path := filepath.Join(dir, stagedFile)
	if err := os.WriteFile(path+".part", text, 0o600); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return firstError(syncFile(path+".part"), os.Rename(path+".part", path), syncFile(dir))
}

// readStage reads what is staged; found is false if nothing is.
func readStage(dir string) (s stage, found bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, stagedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return stage{}, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return stage{}, false, fmt.Errorf("read %s: %w", filepath.Join(dir, stagedFile), err)
	}
	return s, true, nil
}

// StagedRestore says when the restore was staged that the next start will do;
// the zero time: there is none.
func StagedRestore(dir string) (time.Time, error) {
	s, _, err := readStage(dir)
	return s.At, err
}

// UnstageRestore gives up a staged restore, if there is one. The data folder
// stays as it is.
func UnstageRestore(dir string) error {
	s, found, err := readStage(dir)
	if err != nil || !found {
		return err
	}
	if err := os.Remove(filepath.Join(dir, stagedFile)); err != nil {
		return fmt.Errorf("give up the restore: %w", err)
	}
	return os.RemoveAll(filepath.Join(dir, filepath.Base(s.Plan.New)))
}

// beginStaged makes a staged restore one that has begun; finishRestore does
// the rest. Nobody has the files open.
func beginStaged(dir string) error {
	s, found, err := readStage(dir)
	if err != nil || !found {
		return err
	}
	if err := s.Plan.begin(dir); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return firstError(os.Remove(filepath.Join(dir, stagedFile)), syncFile(dir))
}
