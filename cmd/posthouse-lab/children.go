package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// startLimit is how long a process may take to answer.
	startLimit = 30 * time.Second
	// stopLimit is how long one may take to end before it is killed.
	stopLimit = 10 * time.Second
	// consumerKey lets the load in: it is no secret, for it opens a process
	// that lives as long as the measurement.
	consumerKey = "ph-bench-0123456789abcdef0123456789abcdef"
)

// child is a process that was started to be measured.
type child struct {
	cmd   *exec.Cmd
	ended chan struct{}
	url   string        // base URL, ending in /v1
	admin string        // the console's base URL; posthouse only
	took  time.Duration // from its start to its first answer; posthouse only
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop ends the process.
func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // one that has ended needs none
	select {
	case <-c.ended:
	case <-time.After(stopLimit):
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// launch starts a process.
func launch(cmd *exec.Cmd) (*child, error) {
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	c := &child{cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended shows in what it was asked last
		close(c.ended)
	}()
	return c, nil
}

// startTool starts this program with another subcommand, which prints its base
// URL first.
func startTool(ctx context.Context, logs io.Writer, env []string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self, args...) //nolint:gosec // it is this very program
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), logs
	r, w := io.Pipe()
	cmd.Stdout = w
	c, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(r)
	if !lines.Scan() {
		return nil, fmt.Errorf("%s printed no base URL", strings.Join(args, " "))
	}
	go func() { _, _ = io.Copy(io.Discard, r) }() // the pipe must not fill
	base, ok := strings.CutPrefix(lines.Text(), "base URL: ")
	if !ok {
		c.stop()
		return nil, fmt.Errorf("%s printed %q instead of a base URL", strings.Join(args, " "), lines.Text())
	}
	c.url = base
	return c, nil
}

// translatedPath is below where posthouse answers by way of another dialect.
const translatedPath = "/translated"

// configuration is everything on: keys for callers, a route with a fallback,
// accounting and the log. Metrics are switched on by way of the API.
func configuration(vendor string) string {
	return fmt.Sprintf(`version: 1
settings:
  access: keys
providers:
  - {name: main, vendor: custom, base_url: %[1]q, allow_private: true, keys: [{name: main, value: sk-bench-key-of-main}]}
  - {name: spare, vendor: custom, base_url: %[1]q, allow_private: true, keys: [{name: main, value: sk-bench-key-of-spare}]}
  - {name: messages, vendor: anthropic, base_url: %[3]q, allow_private: true, keys: [{name: main, value: sk-bench-key-of-messages}]}
routes:
  - name: translated
    match: {path_prefix: %[4]s}
    targets: [{provider: messages}]
    fallback: [{targets: [{provider: spare}]}]
  - name: bench
    match: {models: [{kind: prefix, value: lab-}]}
    targets: [{provider: main}]
    fallback: [{targets: [{provider: spare}]}]
consumers:
  - name: bench
    keys: [{name: main, hash: "sha256:%[2]x"}]
`, vendor, sha256.Sum256([]byte(consumerKey)), strings.TrimSuffix(vendor, "/v1"), translatedPath)
}

// startPosthouse starts the program under test, with the data that is in dir.
func startPosthouse(ctx context.Context, program, dir, vendor string, env []string) (*child, error) {
	conf := filepath.Join(dir, "posthouse.yaml")
	if err := os.WriteFile(conf, []byte(configuration(vendor)), 0o600); err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	data := filepath.Join(dir, "data")
	run := filepath.Join(data, "run.json")
	_ = os.Remove(run)                                                                                             // of the process before
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, "serve", "--data-dir", data, "--config", conf, //nolint:gosec // the program that the user names
		"--bind", "127.0.0.1", "--http-port", "0", "--https-port", "0", "--console-port", "0", "--log-file", filepath.Join(dir, "posthouse.log"))
	cmd.Env = append(os.Environ(), env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	began := time.Now()
	c, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := c.answers(ctx, run); err != nil {
		c.stop()
		return nil, fmt.Errorf("%s does not answer: %w %s", program, err, said.String())
	}
	c.took = time.Since(began)
	if err := c.metricsOn(ctx); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// answers waits for the first answer to a call.
func (c *child) answers(ctx context.Context, run string) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		var info struct {
			Proxy   string `json:"proxy_http"`
			Console string `json:"console"`
		}
		if b, err := os.ReadFile(run); err == nil && json.Unmarshal(b, &info) == nil { //nolint:gosec // in our own folder
			c.url, c.admin = info.Proxy+"/v1", info.Console
			if c.ask(ctx) == nil {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-c.ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ask makes one call.
func (c *child) ask(ctx context.Context) error {
	body := `{"model":"lab-load","messages":[{"role":"user","content":"question 1"}]}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/chat/completions", strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("the first call: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+consumerKey)
	req.Close = true
	resp, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		return fmt.Errorf("the first call: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the first call: %s", resp.Status)
	}
	return nil
}

// benchPassword is the admin's of a data folder that is thrown away.
const benchPassword = "bench bench bench" //nolint:gosec // of a program that lives as long as the benchmark

// console logs in and returns a client for the API: as the first admin the
// first time, then by password.
func (c *child) console(ctx context.Context) (func(method, path, body string, into any) error, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("a jar for the session: %w", err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
	call := func(method, path, body string, into any) error {
		req, err := http.NewRequestWithContext(ctx, method, c.admin+path, strings.NewReader(body))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		resp, err := client.Do(req)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", path, err)
		case resp.StatusCode >= 300:
			return fmt.Errorf("%s: %s: %.300s", path, resp.Status, b)
		case into == nil:
			return nil
		}
		return json.Unmarshal(b, into)
	}
	account := fmt.Sprintf(`{"name":"bench","password":%q}`, benchPassword)
	if call(http.MethodPost, "/api/setup", account, nil) == nil {
		return call, nil
	}
	return call, call(http.MethodPost, "/api/login", account, nil)
}

// metricsOn switches the metrics on.
func (c *child) metricsOn(ctx context.Context) error {
	call, err := c.console(ctx)
	if err != nil {
		return err
	}
	var now struct {
		Enabled bool `json:"enabled"`
	}
	if err := call(http.MethodGet, "/api/settings/metrics", "", &now); err != nil || now.Enabled {
		return err
	}
	return call(http.MethodPut, "/api/settings/metrics", `{"enabled":true,"allow":["127.0.0.0/8"]}`, nil)
}
