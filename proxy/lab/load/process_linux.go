package load

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// ticks is the unit of CPU times in /proc: USER_HZ, which is 100 on every
// architecture that Go runs Linux on (proc(5)).
const ticks = 100

// cpuTime is the CPU time that a process and its threads have used.
func cpuTime(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	// The name in parentheses may hold anything; what follows it is numbers.
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	const utime, stime = 11, 12 // counted from the state, the third field
	if len(fields) <= stime {
		return 0, fmt.Errorf("CPU time of process %d: /proc/%d/stat is too short", pid, pid)
	}
	user, err := strconv.ParseInt(string(fields[utime]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	system, err := strconv.ParseInt(string(fields[stime]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	return time.Duration(user+system) * time.Second / ticks, nil
}

// openFiles is the number of a process's file descriptors.
func openFiles(pid int) (int, error) { return entries(pid, "fd") }

// threads is the number of a process's threads.
func threads(pid int) (int, error) { return entries(pid, "task") }

func entries(pid int, dir string) (int, error) {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", pid, dir))
	if err != nil {
		return 0, fmt.Errorf("%s of process %d: %w", dir, pid, err)
	}
	return len(list), nil
}

// Memory is what a process has in RAM, and how much of that are pages of files,
// such as the program's own, which the kernel can drop at any time.
func Memory(pid int) (resident, mapped int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	// size resident shared text lib data dt, in pages (proc(5)).
	fields := bytes.Fields(b)
	if len(fields) < 3 {
		return 0, 0, fmt.Errorf("memory of process %d: /proc/%d/statm is too short", pid, pid)
	}
	page := int64(os.Getpagesize())
	if resident, err = strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
		mapped, err = strconv.ParseInt(string(fields[2]), 10, 64)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	return resident * page, mapped * page, nil
}
