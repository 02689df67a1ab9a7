//go:build unix

package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// setPrivateUmask makes every file this process creates unreadable to others,
// whoever creates it (SQLite's side files, the log) and whatever umask the
// program was started with.
func setPrivateUmask() { unix.Umask(0o077) }

// freeBytes is the space left for this user on the file system of dir.
func freeBytes(dir string) (uint64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil //nolint:gosec,unconvert // both are counts, never negative; their types differ by system
}
