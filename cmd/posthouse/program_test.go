package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of these tests; nothing takes near as long unless
// it is broken.
const patience = 20 * time.Second

// asProgram is the variable that makes the test binary be the program.
const asProgram = "POSTHOUSE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
	}
	os.Exit(m.Run())
}

// screen collects what a program prints and tells when a text has appeared.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newScreen() *screen { return &screen{more: make(chan struct{}, 1)} }

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

// String is everything printed so far.
func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// waitFor waits until text was printed, or ended closes.
func (s *screen) waitFor(text string, ended <-chan struct{}) bool {
	late := time.After(patience)
	for {
		if strings.Contains(s.String(), text) {
			return true
		}
		select {
		case <-s.more:
		case <-ended:
			return strings.Contains(s.String(), text)
		case <-late:
			return false
		}
	}
}

// environment makes a lookup function of pairs.
func environment(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := pairs[name]
		return v, ok
	}
}

// command runs a command to its end.
func command(t *testing.T, stdin string, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"posthouse"}, args...), strings.NewReader(stdin), &out, &errs, environment(env))
	return code, out.String(), errs.String()
}

// mustCommand runs a command that must succeed.
func mustCommand(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	code, out, errs := command(t, stdin, nil, args...)
	if code != 0 {
		t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
	}
	return out
}

// instanceUnderTest is a server started by a test.
type instanceUnderTest struct {
	t       *testing.T
	dir     string
	info    runInfo
	out     *screen
	log     *screen
	signals chan os.Signal
	done    chan struct{}
	code    int
}

// launch starts "posthouse serve" on free ports, without waiting.
func launch(t *testing.T, dir string, env map[string]string, args ...string) *instanceUnderTest {
	t.Helper()
	i := &instanceUnderTest{t: t, dir: dir, out: newScreen(), log: newScreen(), signals: make(chan os.Signal, 2), done: make(chan struct{})}
	p := &program{stdin: strings.NewReader(""), stdout: i.out, stderr: i.log, env: environment(env), signals: i.signals, now: time.Now}
	all := append([]string{
		"posthouse", "serve", "--data-dir", dir, "--bind", "127.0.0.1",
		"--http-port", "0", "--https-port", "0", "--console-port", "0",
	}, args...)
	go func() {
		defer close(i.done)
		i.code = p.run(context.Background(), all)
	}()
	t.Cleanup(func() {
		select {
		case <-i.done:
		default:
			i.signals <- syscall.SIGTERM
			i.signals <- syscall.SIGTERM
			i.wait()
		}
	})
	return i
}

// serve starts "posthouse serve" and waits until it serves.
func serve(t *testing.T, dir string, args ...string) *instanceUnderTest {
	t.Helper()
	i := launch(t, dir, nil, args...)
	i.ready()
	return i
}

// ready waits for the banner.
func (i *instanceUnderTest) ready() {
	i.t.Helper()
	if !i.out.waitFor("Try it", i.done) {
		i.t.Fatalf("posthouse did not start: %s\n%s", i.out, i.log)
	}
	info, err := readRunInfo(i.dir)
	if err != nil {
		i.t.Fatal(err)
	}
	i.info = info
}

// wait waits for the end and returns the exit code.
func (i *instanceUnderTest) wait() int {
	i.t.Helper()
	select {
	case <-i.done:
		return i.code
	case <-time.After(patience):
		i.t.Fatal("posthouse did not end")
		return -1
	}
}

// stop stops the server as SIGTERM does.
func (i *instanceUnderTest) stop() int {
	i.t.Helper()
	i.signals <- syscall.SIGTERM
	return i.wait()
}

// console is a client logged in to the console.
type console struct {
	t    *testing.T
	base string
	http *http.Client
}

// newConsole makes a client without a session.
func (i *instanceUnderTest) newConsole() *console {
	jar, err := cookiejar.New(nil)
	if err != nil {
		i.t.Fatal(err)
	}
	return &console{t: i.t, base: i.info.Console, http: &http.Client{Jar: jar, Timeout: patience}}
}

const (
	adminName     = "admin"
	adminPassword = "correct horse battery"
)

// setUp creates the first admin and is logged in as them.
func (i *instanceUnderTest) setUp() *console {
	i.t.Helper()
	c := i.newConsole()
	token, err := firstLine(filepath.Join(i.dir, setupTokenFile))
	if err != nil {
		i.t.Fatal(err)
	}
	c.must("POST", "/api/setup", map[string]any{"name": adminName, "password": adminPassword, "token": token}, nil)
	return c
}

// login logs in.
func (i *instanceUnderTest) login(password string) (*console, int) {
	i.t.Helper()
	c := i.newConsole()
	status, _ := c.do("POST", "/api/login", map[string]any{"name": adminName, "password": password})
	return c, status
}

// do makes an API request as the console does.
func (c *console) do(method, path string, body any) (int, []byte) {
	c.t.Helper()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, r)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", c.base)
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, answer
}

// must makes an API request that must succeed, and decodes its answer.
func (c *console) must(method, path string, body, into any) {
	c.t.Helper()
	status, answer := c.do(method, path, body)
	if status/100 != 2 {
		c.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer, into); err != nil {
		c.t.Fatalf("%s %s: %v in %s", method, path, err, answer)
	}
}

// trusting is an HTTP client that trusts the certificate in the data folder.
func (i *instanceUnderTest) trusting() *http.Client {
	i.t.Helper()
	b, err := os.ReadFile(filepath.Join(i.dir, tlsFolder, "cert.pem"))
	if err != nil {
		i.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(b) {
		i.t.Fatal("no certificate in cert.pem")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	i.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// chatBody is a chat request.
func chatBody(model string, stream bool) string {
	return fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"你是谁"}]}`, model, stream)
}

// chat asks a model through a door and returns the whole answer.
func chat(t *testing.T, client *http.Client, base, model string, stream bool) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", base+"/v1/chat/completions", strings.NewReader(chatBody(model, stream)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: %v after %q", model, err, body)
	}
	return res, string(body)
}
