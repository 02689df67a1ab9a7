package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/posthouse/posthouse/server/auth"
	"github.com/posthouse/posthouse/server/store"
)

// longestPassword bounds what is read from stdin, in bytes; CheckPassword
// refuses anything near it.
const longestPassword = 64 << 10

// resetPasswordCommand is "posthouse reset-password".
func (p *program) resetPasswordCommand() *cli.Command {
	return &cli.Command{
		Name:  "reset-password",
		Usage: "give an admin a new password and end all their sessions",
		Description: "The password is asked for, or read from the first line of stdin when that is not a terminal.\n" +
			"Works while the server runs and while it does not.",
		Flags: []cli.Flag{
			p.dataDirFlag(),
			&cli.StringFlag{Name: "name", Usage: "the admin's name; may be left out when there is only one"},
			&cli.BoolFlag{Name: "generate", Usage: "make a password and print it"},
		},
		Action: p.resetPasswordAction,
	}
}

// resetPasswordAction sets the password.
func (p *program) resetPasswordAction(ctx context.Context, cmd *cli.Command) error {
	s, _, closeStore, err := p.openStoreFor(ctx, cmd)
	if err != nil {
		return err
	}
	defer closeStore()
	admin, err := findAdmin(ctx, s, cmd.String("name"))
	if err != nil {
		return err
	}
	password, made, err := p.newPassword(admin.Name, cmd.Bool("generate"))
	if err != nil {
		return err
	}
	if err := auth.CheckPassword(admin.Name, password); err != nil {
		return err
	}
	hash, err := auth.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	if err := s.SetPassword(ctx, admin.ID, hash); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s has a new password; all sessions of %s have ended.\n", admin.Name, admin.Name)
	if made {
		fmt.Fprintf(p.stdout, "Password: %s\n", password)
	}
	return nil
}

// findAdmin is the admin of a name, or the only one.
func findAdmin(ctx context.Context, s *store.Store, name string) (store.Admin, error) {
	admins, err := s.Admins(ctx)
	if err != nil {
		return store.Admin{}, err
	}
	names := make([]string, 0, len(admins))
	for _, a := range admins {
		if a.Name == name || (name == "" && len(admins) == 1) {
			return a, nil
		}
		names = append(names, a.Name)
	}
	switch {
	case len(admins) == 0:
		return store.Admin{}, errors.New("there is no admin yet; start the server and open the setup address it prints")
	case name == "":
		return store.Admin{}, usageError("there are several admins; say which with --name: %s", strings.Join(names, ", "))
	}
	return store.Admin{}, fmt.Errorf("there is no admin %q; there are: %s", name, strings.Join(names, ", "))
}

// newPassword asks for a password at a terminal, reads one from a pipe, or
// makes one. made reports the last.
func (p *program) newPassword(name string, generate bool) (password string, made bool, err error) {
	if generate {
		return rand.Text(), true, nil
	}
	if f, ok := p.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) { //nolint:gosec // a descriptor is small
		password, err = p.askHidden(f, fmt.Sprintf("New password for %s: ", name))
		return password, false, err
	}
	password, err = readLine(p.stdin, longestPassword)
	if err != nil {
		return "", false, err
	}
	if password == "" { // nothing on stdin: nobody to ask
		return rand.Text(), true, nil
	}
	return password, false, nil
}

// askHidden asks at the terminal without showing what is typed.
func (p *program) askHidden(f *os.File, question string) (string, error) {
	fmt.Fprint(p.stderr, question)
	b, err := term.ReadPassword(int(f.Fd())) //nolint:gosec // a descriptor is small
	fmt.Fprintln(p.stderr)
	if err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	return string(b), nil
}

// readLine reads the first line of a pipe, without its line end.
func readLine(r io.Reader, limit int64) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, limit)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read stdin: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
