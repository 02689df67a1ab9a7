package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
)

// Exit codes. A usage error is told apart from a failure, as shells do.
const (
	exitOK    = 0
	exitFail  = 1
	exitUsage = 2
)

// program is one run of the program: what it reads, writes and listens to.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) (string, bool)
	signals        <-chan os.Signal // nil: the process's own
	now            func() time.Time
}

// run runs the program with args (args[0] is its name) and returns its exit
// code. It ends when its subcommand does or ctx is done; for serve, the end of
// ctx is what SIGTERM is.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) (string, bool)) int {
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr, env: env, now: time.Now}
	return p.run(ctx, args)
}

// run is the function run on a program made by hand.
func (p *program) run(ctx context.Context, args []string) int {
	setPrivateUmask()
	root := p.root()
	err := root.Run(ctx, args)
	if err == nil {
		return exitOK
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		// What commands return is an exitError (see prepare), so this is about flags.
		exit = &exitError{code: exitUsage, err: err}
	}
	if exit.err != nil {
		fmt.Fprintf(p.stderr, "posthouse: %s\n", plainly(err.Error()))
	}
	return exit.code
}

// badValue is how the flag library says that a value cannot be read, up to what
// the parser of that kind of value said.
var badValue = regexp.MustCompile(`(?s)^(?:could not parse "(.*)" as (\S+) value from environment variable "(\w+)" for flag \S+|invalid value "(.*)" for flag -+(\S+)): (.*?)(; see ".*")?$`)

// plainly says without the parser's words what is wrong with a flag's value.
// What our own checks of a value say is kept.
func plainly(message string) string {
	m := badValue.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	name, value := m[3], m[1]
	if name == "" {
		name, value = "--"+m[5], m[4]
	}
	var kind string
	switch why := m[6]; {
	case strings.Contains(why, "invalid duration") || strings.Contains(why, "unit in duration"):
		kind = "a length of time, such as 30s or 2m"
	case m[2] == "bool" || why == "parse error" || strings.Contains(why, "ParseBool"):
		kind = "true or false"
	case strings.Contains(why, "strconv.ParseInt"):
		kind = "a whole number"
	default:
		return fmt.Sprintf("%s: %s%s", name, why, m[7])
	}
	return fmt.Sprintf("%s is %q, but must be %s%s", name, value, kind, m[7])
}

// exitError ends the program with a code. A nil err has already been told.
type exitError struct {
	code int
	err  error
}

// Error implements error.
func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

// Unwrap returns the cause.
func (e *exitError) Unwrap() error { return e.err }

// usageError is a mistake in how the program was called.
func usageError(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// root is the command tree.
func (p *program) root() *cli.Command {
	root := &cli.Command{
		Name:  "posthouse",
		Usage: "an AI gateway: one door for every model",
		Description: "Start with:  posthouse serve --demo\n" +
			"It runs the proxy and the console, and prints a curl that answers without any vendor's key.",
		HideVersion:    true,
		Reader:         p.stdin,
		Writer:         p.stdout,
		ErrWriter:      p.stderr,
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		Action:         p.noCommand,
		Commands: []*cli.Command{
			p.serveCommand(),
			p.versionCommand(),
			p.doctorCommand(),
			p.healthCommand(),
			p.resetPasswordCommand(),
			p.backupCommand(),
			p.restoreCommand(),
			p.compactCommand(),
			p.exportCommand(),
			p.applyCommand(),
			p.vendorsCommand(),
			p.checkKeyCommand(),
		},
	}
	prepare(root)
	return root
}

// noCommand answers a call without a (known) subcommand.
func (p *program) noCommand(_ context.Context, cmd *cli.Command) error {
	if !cmd.Args().Present() {
		return cli.ShowRootCommandHelp(cmd)
	}
	name := cmd.Args().First()
	hint := ""
	if near := cli.SuggestCommand(cmd.Commands, name); near != "" {
		hint = fmt.Sprintf(" Did you mean %q?", near)
	}
	return usageError("there is no command %q.%s \"posthouse help\" lists them", name, hint)
}

// prepare gives every command the same manners: a usage error is one line, and
// arguments that no command asked for are refused instead of ignored.
func prepare(cmd *cli.Command) {
	cmd.OnUsageError = func(_ context.Context, c *cli.Command, err error, _ bool) error {
		return usageError("%w; see \"%s --help\"", err, c.FullName())
	}
	for _, sub := range cmd.Commands {
		prepare(sub)
		action := sub.Action
		sub.Action = func(ctx context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return usageError("%s takes no argument %q; see \"%s --help\"", c.FullName(), c.Args().First(), c.FullName())
			}
			return asExit(action(ctx, c))
		}
	}
}

// asExit gives an error that has no exit code the one for failures.
func asExit(err error) error {
	var exit *exitError
	if err == nil || errors.As(err, &exit) {
		return err
	}
	return &exitError{code: exitFail, err: err}
}
