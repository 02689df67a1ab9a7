package main

import (
	"cmp"
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"
)

// serveOptions are what "posthouse serve" was told.
type serveOptions struct {
	dataDir           string
	httpPort          int
	httpsPort         int
	consolePort       int
	bind, consoleBind string
	allowedHosts      []string
	config            string
	demo              bool
	logLevel, logFile string
	drain             time.Duration
	keep              time.Duration // answers of the Responses API; 0: not at all
	tlsCert, tlsKey   string
	pprof             string
}

// serveCommand is "posthouse serve".
func (p *program) serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run the proxy and the console",
		Description: "Stops on SIGTERM or Ctrl-C: running answers finish first, for at most --drain; a second signal ends it at once.\n" +
			"SIGHUP loads the TLS certificate again and reopens the log file.\n" +
			"POSTHOUSE_MASTER_KEY (32 bytes, base64 or hex) takes the place of the key file in the data folder.",
		Flags:  p.serveFlags(),
		Action: p.serveAction,
	}
}

// serveFlags are the flags of serve.
func (p *program) serveFlags() []cli.Flag {
	return []cli.Flag{
		p.dataDirFlag(),
		p.portFlag("http-port", "POSTHOUSE_HTTP_PORT", "the proxy's HTTP port", 8080),
		p.portFlag("https-port", "POSTHOUSE_HTTPS_PORT", "the proxy's HTTPS port", 8443),
		p.portFlag("console-port", "POSTHOUSE_CONSOLE_PORT", "the console's port", 8001),
		&cli.StringFlag{Name: "bind", Value: "0.0.0.0", Usage: "address the proxy listens on; 0.0.0.0 is every interface", Sources: p.fromEnv("POSTHOUSE_BIND")},
		&cli.StringFlag{Name: "console-bind", Value: "127.0.0.1", Usage: "address the console listens on; 0.0.0.0 is every interface", Sources: p.fromEnv("POSTHOUSE_CONSOLE_BIND")},
		&cli.StringSliceFlag{Name: "allowed-hosts", Usage: "further names the console is reached by, such as ai.example.com or *.example.com, joined by commas", Sources: p.fromEnv("POSTHOUSE_ALLOWED_HOSTS")},
		&cli.StringFlag{Name: "config", Usage: "YAML document applied at start (see \"posthouse apply\")", Sources: p.fromEnv("POSTHOUSE_CONFIG")},
		&cli.BoolFlag{Name: "demo", Usage: "start with the built-in demo vendor, to try everything without a key", Sources: p.fromEnv("POSTHOUSE_DEMO")},
		&cli.StringFlag{Name: "log-level", Value: "info", Usage: "debug, info, warn or error", Sources: p.fromEnv("POSTHOUSE_LOG_LEVEL")},
		&cli.StringFlag{Name: "log-file", Usage: "write the log here instead of stderr; turned over at 100 MB", Sources: p.fromEnv("POSTHOUSE_LOG_FILE")},
		&cli.DurationFlag{Name: "drain", Value: 30 * time.Second, Usage: "how long running answers may take to finish on stop", Sources: p.fromEnv("POSTHOUSE_DRAIN")},
		&cli.DurationFlag{Name: "keep-responses", Value: time.Hour, Usage: "how long answers of the Responses API that were translated are kept in memory, for requests that go on from them; 0: not at all", Sources: p.fromEnv("POSTHOUSE_KEEP_RESPONSES")},
		&cli.StringFlag{Name: "tls-cert", Usage: "your own certificate (PEM) instead of the self-signed one; reloaded when it changes", Sources: p.fromEnv("POSTHOUSE_TLS_CERT")},
		&cli.StringFlag{Name: "tls-key", Usage: "the certificate's key (PEM)", Sources: p.fromEnv("POSTHOUSE_TLS_KEY")},
		&cli.StringFlag{Name: "pprof", Usage: "serve Go's profiles on this loopback address, such as 127.0.0.1:6060; off without it", Sources: p.fromEnv("POSTHOUSE_PPROF")},
	}
}

// serveAction reads the flags and serves.
func (p *program) serveAction(ctx context.Context, cmd *cli.Command) error {
	dir, err := p.dataDir(cmd)
	if err != nil {
		return err
	}
	o := serveOptions{
		dataDir:      dir,
		httpPort:     cmd.Int("http-port"),
		httpsPort:    cmd.Int("https-port"),
		consolePort:  cmd.Int("console-port"),
		bind:         cmd.String("bind"),
		consoleBind:  cmd.String("console-bind"),
		allowedHosts: cmd.StringSlice("allowed-hosts"),
		config:       cmd.String("config"),
		demo:         cmd.Bool("demo"),
		logLevel:     cmd.String("log-level"),
		logFile:      cmd.String("log-file"),
		drain:        cmd.Duration("drain"),
		keep:         cmd.Duration("keep-responses"),
		tlsCert:      cmd.String("tls-cert"),
		tlsKey:       cmd.String("tls-key"),
		pprof:        cmd.String("pprof"),
	}
	if err := o.check(); err != nil {
		return err
	}
	return p.serve(ctx, o)
}

// check finds mistakes in the flags before anything is touched.
func (o serveOptions) check() error {
	if o.drain < 0 {
		return usageError("--drain %s is negative; 0 ends running answers at once", o.drain)
	}
	if o.keep < 0 {
		return usageError("--keep-responses %s is negative; 0 keeps none", o.keep)
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return usageError("--tls-cert and --tls-key belong together: give both or neither")
	}
	proxyHost, err := bindHost(o.bind)
	consoleHost, consoleErr := bindHost(o.consoleBind)
	return cmp.Or(err, consoleErr, o.checkPorts(proxyHost, consoleHost), checkProfiling(o.pprof))
}

// checkPorts finds a port that two doors are to have. 0 is another one each
// time; on different addresses of this machine the same port is two.
func (o serveOptions) checkPorts(proxyHost, consoleHost string) error {
	doors := []struct {
		flag, host string
		port       int
	}{{"http-port", proxyHost, o.httpPort}, {"https-port", proxyHost, o.httpsPort}, {"console-port", consoleHost, o.consolePort}}
	for n, a := range doors {
		for _, b := range doors[:n] {
			apart := a.host != b.host && a.host != "" && b.host != ""
			if a.port == b.port && a.port != 0 && !apart {
				return usageError("--%s and --%s are both %d; give each a port of its own", b.flag, a.flag, a.port)
			}
		}
	}
	return nil
}

// serve opens everything, announces it, and serves until it is told to stop.
func (p *program) serve(ctx context.Context, o serveOptions) error {
	signals := p.signals
	if signals == nil {
		own := make(chan os.Signal, 4)
		signal.Notify(own, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer signal.Stop(own)
		signals = own
	}
	out, err := openLog(p.stderr, o.logFile, o.logLevel)
	if err != nil {
		return err
	}
	defer out.close()
	limitMemory(os.DirFS("/"), p.env, out.log)

	i := &instance{program: p, options: o, out: out, log: out.log, drain: o.drain}
	defer i.close()
	if err := i.open(ctx); err != nil {
		return err
	}
	pacing, stopPacing := context.WithCancel(ctx)
	defer stopPacing()
	go paceGC(pacing, p.env)
	return i.run(ctx, signals)
}
