package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
)

const (
	// exitCannotTell says that the vendor was not reached, so that nothing is
	// known about the key.
	exitCannotTell = 2
	// checkKeyTimeout bounds the whole check.
	checkKeyTimeout = 20 * time.Second
	// longestKey bounds what is read from stdin, in bytes.
	longestKey = 64 << 10
)

// checkKeyCommand is "posthouse check-key".
func (p *program) checkKeyCommand() *cli.Command {
	return &cli.Command{
		Name:        "check-key",
		Usage:       "try a vendor's key with a free call; the key is read from stdin",
		Description: "Exit code 0: the vendor takes it. 1: the vendor refuses it. 2: the vendor could not be asked.",
		// A field's value may hold a comma.
		DisableSliceFlagSeparator: true,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "vendor", Usage: "the vendor's id; \"posthouse vendors\" lists them", Required: true},
			&cli.StringSliceFlag{Name: "field", Usage: "a setting the vendor needs, as name=value (may be repeated)"},
			&cli.StringFlag{Name: "base-url", Usage: "the API's base URL instead of the vendor's own"},
			&cli.StringFlag{Name: "region", Usage: "one of the vendor's regions"},
		},
		Action: p.checkKeyAction,
	}
}

// checkKeyAction makes the call.
func (p *program) checkKeyAction(ctx context.Context, cmd *cli.Command) error {
	id := cmd.String("vendor")
	vendor, ok := catalog.ByID(id)
	if !ok {
		return usageError("there is no vendor %q; \"posthouse vendors\" lists them", id)
	}
	fields, err := parseFields(cmd.StringSlice("field"))
	if err != nil {
		return err
	}
	key, err := p.readKey()
	if err != nil {
		return err
	}
	if key == "" && !vendor.KeyOptional {
		return usageError("no key came on stdin; pipe it in: check-key --vendor %s < file", id)
	}
	ctx, cancel := context.WithTimeout(ctx, checkKeyTimeout)
	defer cancel()
	gateway := proxy.New(proxy.Options{Now: p.now, Version: build().Version})
	defer gateway.Stop()
	base := cmd.String("base-url")
	result := gateway.Probe(ctx, proxy.Provider{
		ID: "check", Name: id, Vendor: id, Region: cmd.String("region"), BaseURL: base, Fields: fields,
		// Whoever types an address means it.
		AllowPrivate: base != "",
	}, proxy.Key{ID: "check", Name: "key", Secret: key})
	return p.tellProbe(vendor, result)
}

// tellProbe prints one line and chooses the exit code.
func (p *program) tellProbe(v *catalog.Vendor, r proxy.ProbeResult) error {
	switch {
	case r.OK && r.Unlisted:
		fmt.Fprintf(p.stdout, "ok: %s takes the key (%v)\n", v.Name.EN, r.Latency.Round(time.Millisecond))
		return nil
	case r.OK:
		fmt.Fprintf(p.stdout, "ok: %s takes the key and lists %d models (%v)\n", v.Name.EN, len(r.Models), r.Latency.Round(time.Millisecond))
		return nil
	case r.Class == llm.ClassAuth || r.Class == llm.ClassQuotaExhausted:
		fmt.Fprintf(p.stdout, "refused: %s\n", r.Message)
		return &exitError{code: exitFail}
	}
	fmt.Fprintf(p.stdout, "cannot tell: %s\n", r.Message)
	return &exitError{code: exitCannotTell}
}

// readKey reads a key from a pipe, or asks for it at a terminal.
func (p *program) readKey() (proxy.Secret, error) {
	if f, ok := p.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) { //nolint:gosec // a descriptor is small
		key, err := p.askHidden(f, "Key: ")
		return proxy.Secret(strings.TrimSpace(key)), err
	}
	key, err := readLine(p.stdin, longestKey)
	return proxy.Secret(strings.TrimSpace(key)), err
}

// parseFields reads name=value pairs.
func parseFields(pairs []string) (map[string]string, error) {
	fields := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usageError("--field %q is not name=value", pair)
		}
		fields[name] = value
	}
	return fields, nil
}
