package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/posthouse/posthouse/server/auth"
	"github.com/posthouse/posthouse/server/store"
)

// openKeys opens the master key of a data folder, making it on first start. A
// key that is made although there is a configuration already stands for one
// that was lost: that is said loudly, since nothing sealed with it can be read.
func (p *program) openKeys(dir string, log *slog.Logger) (*auth.KeyRing, error) {
	if _, err := os.Stat(filepath.Join(dir, "config.db")); err == nil && !p.hasMasterKey(dir) {
		log.Error("the master key was missing and a new one is made: provider keys stored before cannot be read; put the old one back, or enter them again",
			"file", filepath.Join(dir, masterKeyFile))
	}
	value, _ := p.env("POSTHOUSE_MASTER_KEY")
	return auth.OpenKeyFile(filepath.Join(dir, masterKeyFile), value)
}

// hasMasterKey reports whether there is a master key for a data folder, in
// its file or the environment.
func (p *program) hasMasterKey(dir string) bool {
	if value, _ := p.env("POSTHOUSE_MASTER_KEY"); value != "" {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, masterKeyFile))
	return err == nil
}

// sealerFor is the sealer for commands on a data folder. Where the master key
// is lost it is one that opens nothing: such a command must not make a new key
// by the way, and has other work to do.
func (p *program) sealerFor(dir string) (store.Sealer, error) {
	if !p.hasMasterKey(dir) {
		return lostKey{file: filepath.Join(dir, masterKeyFile)}, nil
	}
	return p.openKeys(dir, p.commandLog())
}

// lostKey stands for a master key that is not there.
type lostKey struct{ file string }

// err says why nothing can be opened.
func (l lostKey) err() error {
	return errors.New("the master key " + l.file + " is missing; put your copy back")
}

// Seal implements store.Sealer.
func (l lostKey) Seal([]byte, string) (string, error) { return "", l.err() }

// Unseal implements store.Sealer.
func (l lostKey) Unseal(string, string) ([]byte, error) { return nil, l.err() }
