package main_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// installKey is what must never be seen in the clear.
const installKey = "sk-canary-0123456789abcdef"

// machine is a place to install into: an empty home, ports of its own and no
// terminal.
type machine struct {
	t       *testing.T
	home    string
	prefix  string
	data    string
	env     []string
	port    [3]int // HTTP, HTTPS, console
	version string // of the stand-in program its releases hold
}

// result is what one run of the installer said and did.
type result struct {
	out, err string
	code     int
}

// newMachine makes a machine whose prefix has a space in its path.
func newMachine(t *testing.T) *machine {
	t.Helper()
	home := t.TempDir()
	m := &machine{t: t, home: home, prefix: filepath.Join(home, "my apps"), version: "1.0.0"}
	m.data = filepath.Join(m.prefix, "share", "posthouse")
	m.port = freePorts(t)
	m.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LANG=C", "TMPDIR=" + t.TempDir(),
		"FAKE_HOME=" + home, "POSTHOUSE_PREFIX=" + m.prefix, "POSTHOUSE_WAIT_SECONDS=30", "POSTHOUSE_SYSTEMD=no",
		"POSTHOUSE_HTTP_PORT=" + strconv.Itoa(m.port[0]),
		"POSTHOUSE_HTTPS_PORT=" + strconv.Itoa(m.port[1]),
		"POSTHOUSE_CONSOLE_PORT=" + strconv.Itoa(m.port[2]),
	}
	t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(m.prefix, "lib/posthouse/settings")); err == nil {
			m.file("stop")
		}
	})
	return m
}

// freePorts finds three ports nobody listens on.
func freePorts(t *testing.T) (ports [3]int) {
	t.Helper()
	for i := range ports {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}

// repository is the folder that holds install.sh.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// script is the text of install.sh.
func script(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(repository(t), "install.sh"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// run runs a command without a terminal, as cron or a container would.
func (m *machine) run(stdin io.Reader, name string, args ...string) result {
	m.t.Helper()
	// Not the test's own context, which is over when Cleanup stops the program.
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Dir, cmd.Stdin = m.env, m.home, stdin
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatalf("%s %q: %v", name, args, err)
	}
	return result{out: out.String(), err: errs.String(), code: cmd.ProcessState.ExitCode()}
}

// file runs install.sh from a copy outside any checkout.
func (m *machine) file(args ...string) result {
	m.t.Helper()
	name := filepath.Join(m.home, "install.sh")
	if err := os.WriteFile(name, script(m.t), 0o600); err != nil {
		m.t.Fatal(err)
	}
	return m.run(nil, "bash", append([]string{name}, args...)...)
}

// piped runs "curl … | bash -s -- args".
func (m *machine) piped(base string, args ...string) result {
	m.t.Helper()
	line := fmt.Sprintf(`curl -sS %s/install.sh | bash -s -- "$@"`, base)
	return m.run(nil, "bash", append([]string{"-c", line, "-"}, args...)...)
}

// checkout copies this repository, without tests and what git ignores, and
// returns its install.sh, which builds with Go.
func (m *machine) checkout() (script string) {
	m.t.Helper()
	from, to := repository(m.t), filepath.Join(m.home, "a clone")
	err := filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch d.Name() {
		case ".git", ".tools", "node_modules", "testdata", "bin":
			if d.IsDir() {
				return fs.SkipDir
			}
		}
		relative, err := filepath.Rel(from, name)
		if err != nil || strings.HasSuffix(name, "_test.go") {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, relative), 0o700)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, relative), b, 0o600)
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return filepath.Join(to, "install.sh")
}

// setenv sets environment variables for what is run next.
func (m *machine) setenv(pairs ...string) { m.env = append(m.env, pairs...) }

// ok fails the test unless a run succeeded without a word on stderr.
func (m *machine) ok(r result) result {
	m.t.Helper()
	if r.code != 0 || r.err != "" {
		m.t.Fatalf("exit code %d\nstdout: %s\nstderr: %s\nlog: %s", r.code, r.out, r.err, m.read("posthouse.log"))
	}
	return r
}

// refused fails the test unless a run failed with one line that holds want.
func (m *machine) refused(r result, want string) {
	m.t.Helper()
	if r.code == 0 || !strings.Contains(r.err, want) || strings.Count(r.err, "\n") != 1 {
		m.t.Fatalf("exit code %d, stderr %q: want one line with %q", r.code, r.err, want)
	}
}

// read is the content of a file in the data folder, or nothing.
func (m *machine) read(name string) string {
	b, err := os.ReadFile(filepath.Join(m.data, name))
	if err != nil {
		return ""
	}
	return string(b)
}

// untouched fails the test if anything was left behind.
func (m *machine) untouched() {
	m.t.Helper()
	if files := m.files(); len(files) > 0 {
		m.t.Errorf("left behind: %q", files)
	}
}

// files lists what is below the prefix.
func (m *machine) files() (names []string) {
	m.t.Helper()
	err := filepath.WalkDir(m.prefix, func(name string, _ fs.DirEntry, err error) error {
		if err == nil {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return names
}

// fake is the stand-in program of testdata/install, with a version.
func (m *machine) fake() []byte {
	m.t.Helper()
	b, err := os.ReadFile("testdata/install/posthouse")
	if err != nil {
		m.t.Fatal(err)
	}
	return bytes.ReplaceAll(b, []byte("VERSION"), []byte(m.version))
}

// release serves install.sh, an archive with a program and checksums.txt, as
// the download page of a release does. bad spoils the checksum.
func (m *machine) release(program func() []byte, bad *atomic.Bool) string {
	m.t.Helper()
	name := "posthouse_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /install.sh", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(script(m.t)) })
	mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(archive(m.t, program()))
	})
	mux.HandleFunc("GET /checksums.txt", func(w http.ResponseWriter, _ *http.Request) {
		sum := sha256.Sum256(archive(m.t, program()))
		if bad != nil && bad.Load() {
			sum[0]++
		}
		fmt.Fprintf(w, "%064d  posthouse_plan9_mips.tar.gz\n%s  %s\n", 0, hex.EncodeToString(sum[:]), name)
	})
	s := httptest.NewServer(mux)
	m.t.Cleanup(s.Close)
	m.setenv("POSTHOUSE_BASE_URL=" + s.URL)
	return s.URL
}

// archive packs a program and install.sh as a release is packed.
func archive(t *testing.T, program []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	add := func(name string, content []byte) {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Error(err)
		}
	}
	add("posthouse", program)
	add("install.sh", script(t))
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Error(err)
	}
	return b.Bytes()
}

// running reports whether the program that run.json names is alive.
func (m *machine) running() bool {
	var info struct{ PID int }
	if json.Unmarshal([]byte(m.read("run.json")), &info) != nil || info.PID == 0 {
		return false
	}
	return syscall.Kill(info.PID, 0) == nil
}

func TestInstallPiped(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	base := m.release(m.fake, nil)
	m.setenv("POSTHOUSE_DEEPSEEK_KEY="+installKey, "POSTHOUSE_KEYS=custom="+installKey+"2", "POSTHOUSE_URLS=custom=http://127.0.0.1:9/v1")
	r := m.ok(m.piped(base))
	for _, want := range []string{
		"Posthouse 1.0.0 is ready", fmt.Sprintf("http://localhost:%d/setup?t=TOKEN123", m.port[2]),
		fmt.Sprintf("https://localhost:%d/v1", m.port[1]), "deepseek: ok",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("the banner lacks %q:\n%s", want, r.out)
		}
	}
	if !m.running() {
		t.Fatal("it does not run")
	}
	document, err := os.ReadFile(filepath.Join(m.home, "applied"))
	want := "providers:\n" +
		"  - name: \"custom\"\n    vendor: \"custom\"\n    base_url: \"http://127.0.0.1:9/v1\"\n    allow_private: true\n    keys:\n      - name: default\n        value: \"" + installKey + "2\"\n" +
		"  - name: \"deepseek\"\n    vendor: \"deepseek\"\n    keys:\n      - name: default\n        value: \"" + installKey + "\"\n"
	if err != nil || string(document) != want {
		t.Errorf("the program was told\n%s\nwant\n%s", document, want)
	}
	for _, name := range []string{"calls", "environment"} {
		b, err := os.ReadFile(filepath.Join(m.home, name))
		if err != nil || bytes.Contains(b, []byte(installKey)) {
			t.Errorf("the program found a key in its %s (or %v)", name, err)
		}
	}
	if strings.Contains(r.out+m.read("posthouse.log"), installKey) {
		t.Error("a key was printed or logged")
	}
	m.private()

	installed := filepath.Join(m.prefix, "lib/posthouse/install.sh")
	if r := m.ok(m.run(nil, "bash", installed, "status")); !strings.Contains(r.out, "running and ready") {
		t.Errorf("status: %s", r.out)
	}
	if r := m.ok(m.run(nil, "bash", installed, "logs")); !strings.Contains(r.out, `"msg":"ready"`) {
		t.Errorf("logs: %s", r.out)
	}
	m.ok(m.run(nil, installed, "restart"))
	if !m.running() {
		t.Error("it does not run after restart")
	}
	m.ok(m.run(nil, "bash", installed, "stop"))
	if m.running() {
		t.Error("it runs after stop")
	}
	if r := m.run(nil, "bash", installed, "status"); r.code != 3 {
		t.Errorf("status of a stopped program: exit code %d", r.code)
	}
	m.ok(m.run(nil, "bash", installed, "start"))
	m.ok(m.run(nil, "bash", installed, "uninstall"))
	if m.running() || m.read("config.db") == "" {
		t.Error("uninstall left it running or took the data")
	}
	if _, err := os.Stat(filepath.Join(m.prefix, "bin/posthouse")); err == nil {
		t.Error("uninstall left the program")
	}
}

// private fails the test if others could read what is in the data folder.
func (m *machine) private() {
	m.t.Helper()
	for _, name := range m.files() {
		info, err := os.Stat(name)
		if err != nil || !strings.HasPrefix(name, m.data) {
			continue
		}
		if name == m.data && info.Mode().Perm() != 0o700 || strings.HasSuffix(name, ".log") && info.Mode().Perm() != 0o600 {
			m.t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

func TestInstallTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	base := m.release(m.fake, nil)
	m.ok(m.piped(base))
	before := m.read("run.json")
	r := m.ok(m.piped(base))
	if !strings.Contains(r.out, "nothing was changed") {
		t.Errorf("second run: %s", r.out)
	}
	if after := m.read("run.json"); after != before {
		t.Errorf("the second run restarted it: %s became %s", before, after)
	}
	if !strings.Contains(m.ok(m.file("start")).out, "running already") {
		t.Error("start of a running program does not say so")
	}
	m.ok(m.file("uninstall", "--purge", "--yes"))
	if _, err := os.Stat(m.data); err == nil {
		t.Error("--purge left the data")
	}
}

func TestInstallUpgrade(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.release(m.fake, nil)
	m.setenv("POSTHOUSE_OPENAI_KEY=" + installKey)
	m.ok(m.file())
	before := m.read("config.db")

	m.version = "2.0.0"
	installed := filepath.Join(m.prefix, "lib/posthouse/install.sh")
	// Only the saved settings say where it listens and where it came from.
	m.env = m.env[:8]
	m.ok(m.run(nil, "bash", installed, "update"))
	if r := m.ok(m.run(nil, "bash", installed, "status")); !strings.Contains(r.out, "2.0.0") || !strings.Contains(r.out, strconv.Itoa(m.port[0])) {
		t.Errorf("after the upgrade: %s", r.out)
	}
	if m.read("config.db") != before {
		t.Error("the upgrade changed the data")
	}

	m.version = "broken"
	r := m.run(nil, "bash", installed, "update")
	if r.code == 0 || !strings.Contains(r.err, "broken on purpose") || !strings.Contains(r.err, "the previous one is back") {
		t.Errorf("a broken upgrade: exit code %d, %s", r.code, r.err)
	}
	if r := m.ok(m.run(nil, "bash", installed, "status")); !strings.Contains(r.out, "2.0.0") {
		t.Errorf("after the failed upgrade: %s", r.out)
	}
	if !m.running() || m.read("config.db") != before {
		t.Error("the previous version does not run on its data")
	}
}

func TestInstallRefusedUpgradeKeepsTheOldOneRunning(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.release(m.fake, nil)
	m.ok(m.file())
	m.version = "2.0.0"
	m.setenv("POSTHOUSE_KEYS=custom=refuse-me")
	r := m.file()
	if r.code == 0 || !strings.Contains(r.err, "nothing was changed") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if r := m.ok(m.file("status")); !strings.Contains(r.out, "1.0.0") || !m.running() {
		t.Errorf("status: %s", r.out)
	}
}

// TestInstallRefuses: every reason not to install is one line, and nothing is
// left.
func TestInstallRefuses(t *testing.T) {
	t.Parallel()
	var spoiled atomic.Bool
	spoiled.Store(true)
	tests := []struct {
		name string
		want string
		args []string
		env  []string
		bad  *atomic.Bool
	}{
		{name: "checksum", want: "checksum", bad: &spoiled},
		{name: "no server", want: "cannot download", args: []string{"--base-url", "http://127.0.0.1:1"}},
		{name: "architecture", want: "no release for mips", env: []string{"with uname"}},
		{name: "unknown option", want: `unknown option or command "--prot"`, args: []string{"--prot", "1"}},
		{name: "unknown command", want: `"launch"`, args: []string{"launch"}},
		{name: "port text", want: "--http-port must be a number", args: []string{"--http-port", "80a"}},
		{name: "port too large", want: "--http-port must be a number", args: []string{"--http-port=65536"}},
		{name: "port twice", want: "asked for twice", args: []string{"--http-port", "1234", "--console-port", "1234"}},
		{name: "no value", want: "--prefix needs a value", args: []string{"--prefix"}},
		{name: "disk", want: "MB are needed", env: []string{"POSTHOUSE_MIN_FREE_MB=99999999"}},
		{name: "unknown vendor", want: `no vendor is called "nosuch"`, args: []string{"--key", "nosuch=1"}},
		{name: "key without vendor", want: "vendor=value", args: []string{"--key", "sk-1"}},
		{name: "empty key", want: "the key for deepseek is empty", args: []string{"--deepseek-key", ""}},
		{name: "key with a variable", want: "${", args: []string{"--deepseek-key", "${HOME}"}},
		{name: "key with a line break", want: "line break", args: []string{"--deepseek-key", "a\nb"}},
		{name: "key file", want: "cannot read the key file", args: []string{"--key", "deepseek=@/nonexistent"}},
		{name: "url", want: "must begin with http", args: []string{"--url", "custom=ftp://x"}},
		{name: "data folder", want: "cannot be the data folder", args: []string{"--data-dir", "/usr"}},
		{name: "prefix", want: "cannot make the folder", args: []string{"--prefix", "/dev/null/x", "--data-dir", "/tmp/none"}},
		{name: "status of nothing", want: "not installed", args: []string{"status"}},
		{name: "systemd", want: "no systemctl", args: []string{"--systemd"}, env: []string{"without systemctl"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.release(m.fake, tt.bad)
			for _, pair := range tt.env {
				if name, ok := strings.CutPrefix(pair, "without "); ok {
					pair = "PATH=" + m.pathWithout(name)
				}
				if name, ok := strings.CutPrefix(pair, "with "); ok {
					pair = "PATH=" + m.tools(name) + ":" + os.Getenv("PATH")
				}
				m.setenv(pair)
			}
			m.refused(m.file(tt.args...), tt.want)
			m.untouched()
		})
	}
}

// tools makes a folder with stand-ins for commands of the system.
func (m *machine) tools(names ...string) string {
	m.t.Helper()
	texts := map[string]string{
		"uname": "#!/bin/sh\n[ \"$1\" = -m ] && echo mips && exit\necho Linux\n",
	}
	dir := m.t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(texts[name]), 0o700); err != nil {
			m.t.Fatal(err)
		}
	}
	return dir
}

// pathWithout makes a folder with links to every command of PATH but some.
func (m *machine) pathWithout(names ...string) string {
	m.t.Helper()
	dir := m.t.TempDir()
	for _, from := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(from)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !contains(names, e.Name()) {
				_ = os.Symlink(filepath.Join(from, e.Name()), filepath.Join(dir, e.Name())) // the first in PATH wins
			}
		}
	}
	return dir
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func TestInstallPortTaken(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.release(m.fake, nil)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(m.port[1]))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	m.refused(m.file(), fmt.Sprintf("port %d is in use", m.port[1]))
	m.untouched()
}

func TestInstallRefusedKeysLeaveNothing(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.release(m.fake, nil)
	r := m.file("--key", "deepseek=refuse-me")
	if r.code == 0 || !strings.Contains(r.err, "nothing was changed") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	m.untouched()
}

func TestInstallWithSh(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.release(m.fake, nil)
	m.file("--help") // puts the script in place
	m.refused(m.run(nil, "dash", filepath.Join(m.home, "install.sh")), "needs bash")
	m.refused(m.run(bytes.NewReader(script(t)), "dash"), "needs bash")
	m.untouched()
}

func TestInstallChecksKeys(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.release(m.fake, nil)
	file := filepath.Join(m.home, "key file")
	if err := os.WriteFile(file, []byte(installKey+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := m.file("--key", "deepseek=@"+file, "--azure-key", "very-bad-key", "--azure-url", "https://x.openai.azure.com",
		"--field", "azure.resource=a b", "--region", "azure=eu-1", "--no-start")
	if r.code != 0 || !strings.Contains(r.err, "refused the key (kept") || strings.Count(r.err, "\n") != 1 {
		t.Fatalf("exit code %d, %s%s", r.code, r.out, r.err)
	}
	b, err := os.ReadFile(filepath.Join(m.home, "checked"))
	if want := "deepseek \nazure eu-1 resource=a b https://x.openai.azure.com\n"; err != nil || string(b) != want {
		t.Errorf("checked %q, want %q", b, want)
	}
	b, err = os.ReadFile(filepath.Join(m.home, "applied"))
	for _, want := range []string{`value: "` + installKey + `"`, `base_url: "https://x.openai.azure.com"`, `resource: "a b"`, `region: "eu-1"`} {
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("the document lacks %s:\n%s", want, b)
		}
	}
	if m.running() {
		t.Error("it runs in spite of --no-start")
	}
}

func TestInstallWithoutKeysMakesNoProvider(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.release(m.fake, nil)
	m.ok(m.file())
	if _, err := os.Stat(filepath.Join(m.home, "applied")); err == nil {
		t.Error("a configuration was applied without any key")
	}
}

// TestInstallAddsKeys: keys given to an installation join what is configured.
func TestInstallAddsKeys(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.release(m.fake, nil)
	m.ok(m.file("--no-start"))
	const exported = "# Posthouse configuration.\nversion: 1\nsettings:\n  access: local\nproviders:\n" +
		"  - name: mine\n    vendor: custom\n    base_url: https://mine.example/v1\n    keys:\n      - name: default # ****abcd\n        weight: 1\n" +
		"  - name: deepseek\n    vendor: deepseek\n    models:\n      - deepseek-chat\n    keys:\n      - name: other # ****0001\n        weight: 2\n      - name: default # ****0002\n        weight: 1\n    timeouts:\n      total: 5m\n" +
		"  - name: azure\n    vendor: azure\n    base_url: https://old.example\n    fields:\n      api_version: v1\n      resource: x\n" +
		"routes:\n  - name: all\n    targets:\n      - provider: mine\n"
	const want = "providers:\n" +
		"  - name: mine\n    vendor: custom\n    base_url: https://mine.example/v1\n    keys:\n      - name: default # ****abcd\n        weight: 1\n" +
		"  - name: deepseek\n    vendor: deepseek\n    models:\n      - deepseek-chat\n    keys:\n      - name: default\n        value: \"new-1\"\n      - name: other # ****0001\n        weight: 2\n    timeouts:\n      total: 5m\n" +
		"  - name: azure\n    vendor: azure\n    fields:\n      api_version: v1\n      resource: x\n    base_url: \"https://new.example\"\n    keys:\n      - name: default\n        value: \"new-2\"\n" +
		"  - name: \"openai\"\n    vendor: \"openai\"\n    keys:\n      - name: default\n        value: \"new-3\"\n"
	for name, text := range map[string]string{filepath.Join(m.home, "exported"): exported, filepath.Join(m.data, "config.db"): "x"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m.ok(m.file("--no-start", "--deepseek-key", "new-1", "--azure-key", "new-2", "--azure-url", "https://new.example", "--openai-key", "new-3"))
	got, err := os.ReadFile(filepath.Join(m.home, "applied"))
	if err != nil || string(got) != want {
		t.Errorf("the program was told\n%s\nwant\n%s", got, want)
	}
}

// TestInstallWholeProgram installs the real program: first from the checkout,
// which builds it, then as a release by "curl | bash" on another machine.
func TestInstallWholeProgram(t *testing.T) {
	t.Parallel()
	vendor := startVendor(t)
	m := newMachine(t)
	m.goEnvironment()
	m.setenv("POSTHOUSE_DEEPSEEK_KEY="+installKey, "POSTHOUSE_URLS=deepseek="+vendor+"/v1")
	script := m.checkout()
	stop := m.watchCommandLines()
	r := m.ok(m.run(nil, "bash", script))
	stop()
	if !strings.Contains(r.out, "deepseek: ok") {
		t.Errorf("the key was not tried:\n%s", r.out)
	}
	if strings.Contains(r.out, installKey) {
		t.Error("the key was printed")
	}
	m.tryCurl(r.out)
	m.sealed()
	m.private()

	program, err := os.ReadFile(filepath.Join(m.prefix, "bin/posthouse"))
	if err != nil {
		t.Fatal(err)
	}
	// The image adds about 3 MB to the program and is to stay under 60 MB.
	if size := len(program) >> 20; size > 56 {
		t.Errorf("the program takes %d MB", size)
	}
	before := m.read("run.json")
	m.env = m.env[:len(m.env)-2]
	if r := m.ok(m.run(nil, "bash", script)); !strings.Contains(r.out, "nothing was changed") || m.read("run.json") != before {
		t.Errorf("a second run changed something: %s", r.out)
	}

	other := newMachine(t)
	base := other.release(func() []byte { return program }, nil)
	other.setenv("POSTHOUSE_KEYS=custom="+installKey, "POSTHOUSE_URLS=custom="+vendor+"/v1")
	other.ok(other.piped(base))
	other.sealed()
	other.chat("custom/any-model")
	// A key given later joins what is there.
	other.setenv("POSTHOUSE_KEYS=deepseek="+installKey, "POSTHOUSE_URLS=deepseek="+vendor+"/v1")
	other.ok(other.piped(base))
	other.chat("custom/any-model")
	other.chat("deepseek-chat")

	for _, each := range []*machine{m, other} {
		each.ok(each.file("status"))
		each.ok(each.file("stop"))
		each.sealed()
		each.ok(each.file("uninstall", "--purge", "--yes"))
		for _, name := range each.files() {
			if info, err := os.Stat(name); err == nil && !info.IsDir() {
				t.Errorf("uninstall left %s", name)
			}
		}
	}
}

// TestDockerfile reads the recipe of the image, which is built elsewhere.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(repository(t), "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, last, ok := strings.Cut(string(b), "FROM gcr.io/distroless/static")
	if !ok || strings.Contains(last, "\nFROM ") {
		t.Fatal("the last stage is not a minimal base")
	}
	for _, want := range []string{
		"\nUSER 65532:65532\n", "\nVOLUME /data\n", "\nEXPOSE 8080 8443 8001\n", "POSTHOUSE_CONSOLE_BIND=0.0.0.0", "POSTHOUSE_DATA_DIR=/data",
		`CMD ["/usr/local/bin/posthouse", "health"]`, "\nENTRYPOINT [", "\nCMD [\"serve\"]",
	} {
		if !strings.Contains(last, want) {
			t.Errorf("the last stage lacks %q", want)
		}
	}
	if !strings.Contains(string(b), "CGO_ENABLED=0") || strings.Contains(last, "\nRUN ") {
		t.Error("the program must be static, and the last stage has no shell to run things with")
	}
}

// startVendor is a vendor that takes installKey alone.
func startVendor(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.Header.Get("Authorization") != "Bearer "+installKey {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, `{"error":{"message":"wrong key"}}`)
				return
			}
			_, _ = io.WriteString(w, body)
		})
	}
	answer("GET /v1/models", `{"object":"list","data":[{"id":"deepseek-chat","object":"model"}]}`)
	answer("POST /v1/chat/completions", `{"id":"1","object":"chat.completion","created":1,"model":"deepseek-chat","choices":[{"index":0,"message":{"role":"assistant","content":"the vendor answers"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// goEnvironment lets the machine build with this one's caches.
func (m *machine) goEnvironment() {
	m.t.Helper()
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GOFLAGS", "GOTOOLCHAIN"} {
		out, err := exec.CommandContext(m.t.Context(), "go", "env", name).Output()
		if err != nil {
			m.t.Fatal(err)
		}
		m.setenv(name + "=" + strings.TrimSpace(string(out)))
	}
}

// tryCurl runs the command that the banner offers.
func (m *machine) tryCurl(banner string) {
	m.t.Helper()
	_, command, ok := strings.Cut(banner, "\n  curl ")
	command, _, _ = strings.Cut(command, "\n\n")
	if !ok {
		m.t.Fatalf("the banner offers no curl:\n%s", banner)
	}
	if r := m.run(nil, "bash", "-c", "curl -sS "+command); !strings.Contains(r.out, "the vendor answers") {
		m.t.Errorf("curl %s\nsaid %s%s", command, r.out, r.err)
	}
}

// chat asks a model through the installed proxy.
func (m *machine) chat(model string) {
	m.t.Helper()
	r := m.run(nil, "curl", "-sS", fmt.Sprintf("http://localhost:%d/v1/chat/completions", m.port[0]),
		"-H", "Content-Type: application/json", "-d", `{"model":"`+model+`","messages":[{"role":"user","content":"hello"}]}`)
	if !strings.Contains(r.out, "the vendor answers") {
		m.t.Errorf("%s answered %s%s", model, r.out, r.err)
	}
}

// sealed fails the test if the key is in the clear in any file.
func (m *machine) sealed() {
	m.t.Helper()
	for _, name := range m.files() {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil || bytes.Contains(b, []byte(installKey)) {
			m.t.Errorf("%s holds the key in the clear (or %v)", name, err)
		}
	}
}

// watchCommandLines looks at the command line of every process, over and over,
// until the function it returns is called.
func (m *machine) watchCommandLines() (stop func()) {
	m.t.Helper()
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		every := time.NewTicker(20 * time.Millisecond)
		defer every.Stop()
		for {
			select {
			case <-done:
				return
			case <-every.C:
			}
			lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
			if err != nil {
				m.t.Error(err)
			}
			for _, name := range lines {
				if b, err := os.ReadFile(name); err == nil && bytes.Contains(b, []byte(installKey)) {
					m.t.Errorf("the key is in a command line: %q", b)
				}
			}
		}
	})
	return func() {
		close(done)
		watcher.Wait()
	}
}

// TestInstallCutOff: a script that was cut off anywhere does nothing. With no
// command in PATH, whatever it tried would be complained about.
func TestInstallCutOff(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.setenv("PATH="+t.TempDir(), "POSTHOUSE_YES=1")
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	whole := script(t)
	var cuts []int
	for i, c := range whole {
		if c == '\n' && i+1 < len(whole) {
			cuts = append(cuts, i+1)
		}
	}
	last := cuts[len(cuts)-1]
	for i := last; i < len(whole)-2; i++ {
		cuts = append(cuts, i)
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for cut := range next {
				r := m.run(bytes.NewReader(whole[:cut]), bash)
				if r.out != "" || strings.Contains(r.err, "not found") || strings.Contains(r.err, "install.sh:") {
					t.Errorf("cut off after %d bytes it did something: %s%s", cut, r.out, r.err)
				}
			}
		})
	}
	for _, cut := range cuts {
		next <- cut
	}
	close(next)
	workers.Wait()
	m.untouched()
	if r := m.run(bytes.NewReader(whole), bash); !strings.Contains(r.err, "not found") {
		t.Errorf("the whole script did nothing either, so this test tests nothing: %s%s", r.out, r.err)
	}
}
