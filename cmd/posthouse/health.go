package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
)

// healthTimeout bounds the whole check: a container's health check runs often.
const healthTimeout = 5 * time.Second

// healthCommand is "posthouse health".
func (p *program) healthCommand() *cli.Command {
	return &cli.Command{
		Name:  "health",
		Usage: "exit 0 when the running instance is ready",
		Flags: []cli.Flag{
			p.dataDirFlag(),
			&cli.StringFlag{Name: "url", Usage: "base URL of the instance, such as http://localhost:8080; else found by the data folder", Sources: p.fromEnv("POSTHOUSE_URL")},
		},
		Action: p.healthAction,
	}
}

// healthAction asks /readyz.
func (p *program) healthAction(ctx context.Context, cmd *cli.Command) error {
	base := cmd.String("url")
	if base == "" {
		dir, err := p.dataDir(cmd)
		if err != nil {
			return err
		}
		info, err := readRunInfo(dir)
		if err != nil {
			return err
		}
		base = info.ProxyHTTP
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if err := askReady(ctx, base); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "ready: %s\n", base)
	return nil
}

// askReady asks an instance whether it is ready.
func askReady(ctx context.Context, base string) error {
	url := strings.TrimRight(base, "/") + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return usageError("%q is not a base URL: %w", base, err)
	}
	res, err := localClient().Do(req)
	if err != nil {
		return fmt.Errorf("nothing answers at %s: %w; is posthouse running?", base, errors.Unwrap(err))
	}
	defer res.Body.Close() //nolint:errcheck // read only
	if res.StatusCode != http.StatusOK {
		words, _ := io.ReadAll(io.LimitReader(res.Body, 200)) // its words are a bonus
		return fmt.Errorf("%s is not ready: %s %s", base, res.Status, strings.TrimSpace(string(words)))
	}
	return nil
}

// localClient calls an instance on this machine or network: no outbound proxy
// stands between, and nobody is followed elsewhere.
func localClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
