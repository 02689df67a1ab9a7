package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// lockFile is the file whose lock says that a data folder is in use.
const lockFile = "posthouse.lock"

// processID tells this process from every other, also from one of the same
// number in another container that shares the data folder.
//
//nolint:gochecknoglobals // it identifies the process, of which there is one
var processID = rand.Text()

// LockDir claims the data folder, which it makes if it is missing, for this
// process, so that two never write the same files, and does a restore that was
// staged or interrupted. Call it before anything of the folder is read, the master
// key included. The claim ends with release or with the process, however that
// ends.
func LockDir(dir string) (release func(), err error) {
	dir, err = makeDir(dir)
	if err != nil {
		return nil, err
	}
	file, err := claim(dir)
	if err != nil {
		return nil, err
	}
	if err := firstError(beginStaged(dir), finishRestore(dir), removeLeftovers(dir)); err != nil {
		return nil, firstError(err, file.Close())
	}
	return func() { _ = file.Close() }, nil
}

// InUseDirError says that another process has the data folder.
type InUseDirError struct {
	Dir string
	PID int // 0: unknown

	holder string // the processID of who has it
}

func (e *InUseDirError) Error() string {
	who := "another Posthouse"
	if e.PID != 0 {
		who += fmt.Sprintf(" (process %d)", e.PID)
	}
	return fmt.Sprintf("the data folder %s is in use by %s; stop it, or choose another folder with --data-dir", e.Dir, who)
}

// claim locks the lock file and writes the process id into it.
func claim(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	err = flock(file)
	if errors.Is(err, errLocked) {
		pid, holder := lockHolder(path)
		return nil, firstError(&InUseDirError{Dir: dir, PID: pid, holder: holder}, file.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", firstError(err, file.Close()))
	}
	err = firstError(file.Chmod(0o600), file.Truncate(0))
	if err == nil {
		_, err = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"+processID+"\n"), 0)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", firstError(err, file.Close()))
	}
	return file, nil
}

// lockHolder reads a lock file: process number and processID, as far as they
// are there.
func lockHolder(path string) (pid int, id string) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, ""
	}
	number, id, _ := strings.Cut(string(text), "\n")
	pid, err = strconv.Atoi(number)
	if err != nil {
		return 0, ""
	}
	return pid, strings.TrimSpace(id)
}
