package main

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"strings"

	"gopkg.in/natefinch/lumberjack.v2"
)

// Bounds of the log files: 10 files of 100 MB at most, compressed.
const (
	logFileMegabytes = 100
	logFileBackups   = 10
)

// logOutput is where log lines go: stderr, or a file that turns over by size.
type logOutput struct {
	log    *slog.Logger
	calls  io.Writer // of lines about calls; nil: the level leaves them out
	buffer *logBuffer
	file   *lumberjack.Logger // nil without --log-file
}

// openLog makes the logger. level is debug, info, warn or error.
func openLog(stderr io.Writer, file, level string) (*logOutput, error) {
	var lowest slog.Level
	if err := lowest.UnmarshalText([]byte(level)); err != nil {
		return nil, usageError("--log-level %q is unknown; use debug, info, warn or error", level)
	}
	out := &logOutput{}
	w := stderr
	if file != "" {
		out.file = &lumberjack.Logger{Filename: file, MaxSize: logFileMegabytes, MaxBackups: logFileBackups, Compress: true}
		// lumberjack opens on the first write; an unwritable path is better
		// told now than by silence later.
		if _, err := out.file.Write(nil); err != nil {
			return nil, fmt.Errorf("log file %s cannot be written: %w; choose another with --log-file", file, err)
		}
		w = out.file
	}
	out.buffer = newLogBuffer(w)
	if lowest <= slog.LevelInfo {
		out.calls = out.buffer
	}
	out.log = slog.New(promptHandler{slog.NewJSONHandler(out.buffer, &slog.HandlerOptions{Level: lowest}), out.buffer})
	return out, nil
}

// reopen closes the log file so that the next line opens it anew: what an
// outside log rotation asks for with SIGHUP.
func (o *logOutput) reopen() error {
	if err := o.buffer.flush(); err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	if o.file == nil {
		return nil
	}
	if err := o.file.Close(); err != nil {
		return fmt.Errorf("reopen log file %s: %w", o.file.Filename, err)
	}
	return nil
}

// close writes what waits and closes the log file.
func (o *logOutput) close() {
	_ = o.buffer.flush() // nobody is left to tell
	if o.file != nil {
		_ = o.file.Close()
	}
}

// serverErrors takes the lines net/http writes about connections. Failed
// handshakes are everyday noise (a browser that does not trust the certificate
// makes one a visit), so they are for debugging only.
type serverErrors struct {
	log  *slog.Logger
	door string
}

// Write implements io.Writer, one line at a time.
func (s serverErrors) Write(p []byte) (int, error) {
	line := strings.TrimSpace(string(p))
	if strings.Contains(line, "TLS handshake error") {
		s.log.Debug("http server", "door", s.door, "error", line)
		return len(p), nil
	}
	s.log.Warn("http server", "door", s.door, "error", line)
	return len(p), nil
}

// errorLog is an http.Server's ErrorLog that writes to log.
func errorLog(l *slog.Logger, door string) *log.Logger {
	return log.New(serverErrors{log: l, door: door}, "", 0)
}
