//go:build !linux

package server

import "time"

// What follows is known on Linux only.

func cpuTime() (time.Duration, bool) { return 0, false }

func residentMemory() int64 { return 0 }

func diskFree(string) int64 { return 0 }
