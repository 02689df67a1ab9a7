package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy"
)

// announcement is what a started instance tells the person who started it.
type announcement struct {
	version        string
	http, https    string // base URLs
	console        string
	dataDir        string
	setupURL       string // empty: an admin exists
	setupFile      string
	consoleAnyone  bool   // the console listens beyond this machine
	model          string // a model that can be asked for; empty: none yet
	fallbackModel  string // a model whose route shows a fallback; empty: none
	needsKey       bool   // calls need a consumer's key
	container      bool   // this machine's other programs are not local to us
	demo           bool   // the built-in vendor answers
	open           bool   // nobody needs a key
	certificate    string // where the self-signed certificate lies; empty: the admin's own
	noProvidersYet bool
}

// announce prints where everything is and a command that answers.
func (i *instance) announce(ctx context.Context) {
	a := i.announcement()
	config, err := i.store.Config(ctx)
	if err != nil { // it was read a moment ago; the banner can do without
		i.logError("read the configuration for the banner", err)
	}
	a.withConfig(config).print(i.program.stdout)
}

// announcement collects what to say.
func (i *instance) announcement() announcement {
	a := announcement{
		version: build().Version,
		http:    localURL("http", i.proxyHTTP.listener.Addr()),
		https:   localURL("https", i.proxyHTTPS.listener.Addr()),
		console: localURL("http", i.console.listener.Addr()),
		dataDir: i.options.dataDir,
		demo:    i.demoURL != "",
	}
	a.container = inContainer(os.DirFS("/"), i.program.env)
	a.consoleAnyone = !isLoopback(i.console.listener.Addr())
	if i.setup != nil {
		a.setupURL = a.console + "/setup?t=" + i.setup.Token()
		a.setupFile = i.setup.Path()
	}
	if i.cert.own {
		a.certificate = i.cert.certFile
	}
	if a.demo {
		a.model, a.fallbackModel = demoModel, demoFallbackModel
	}
	return a
}

// withConfig adds what depends on the configuration: which model to ask for,
// and whether that needs a key.
func (a announcement) withConfig(c proxy.Config) announcement {
	a.needsKey = c.Access.Mode == proxy.AccessKeys
	a.open = c.Access.Mode == proxy.AccessOpen
	usable := slices.DeleteFunc(slices.Clone(c.Providers), func(p proxy.Provider) bool {
		return p.Disabled || p.Vendor == demoVendor && !a.demo
	})
	a.noProvidersYet = len(usable) == 0
	if a.model == "" {
		a.model = firstModel(usable)
	}
	return a
}

// firstModel is a model that the first provider serves that has one to name;
// empty when none has.
func firstModel(providers []proxy.Provider) string {
	for _, p := range providers {
		if len(p.Models) > 0 {
			return p.Models[0]
		}
		if m := knownModel(p.Vendor); m != "" {
			return m
		}
	}
	return ""
}

// inContainer reports whether this process is in a container, where the host's
// calls come over a network and so are not local. root is the file system.
func inContainer(root fs.FS, env func(string) (string, bool)) bool {
	if v, _ := env("container"); v != "" { // set by systemd-nspawn, podman and lxc
		return true
	}
	for _, mark := range []string{".dockerenv", "run/.containerenv"} { // docker's and podman's
		if _, err := fs.Stat(root, mark); err == nil {
			return true
		}
	}
	return false
}

// print prints the banner.
func (a announcement) print(w io.Writer) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nPosthouse %s is running.\n\n", a.version)
	fmt.Fprintf(&b, "  Proxy    %s/v1\n           %s/v1\n", a.http, a.https)
	fmt.Fprintf(&b, "  Console  %s\n  Data     %s\n", a.console, a.dataDir)
	if a.certificate != "" {
		fmt.Fprintf(&b, "  TLS      self-signed, trust it with: curl --cacert '%s'\n", a.certificate)
	}
	if a.setupURL != "" {
		fmt.Fprintf(&b, "\nCreate the first admin (once; the token is also in %s):\n  %s\n", a.setupFile, a.setupURL)
	}
	if a.consoleAnyone {
		b.WriteString("\nThe console listens beyond this machine, without TLS: put it behind a TLS proxy or a tunnel.\n")
	}
	if a.container && !a.needsKey && !a.open {
		b.WriteString("\nThis is a container: callers outside it need a consumer key; make one in the console, or change who may call in its settings.\n")
	}
	b.WriteString("\nTry it:\n")
	switch {
	case a.model == "":
		fmt.Fprintf(&b, "  curl %s/v1/models%s\n", a.http, a.keyHeader())
		if a.noProvidersYet {
			b.WriteString("There is no provider yet: add one in the console, or start with --demo.\n")
		}
	default:
		b.WriteString(a.curl(a.model))
	}
	if a.fallbackModel != "" {
		b.WriteString("\nAnd one whose first target fails, so that its fallback answers:\n" + a.curl(a.fallbackModel))
	}
	b.WriteString("\n")
	// Nobody to tell when even stdout is gone.
	_, _ = io.WriteString(w, b.String())
}

// curl is a command that asks for a model.
func (a announcement) curl(model string) string {
	return fmt.Sprintf("  curl %s/v1/chat/completions -H 'Content-Type: application/json'%s \\\n"+
		"    -d '{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"你是谁\"}]}'\n", a.http, a.keyHeader(), model)
}

// keyHeader is the header a call needs when nobody gets in without a key.
func (a announcement) keyHeader() string {
	if !a.needsKey {
		return ""
	}
	return " -H 'Authorization: Bearer YOUR-CONSUMER-KEY'"
}
