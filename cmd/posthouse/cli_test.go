package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		env    map[string]string
		code   int
		stdout string
		stderr string
	}{
		{"nothing prints help", nil, nil, 0, "serve", ""},
		{"help", []string{"help"}, nil, 0, "check-key", ""},
		{"unknown command", []string{"sevre"}, nil, 2, "", `no command "sevre"`},
		{"unknown command suggests", []string{"serv"}, nil, 2, "", `"serve"`},
		{"unknown flag", []string{"serve", "--nope"}, nil, 2, "", "nope"},
		{"stray argument", []string{"version", "x"}, nil, 2, "", `no argument "x"`},
		{"bad port", []string{"serve", "--http-port", "70000"}, nil, 2, "", "between 0 and 65535"},
		{"bad port in the environment", []string{"serve"}, map[string]string{"POSTHOUSE_HTTP_PORT": "x"}, 2, "", "POSTHOUSE_HTTP_PORT"},
		{"bad bind", []string{"serve", "--bind", "here", "--data-dir", "DIR"}, nil, 2, "", "not an IP address"},
		{"bad level", []string{"serve", "--log-level", "loud", "--data-dir", "DIR"}, nil, 2, "", "debug, info"},
		{"half a pair", []string{"serve", "--tls-cert", "x.pem", "--data-dir", "DIR"}, nil, 2, "", "--tls-key"},
		{"negative drain", []string{"serve", "--drain", "-1s", "--data-dir", "DIR"}, nil, 2, "", "negative"},
		{"version", []string{"version"}, nil, 0, "posthouse ", ""},
		{"no data to back up", []string{"backup", "--out", "x", "--data-dir", "DIR"}, nil, 1, "", "no Posthouse data"},
		{"nothing runs", []string{"health", "--data-dir", "DIR"}, nil, 1, "", "no instance runs"},
		{"unknown vendor", []string{"check-key", "--vendor", "nobody"}, nil, 2, "", "posthouse vendors"},
		{"required flag", []string{"check-key"}, nil, 2, "", "vendor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			args := make([]string, len(tt.args))
			for i, a := range tt.args {
				args[i] = strings.ReplaceAll(a, "DIR", dir)
			}
			code, out, errs := command(t, "", tt.env, args...)
			if code != tt.code || !strings.Contains(out, tt.stdout) || !strings.Contains(errs, tt.stderr) {
				t.Errorf("exit %d, want %d\nstdout: %s\nstderr: %s", code, tt.code, out, errs)
			}
			if tt.code != 0 && strings.Count(strings.TrimSpace(errs), "\n") > 0 {
				t.Errorf("more than one line of error:\n%s", errs)
			}
		})
	}
}

func TestVersionJSON(t *testing.T) {
	var got buildInfo
	if err := json.Unmarshal([]byte(mustCommand(t, "", "version", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version == "" || got.Commit == "" || got.Go == "" || got.OS == "" || got.Arch == "" {
		t.Errorf("something is missing: %+v", got)
	}
}

func TestDefaultDataDir(t *testing.T) {
	tests := []struct {
		name string
		uid  int
		env  map[string]string
		want string
	}{
		{"root", 0, nil, "/var/lib/posthouse"},
		{"user", 1000, map[string]string{"HOME": "/home/u"}, "/home/u/.local/share/posthouse"},
		{"XDG", 1000, map[string]string{"HOME": "/home/u", "XDG_DATA_HOME": "/data"}, "/data/posthouse"},
		{"relative XDG is invalid", 1000, map[string]string{"HOME": "/home/u", "XDG_DATA_HOME": "data"}, "/home/u/.local/share/posthouse"},
		{"no home", 1000, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &program{env: environment(tt.env)}
			got, err := p.defaultDataDir(tt.uid)
			if got != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), "--data-dir") {
				t.Errorf("the error does not say what to do: %v", err)
			}
		})
	}
}

func TestMakeDataDir(t *testing.T) {
	tests := []struct {
		name  string
		mode  os.FileMode // of the folder before; 0: it is not there
		files []string
		want  os.FileMode
		fails bool
	}{
		{"new", 0, nil, 0o700, false},
		{"empty and open", 0o777, nil, 0o700, false},
		{"ours and open", 0o755, []string{"config.db", "config.db-wal", "master.key"}, 0o700, false},
		{"a volume's own folder", 0o755, []string{"lost+found"}, 0o700, false},
		{"others' files", 0o755, []string{"thesis.tex"}, 0o755, false},
		{"others' files, open to all", 0o777, []string{"thesis.tex"}, 0o777, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if tt.mode != 0 {
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				for _, f := range tt.files {
					if err := os.WriteFile(filepath.Join(dir, f), nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if err := os.Chmod(dir, tt.mode); err != nil {
					t.Fatal(err)
				}
			}
			err := makeDataDir(dir)
			info, serr := os.Stat(dir)
			if serr != nil {
				t.Fatal(serr)
			}
			if (err != nil) != tt.fails || info.Mode().Perm() != tt.want {
				t.Errorf("mode %v, want %v; error %v", info.Mode().Perm(), tt.want, err)
			}
		})
	}
}

func TestCgroupMemory(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	tests := []struct {
		name string
		fs   fstest.MapFS
		want int64 // 0: none
	}{
		{"no container", fstest.MapFS{}, 0},
		{"version 2, limit at the root", fstest.MapFS{"sys/fs/cgroup/memory.max": file("536870912\n")}, 536870912},
		{"version 2, no limit", fstest.MapFS{"sys/fs/cgroup/memory.max": file("max\n")}, 0},
		{"version 2, the parent's is smaller", fstest.MapFS{
			"proc/self/cgroup":              file("0::/a/b\n"),
			"sys/fs/cgroup/a/memory.max":    file("1000\n"),
			"sys/fs/cgroup/a/b/memory.max":  file("2000\n"),
			"sys/fs/cgroup/a/b/c/memory.ma": file("1\n"),
		}, 1000},
		{"version 1", fstest.MapFS{
			"proc/self/cgroup": file("12:cpu:/x\n5:memory:/docker/1\n"),
			"sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": file("4096\n"),
		}, 4096},
		{"version 1, no limit", fstest.MapFS{"sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n")}, 0},
		{"garbage", fstest.MapFS{"proc/self/cgroup": file("x\n:\n"), "sys/fs/cgroup/memory.max": file("lots")}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := cgroupMemory(tt.fs)
			if !ok && tt.want == 0 {
				return
			}
			if got != tt.want || got == math.MaxInt64 {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
