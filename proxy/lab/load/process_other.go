//go:build !linux

package load

import (
	"errors"
	"time"
)

// errNoProcess is why there are no figures of a process.
var errNoProcess = errors.New("figures of a process are read from /proc, which only Linux has")

func cpuTime(int) (time.Duration, error) { return 0, errNoProcess }

func residentBytes(int) (int64, error) { return 0, errNoProcess }

func openFiles(int) (int, error) { return 0, errNoProcess }

func threads(int) (int, error) { return 0, errNoProcess }
