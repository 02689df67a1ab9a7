package store

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// The most that a file of a backup may hold, in bytes: far above what any
// installation has, far below what fills a disk by surprise.
const (
	manifestLimit = 64 << 10
	keyLimit      = 4 << 10
	configLimit   = 4 << 30
	recordsLimit  = 256 << 30
)

// BackupError says why a backup cannot be restored. Nothing was changed.
type BackupError struct{ Reason string }

func (e *BackupError) Error() string {
	return "the backup cannot be restored: " + e.Reason + "; nothing was changed"
}

// damagedArchive says that an archive could not be read to its end.
func damagedArchive(err error) error {
	return &BackupError{"the archive is damaged or cut short (" + firstLine(err.Error()) + ")"}
}

// Restore replaces the databases of a data folder (and the master key, if the
// backup has it) by those of a backup made by Backup. Everything is unpacked
// and checked beside the old files first; then the old ones are moved to
// <dir>/before-restore-<time>/ and the new ones into their place. If the
// process ends in between, LockDir or Open completes it. It takes LockDir
// unless this process holds it already.
func Restore(dir string, r io.Reader) error {
	dir, err := makeDir(dir)
	if err != nil {
		return err
	}
	release, err := LockDir(dir)
	var taken *InUseDirError
	switch {
	case errors.As(err, &taken) && taken.holder == processID:
	case err != nil:
		return err
	default:
		defer release()
	}
	if err := removeLeftovers(dir); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	temp, err := os.MkdirTemp(dir, restorePrefix)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	plan, err := prepare(r, temp)
	if err != nil {
		return firstError(err, os.RemoveAll(temp))
	}
	if err := plan.begin(dir); err != nil {
		return fmt.Errorf("restore: %w", firstError(err, os.RemoveAll(temp)))
	}
	return finishRestore(dir)
}

// unpack writes the files of a backup into an empty folder. It takes only the
// files a backup has, each once and as the manifest says.
func unpack(r io.Reader, to string) (manifest, error) {
	zipped, err := gzip.NewReader(r)
	if err != nil {
		return manifest{}, &BackupError{"it is not a .tar.gz file"}
	}
	archive := tar.NewReader(zipped)
	m, err := readManifest(archive)
	if err != nil {
		return manifest{}, err
	}
	done := map[string]bool{}
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return manifest{}, damagedArchive(err)
		}
		at := slices.IndexFunc(m.Files, func(i manifestItem) bool { return i.Name == head.Name })
		if at < 0 || head.Typeflag != tar.TypeReg || done[head.Name] {
			return manifest{}, &BackupError{fmt.Sprintf("it holds %q, which is not part of a backup", head.Name)}
		}
		done[head.Name] = true
		if err := unpackFile(archive, to, m.Files[at]); err != nil {
			return manifest{}, err
		}
	}
	if len(done) != len(m.Files) {
		return manifest{}, &BackupError{"files that its manifest names are missing"}
	}
	return m, nil
}

// readManifest reads and checks the first file of a backup.
func readManifest(archive *tar.Reader) (manifest, error) {
	head, err := archive.Next()
	if err != nil || head.Name != manifestFile || head.Typeflag != tar.TypeReg || head.Size > manifestLimit {
		return manifest{}, &BackupError{"it does not begin with a manifest, so it was not made by `posthouse backup`"}
	}
	text, err := io.ReadAll(io.LimitReader(archive, manifestLimit))
	if err != nil {
		return manifest{}, damagedArchive(err)
	}
	var m manifest
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&m); err != nil {
		return manifest{}, &BackupError{"its manifest is damaged"}
	}
	if m.Format != backupFormat {
		return manifest{}, &BackupError{fmt.Sprintf("it has the layout %d, this program knows %d only; use the version of Posthouse that made it", m.Format, backupFormat)}
	}
	return m, m.check()
}

// check refuses a manifest that no backup would have.
func (m manifest) check() error {
	limits := map[string]int64{ConfigFile: configLimit, RecordsFile: recordsLimit, KeyFile: keyLimit}
	seen := map[string]bool{}
	for _, item := range m.Files {
		limit, known := limits[item.Name]
		if !known || seen[item.Name] {
			return &BackupError{fmt.Sprintf("its manifest names %q, which is not part of a backup", item.Name)}
		}
		if item.Size < 0 || item.Size > limit {
			return &BackupError{fmt.Sprintf("%s is larger than the %d bytes allowed", item.Name, limit)}
		}
		seen[item.Name] = true
	}
	if !seen[ConfigFile] {
		return &BackupError{"it holds no " + ConfigFile}
	}
	return nil
}

// unpackFile writes one file and compares it with the manifest.
func unpackFile(archive io.Reader, to string, item manifestItem) error {
	path := filepath.Join(to, item.Name)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	// One byte more than promised is enough to notice that there is more.
	_, err = io.Copy(file, io.LimitReader(archive, item.Size+1))
	err = firstError(err, file.Chmod(0o600), file.Sync(), file.Close())
	var writing *fs.PathError
	if err != nil && !errors.As(err, &writing) {
		return damagedArchive(err)
	}
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	got, err := describe(to, item.Name)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if got != item {
		return &BackupError{item.Name + " does not have the checksum that the manifest names"}
	}
	return nil
}

// checkUnpacked lets SQLite look at the unpacked databases: sound, ours, and
// not newer than this program.
func checkUnpacked(dir string, m manifest) error {
	for _, f := range databases(dir) {
		name := filepath.Base(f.path)
		if !slices.ContainsFunc(m.Files, func(i manifestItem) bool { return i.Name == name }) {
			continue
		}
		version, err := f.check(context.Background())
		var wrong *FileError
		if errors.As(err, &wrong) && errors.Is(err, ErrNewer) {
			return &BackupError{name + " was written by a newer Posthouse; update this one first"}
		}
		if err != nil || version == 0 {
			return &BackupError{name + " in it is not a sound Posthouse database"}
		}
		// Reading may leave these beside the file; they must not travel with it.
		for _, end := range []string{"-wal", "-shm"} {
			if err := os.RemoveAll(f.path + end); err != nil {
				return fmt.Errorf("restore: %w", err)
			}
		}
	}
	return nil
}
