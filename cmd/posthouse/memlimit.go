package main

import (
	"io/fs"
	"log/slog"
	"math"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryShare of a container's memory limit is given to the Go heap: the
// garbage collector then works harder before the kernel kills the process. The
// rest is for stacks, SQLite's page cache and the kernel's buffers.
const memoryShare = 0.8

// limitMemory sets GOMEMLIMIT from the container's memory limit, unless the
// environment sets it. root is the file system ("/" in production).
func limitMemory(root fs.FS, env func(string) (string, bool), log *slog.Logger) {
	if v, ok := env("GOMEMLIMIT"); ok && v != "" {
		return
	}
	limit, ok := cgroupMemory(root)
	if !ok {
		return
	}
	heap := int64(float64(limit) * memoryShare)
	debug.SetMemoryLimit(heap)
	log.Info("memory limit set", "container_bytes", limit, "heap_bytes", heap)
}

// cgroupMemory is the memory limit of the container the process runs in, in
// bytes: the smallest along its cgroup's path, version 2 or 1.
func cgroupMemory(root fs.FS) (int64, bool) {
	lowest := int64(math.MaxInt64)
	for _, name := range cgroupFiles(root) {
		b, err := fs.ReadFile(root, name)
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
		if err != nil || n <= 0 { // "max" in version 2
			continue
		}
		lowest = min(lowest, n)
	}
	// Version 1 spells "no limit" as a huge number.
	return lowest, lowest < 1<<60
}

// cgroupFiles names the files that may hold the limit, from
// /proc/self/cgroup ("0::/path" in version 2, "5:memory:/path" in version 1).
func cgroupFiles(root fs.FS) []string {
	const v2, v1 = "sys/fs/cgroup", "sys/fs/cgroup/memory"
	files := []string{v2 + "/memory.max", v1 + "/memory.limit_in_bytes"}
	b, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return files
	}
	for line := range strings.Lines(string(b)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		base, file := v2, "memory.max"
		switch {
		case parts[1] == "memory":
			base, file = v1, "memory.limit_in_bytes"
		case parts[0] != "0" || parts[1] != "":
			continue
		}
		for dir := path.Clean("/" + parts[2]); dir != "/"; dir = path.Dir(dir) {
			files = append(files, path.Join(base, dir, file))
		}
	}
	return files
}
