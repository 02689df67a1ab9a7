package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// runInfo is what a running instance leaves in run.json in its data folder, so
// that other commands (and the installer) find its doors.
type runInfo struct {
	PID       int       `json:"pid"`
	Started   time.Time `json:"started"`
	Version   string    `json:"version"`
	ProxyHTTP string    `json:"proxy_http"`  // base URL as reached from this machine
	ProxyTLS  string    `json:"proxy_https"` // the same for the TLS door
	Console   string    `json:"console"`
}

// writeRunInfo leaves the file.
func writeRunInfo(dir string, info runInfo) error {
	b, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", runFile, err)
	}
	return writePrivate(filepath.Join(dir, runFile), append(b, '\n'))
}

// readRunInfo reads the file. Its error says what to do.
func readRunInfo(dir string) (runInfo, error) {
	name := filepath.Join(dir, runFile)
	b, err := os.ReadFile(name) //nolint:gosec // a file of our own data folder
	if errors.Is(err, fs.ErrNotExist) {
		return runInfo{}, fmt.Errorf("no instance runs on %s (%s is not there); start it with \"posthouse serve\", or name it with --url", dir, runFile)
	}
	if err != nil {
		return runInfo{}, fmt.Errorf("read %s: %w", name, err)
	}
	var info runInfo
	if err := json.Unmarshal(b, &info); err != nil {
		return runInfo{}, fmt.Errorf("%s is damaged (%w); restart posthouse", name, err)
	}
	return info, nil
}

// localURL is the base URL of a listener as a client on this machine reaches
// it: a listener on all interfaces is reached by the loopback name.
func localURL(scheme string, addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return scheme + "://" + addr.String()
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.IsUnspecified() || ip.Equal(net.IPv4(127, 0, 0, 1)) {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
