package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/posthouse/posthouse/proxy/lab"
)

// vendorKey is a provider key that must never be seen anywhere.
const vendorKey = "sk-canary-7f3a9b1c5d"

// newVendor starts a fake vendor that takes vendorKey alone.
func newVendor(t *testing.T) (*lab.Lab, string) {
	t.Helper()
	v := lab.New(lab.Options{Pace: time.Millisecond, Keys: []string{vendorKey}})
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	return v, server.URL + "/v1"
}

// configure enters a provider and a route with a fallback, as an admin would.
func configure(c *console, base string) {
	c.t.Helper()
	c.must("POST", "/api/providers", map[string]any{
		"name": "vendor", "vendor": "custom", "base_url": base, "allow_private": true, "models": []string{"lab-one"},
		"keys": []map[string]any{{"name": "main", "value": vendorKey}},
	}, nil)
	c.must("POST", "/api/routes", map[string]any{
		"name":     "safe",
		"match":    map[string]any{"models": []map[string]any{{"value": "qwen-max"}}},
		"targets":  []map[string]any{{"provider": "vendor", "model": "fault-e503"}},
		"fallback": []map[string]any{{"targets": []map[string]any{{"provider": "vendor", "model": "lab-one"}}}},
	}, nil)
}

func TestFirstRunToAnswerAndRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	i := serve(t, dir)
	_, base := newVendor(t)
	configure(i.setUp(), base)
	if _, err := os.Stat(filepath.Join(dir, setupTokenFile)); !errors.Is(err, os.ErrNotExist) {
		t.Error("the setup token is still there after setup")
	}
	askBothDoors(t, i)
	if code := i.stop(); code != 0 {
		t.Fatalf("exit code %d after SIGTERM\n%s", code, i.log)
	}
	if _, err := os.Stat(filepath.Join(dir, runFile)); !errors.Is(err, os.ErrNotExist) {
		t.Error("run.json is still there after the end")
	}

	again := serve(t, dir)
	if strings.Contains(again.out.String(), "/setup?t=") {
		t.Error("a restart offers setup again")
	}
	askBothDoors(t, again)
	if _, status := again.login(adminPassword); status/100 != 2 {
		t.Errorf("login after the restart: %d", status)
	}
	again.stop()
	noSecrets(t, dir, i.log.String()+again.log.String()+i.out.String()+again.out.String())
}

// askBothDoors asks the route through 8080 and 8443, whole and streamed.
func askBothDoors(t *testing.T, i *instanceUnderTest) {
	t.Helper()
	for _, door := range []struct {
		base   string
		client *http.Client
		major  int
	}{{i.info.ProxyHTTP, &http.Client{Timeout: patience}, 1}, {i.info.ProxyTLS, i.trusting(), 2}} {
		for _, stream := range []bool{false, true} {
			res, body := chat(t, door.client, door.base, "qwen-max", stream)
			if res.StatusCode != http.StatusOK || res.ProtoMajor != door.major {
				t.Errorf("%s stream=%v: %s %s %s", door.base, stream, res.Proto, res.Status, body)
			}
			if stream && !strings.Contains(body, "data: [DONE]") {
				t.Errorf("%s: the stream has no end: %s", door.base, body)
			}
		}
	}
}

// noSecrets looks for secrets in the logs and in every file of the data folder.
func noSecrets(t *testing.T, dir, printed string) {
	t.Helper()
	secrets := []string{vendorKey, adminPassword}
	for _, s := range secrets {
		if strings.Contains(printed, s) {
			t.Errorf("%q was printed", s)
		}
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path) //nolint:gosec // a test's own folder
		for _, s := range secrets {
			if strings.Contains(string(b), s) {
				t.Errorf("%q is in %s", s, path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestPlainHTTPOnTheTLSPort(t *testing.T) {
	i := serve(t, t.TempDir())
	res, err := http.Get(strings.Replace(i.info.ProxyTLS, "https://", "http://", 1) + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // not read
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("got %s", res.Status)
	}
}

func TestHealthChecksOnEveryDoor(t *testing.T) {
	i := serve(t, t.TempDir())
	for _, base := range []string{i.info.ProxyHTTP, i.info.ProxyTLS, i.info.Console} {
		for _, path := range []string{"/healthz", "/readyz"} {
			res, err := i.trusting().Get(base + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("%s%s: %s", base, path, res.Status)
			}
		}
	}
	mustCommand(t, "", "health", "--data-dir", i.dir)
	mustCommand(t, "", "health", "--url", i.info.Console)
	i.stop()
	if code, _, errs := command(t, "", nil, "health", "--data-dir", i.dir); code != 1 {
		t.Errorf("health of a stopped server: %d %s", code, errs)
	}
}

func TestPortTaken(t *testing.T) {
	for _, flag := range []string{"http-port", "https-port", "console-port"} {
		t.Run(flag, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close() //nolint:errcheck // nothing to lose
			_, port, _ := net.SplitHostPort(l.Addr().String())
			dir := t.TempDir()
			i := launch(t, dir, nil, "--"+flag, port)
			if code := i.wait(); code != 1 {
				t.Errorf("exit code %d", code)
			}
			if msg := i.log.String(); !strings.Contains(msg, "port "+port) || !strings.Contains(msg, "--"+flag) {
				t.Errorf("the message does not name port and flag: %s", msg)
			}
			if _, err := os.Stat(filepath.Join(dir, runFile)); err == nil || i.out.String() != "" {
				t.Error("a half start left its traces")
			}
		})
	}
}

func TestSecondInstanceIsRefused(t *testing.T) {
	i := serve(t, t.TempDir())
	start := time.Now()
	second := launch(t, i.dir, nil)
	if code := second.wait(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if msg := second.log.String(); !strings.Contains(msg, i.dir) {
		t.Errorf("the message does not name the folder: %s", msg)
	}
	if err := askReady(t.Context(), i.info.ProxyHTTP); err != nil {
		t.Errorf("the first one suffered: %v", err)
	}
}

// streaming starts a stream that takes a while and returns it after its first
// event.
func streaming(t *testing.T, client *http.Client, base string, words int) *bufio.Reader {
	t.Helper()
	model := fmt.Sprintf("lab-one:words=%d,pace=20ms", words)
	req, err := http.NewRequestWithContext(t.Context(), "POST", base+"/v1/chat/completions", strings.NewReader(chatBody("vendor/"+model, true)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	r := bufio.NewReader(res.Body)
	line, err := r.ReadString('\n')
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %q %v", res.Status, line, err)
	}
	return r
}

// serveWithVendor starts a server with a vendor behind it.
func serveWithVendor(t *testing.T, args ...string) *instanceUnderTest {
	t.Helper()
	i := serve(t, t.TempDir(), args...)
	_, base := newVendor(t)
	configure(i.setUp(), base)
	return i
}

func TestStopDrainsStreams(t *testing.T) {
	i := serveWithVendor(t)
	secure := i.trusting()
	var streams []*bufio.Reader
	for range 25 { // on both doors, of 1.2 s each
		streams = append(streams, streaming(t, http.DefaultClient, i.info.ProxyHTTP, 60), streaming(t, secure, i.info.ProxyTLS, 60))
	}
	i.signals <- syscall.SIGTERM
	for n, r := range streams {
		rest, err := io.ReadAll(r)
		if err != nil || !strings.Contains(string(rest), "data: [DONE]") {
			t.Errorf("stream %d was cut: %v …%s", n, err, rest[max(0, len(rest)-200):])
		}
	}
	if code := i.wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := http.Get(i.info.ProxyHTTP + "/healthz"); err == nil {
		t.Error("it still accepts connections")
	}
}

func TestStopEndsStreamsAfterTheDrain(t *testing.T) {
	i := serveWithVendor(t, "--drain", "200ms")
	r := streaming(t, http.DefaultClient, i.info.ProxyHTTP, 3000) // a minute
	start := time.Now()
	i.signals <- syscall.SIGTERM
	rest, _ := io.ReadAll(r) // how it ends is for the client to see, below
	if code := i.wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
	if strings.Contains(string(rest), "[DONE]") || !strings.Contains(string(rest), `"error"`) {
		t.Errorf("a cut stream must end in an error event and not look whole: …%s", rest[max(0, len(rest)-300):])
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	i := serveWithVendor(t)
	streaming(t, http.DefaultClient, i.info.ProxyHTTP, 3000)
	i.signals <- syscall.SIGTERM
	if !i.log.waitFor("stopping", i.done) {
		t.Fatal("the first signal was not taken")
	}
	start := time.Now()
	i.signals <- os.Interrupt
	i.wait()
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestNotReadyWhileDraining(t *testing.T) {
	i := serveWithVendor(t)
	streaming(t, http.DefaultClient, i.info.ProxyHTTP, 3000)
	i.signals <- syscall.SIGTERM
	if !i.log.waitFor("stopping", i.done) {
		t.Fatal("the signal was not taken")
	}
	res, err := http.Get(i.info.Console + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz says %s", res.Status)
	}
}

func TestDamagedDataIsRefused(t *testing.T) {
	sound := t.TempDir()
	serve(t, sound).stop()
	whole, err := os.ReadFile(filepath.Join(sound, "config.db")) //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"garbage": []byte(strings.Repeat("no database ", 1000)), "cut": whole[:len(whole)/2],
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "config.db")
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			i := launch(t, dir, nil)
			if code := i.wait(); code != 1 || !strings.Contains(i.log.String(), "config.db") {
				t.Errorf("exit code %d: %s", code, i.log)
			}
			if after, err := os.ReadFile(file); err != nil || !slices.Equal(after, content) { //nolint:gosec // a test's own file
				t.Error("the damaged file was touched")
			}
		})
	}
}

func TestMasterKeyFromTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	env := map[string]string{"POSTHOUSE_MASTER_KEY": strings.Repeat("ab", 32)}
	i := launch(t, dir, env)
	i.ready()
	_, base := newVendor(t)
	configure(i.setUp(), base)
	i.stop()
	if _, err := os.Stat(filepath.Join(dir, masterKeyFile)); !errors.Is(err, os.ErrNotExist) {
		t.Error("a key file was made all the same")
	}
	again := launch(t, dir, env)
	again.ready()
	askBothDoors(t, again)
}

func TestNothingIsLeftRunning(t *testing.T) {
	http.DefaultClient.CloseIdleConnections()
	before := goleak.IgnoreCurrent()
	serve(t, t.TempDir(), "--demo").stop()
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

func TestHangupReloads(t *testing.T) {
	dir := t.TempDir()
	logFile := filepath.Join(t.TempDir(), "posthouse.log")
	i := serve(t, dir, "--log-file", logFile)
	cert, key, err := selfSigned("swapped.example", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"cert.pem": cert, "key.pem": key} {
		if err := writePrivate(filepath.Join(dir, tlsFolder, name), b); err != nil {
			t.Fatal(err)
		}
	}
	moved := logFile + ".1"
	if err := os.Rename(logFile, moved); err != nil {
		t.Fatal(err)
	}
	i.signals <- syscall.SIGHUP
	res, err := i.trusting().Get(i.info.ProxyTLS + "/healthz") // trusts the new pair alone
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if code := i.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if b, err := os.ReadFile(logFile); err != nil || !strings.Contains(string(b), "reloaded") { //nolint:gosec // a test's own file
		t.Errorf("the log file was not opened anew: %v %s", err, b)
	}
}

func TestDemoAnswersItsOwnCurl(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "empty")
	for round := range 2 {
		i := serve(t, dir, "--demo")
		curls := bannerCurls(i.out.String())
		if len(curls) != 2 {
			t.Fatalf("the banner has %d curls: %s", len(curls), i.out)
		}
		for _, c := range curls {
			res, err := http.Post(c.url, "application/json", strings.NewReader(c.body)) //nolint:gosec // an address of this test
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), `"content"`) {
				t.Errorf("round %d: %s: %s %s %v", round, c.body, res.Status, body, err)
			}
		}
		i.stop()
	}
	doc := mustCommand(t, "", "export", "--data-dir", dir)
	if n := strings.Count(doc, "demo-flaky"); n < 2 {
		t.Errorf("the demo's items are missing or doubled: %s", doc)
	}
}

// printedCurl is a command of the banner, taken apart.
type printedCurl struct{ url, body string }

// bannerCurls finds the chat commands of a banner.
func bannerCurls(banner string) []printedCurl {
	var out []printedCurl
	re := regexp.MustCompile(`curl (http://\S+/chat/completions) [^\n]*\\\n\s+-d '([^']*)'`)
	for _, m := range re.FindAllStringSubmatch(banner, -1) {
		out = append(out, printedCurl{m[1], m[2]})
	}
	return out
}

func TestFileModesWithoutUmask(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "data")
	i := serveWithVendorIn(t, dir)
	askBothDoors(t, i)
	check := func() {
		t.Helper()
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %v", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	check()
	i.stop()
	check()
}

// serveWithVendorIn is serveWithVendor in a folder of one's own.
func serveWithVendorIn(t *testing.T, dir string, args ...string) *instanceUnderTest {
	t.Helper()
	i := serve(t, dir, args...)
	_, base := newVendor(t)
	configure(i.setUp(), base)
	return i
}

// startProcess starts the program as a process of its own, for the tests that
// must kill it, and waits for its banner.
func startProcess(t *testing.T, dir string) (*exec.Cmd, *instanceUnderTest) {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	i := &instanceUnderTest{t: t, dir: dir, out: newScreen(), log: newScreen(), done: make(chan struct{})}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), name, "serve", "--data-dir", dir, "--bind", "127.0.0.1", //nolint:gosec // this very program
		"--http-port", "0", "--https-port", "0", "--console-port", "0")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdout, cmd.Stderr = i.out, i.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = cmd.Wait(); close(i.done) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-i.done })
	i.ready()
	return cmd, i
}

func TestKillDuringConfigWrites(t *testing.T) {
	for _, after := range []int{1, 7, 30} { // acknowledged writes
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			dir := t.TempDir()
			acked := killAfter(t, dir, after)
			start := time.Now()
			process, again := startProcess(t, dir)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("the restart took %v", took)
			}
			have := again.providerNames()
			for _, n := range acked {
				if !slices.Contains(have, n) {
					t.Errorf("%s was acknowledged and is lost", n)
				}
			}
			if err := process.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			<-again.done
			if code := process.ProcessState.ExitCode(); code != 0 {
				t.Errorf("exit code %d after SIGTERM", code)
			}
		})
	}
}

// killAfter kills a server that is being written to once so many writes were
// acknowledged, and names all that were.
func killAfter(t *testing.T, dir string, after int) []string {
	t.Helper()
	process, i := startProcess(t, dir)
	c := i.setUp()
	acked := make(chan string, 10_000)
	go func() { // writes until the server is gone
		defer close(acked)
		for n := 0; c.tryCreate(fmt.Sprintf("p%d", n)); n++ {
			acked <- fmt.Sprintf("p%d", n)
		}
	}()
	var names []string
	for n := range acked {
		names = append(names, n)
		if len(names) != after {
			continue
		}
		if err := process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	<-i.done
	return names
}

// providerNames logs in and lists the providers.
func (i *instanceUnderTest) providerNames() []string {
	i.t.Helper()
	c, status := i.login(adminPassword)
	if status/100 != 2 {
		i.t.Fatalf("login: %d", status)
	}
	var list struct {
		Providers []struct {
			Name string `json:"name"`
		} `json:"providers"`
	}
	c.must("GET", "/api/providers", nil, &list)
	var names []string
	for _, p := range list.Providers {
		names = append(names, p.Name)
	}
	return names
}

// tryCreate makes a provider and reports whether that was acknowledged.
func (c *console) tryCreate(name string) bool {
	body := fmt.Sprintf(`{"name":%q,"vendor":"custom","base_url":"http://127.0.0.1:1/v1","allow_private":true,"keys":[{"name":"k","value":%q}]}`, name, vendorKey)
	req, err := http.NewRequest("POST", c.base+"/api/providers", strings.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", c.base)
	res, err := c.http.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode/100 == 2
}
