//go:build !unix

package main

import "errors"

// setPrivateUmask does nothing where there is no umask.
func setPrivateUmask() {}

// freeBytes is not known here.
func freeBytes(string) (uint64, error) {
	return 0, errors.New("the free disk space cannot be read on this system")
}
