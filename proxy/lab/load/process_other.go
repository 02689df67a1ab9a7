//go:build !linux

package load

import (
	"errors"
	"time"
)

// errNoProcess is why there are no figures of a process.
var errNoProcess = errors.New("figures of a process are read from /proc, which only Linux has")

func cpuTime(int) (time.Duration, error) { return 0, errNoProcess }

// Memory can't be told here.
func Memory(int) (resident, mapped int64, err error) { return 0, 0, errNoProcess }

func openFiles(int) (int, error) { return 0, errNoProcess }

func threads(int) (int, error) { return 0, errNoProcess }
