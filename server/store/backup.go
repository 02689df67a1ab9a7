package store

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// manifestFile is the first file of a backup: what it holds.
const manifestFile = "manifest.json"

// backupFormat is the version of the archive's layout.
const backupFormat = 1

// manifest is what a backup says of itself.
type manifest struct {
	Format  int            `json:"format"`
	Made    time.Time      `json:"made"`
	Schemas map[string]int `json:"schemas"` // by file name
	Files   []manifestItem `json:"files"`
}

// manifestItem is one file of a backup.
type manifestItem struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // hex
}

// BackupOptions say what goes into a backup and where it goes.
type BackupOptions struct {
	W io.Writer
	// IncludeKey puts the master key file in too: whoever has the backup then
	// has the provider keys. Without it a backup needs the key file (or the
	// environment's key) of the installation it came from.
	IncludeKey bool
}

// Backup writes a .tar.gz of consistent copies of the databases while they are
// in use: config.db, records.db if it is sound, and a manifest with checksums.
// The copies need room in the data folder while it runs.
func (s *Store) Backup(ctx context.Context, o BackupOptions) error {
	temp, err := os.MkdirTemp(s.opts.Dir, ".backup-")
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	m := manifest{Format: backupFormat, Made: s.opts.Now().UTC().Truncate(time.Second), Schemas: map[string]int{}}
	names, err := s.copyDatabases(ctx, temp, m.Schemas)
	if err != nil {
		return err
	}
	if o.IncludeKey {
		if err := copyKey(s.opts.Dir, temp); err != nil {
			return err
		}
		names = append(names, KeyFile)
	}
	for _, name := range names {
		item, err := describe(temp, name)
		if err != nil {
			return fmt.Errorf("back up: %w", err)
		}
		m.Files = append(m.Files, item)
	}
	if err := writeArchive(o.W, temp, m); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return nil
}

// databases are the database files of a data folder.
func databases(dir string) []dbFile {
	return []dbFile{configFile(dir), recordsFile(dir)}
}

// copyDatabases copies the databases to a folder and notes their schemas. The
// records are left out if they cannot be copied: they are not worth a backup
// of the configuration.
func (s *Store) copyDatabases(ctx context.Context, to string, schemas map[string]int) ([]string, error) {
	var names []string
	for _, f := range databases(s.opts.Dir) {
		name := filepath.Base(f.path)
		version, err := f.copyTo(ctx, filepath.Join(to, name))
		if err != nil && name == ConfigFile || ctx.Err() != nil {
			return nil, fmt.Errorf("back up %s: %w", name, firstError(ctx.Err(), err))
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			s.opts.Log.Warn("the records are left out of the backup", "reason", err)
			continue
		}
		schemas[name] = int(version)
		names = append(names, name)
	}
	return names, nil
}

// copyTo writes a checked copy of a database.
func (f dbFile) copyTo(ctx context.Context, to string) (schema int64, err error) {
	if _, err := os.Stat(f.path); err != nil {
		return 0, err
	}
	if err := f.vacuumInto(ctx, to); err != nil {
		return 0, err
	}
	return dbFile{path: to, set: f.set, synchronous: f.synchronous}.check(ctx)
}

// copyKey copies the master key file.
func copyKey(from, to string) error {
	text, err := os.ReadFile(filepath.Join(from, KeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("back up the master key: there is no file %s; the key comes from the environment and must be kept there", filepath.Join(from, KeyFile))
	}
	if err != nil {
		return fmt.Errorf("back up the master key: %w", err)
	}
	if err := os.WriteFile(filepath.Join(to, KeyFile), text, 0o600); err != nil {
		return fmt.Errorf("back up the master key: %w", err)
	}
	return nil
}

// describe measures a file.
func describe(dir, name string) (manifestItem, error) {
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return manifestItem{}, err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	return manifestItem{Name: name, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

// writeArchive writes the manifest and the files it names.
func writeArchive(w io.Writer, dir string, m manifest) error {
	zipped := gzip.NewWriter(w)
	archive := tar.NewWriter(zipped)
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	head := tar.Header{Name: manifestFile, Mode: 0o600, Size: int64(len(text)), ModTime: m.Made}
	if err := archive.WriteHeader(&head); err != nil {
		return err
	}
	if _, err := archive.Write(text); err != nil {
		return err
	}
	for _, item := range m.Files {
		if err := appendFile(archive, dir, item, m.Made); err != nil {
			return err
		}
	}
	return firstError(archive.Close(), zipped.Close())
}

// appendFile writes one file to an archive.
func appendFile(archive *tar.Writer, dir string, item manifestItem, at time.Time) error {
	file, err := os.Open(filepath.Join(dir, item.Name))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	head := tar.Header{Name: item.Name, Mode: 0o600, Size: item.Size, ModTime: at}
	if err := archive.WriteHeader(&head); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return err
}
