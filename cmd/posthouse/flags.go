package main

import (
	"fmt"

	"github.com/urfave/cli/v3"
)

// envSource reads a flag's value from the program's environment, which in
// tests is not the process's. A variable that is set but empty counts as not
// set: that is how compose files and unit files spell "no value".
type envSource struct {
	key string
	env func(string) (string, bool)
}

// Lookup implements cli.ValueSource.
func (e envSource) Lookup() (string, bool) {
	v, ok := e.env(e.key)
	return v, ok && v != ""
}

// IsFromEnv makes help name the variable.
func (e envSource) IsFromEnv() bool { return true }

// Key is the variable's name, for help.
func (e envSource) Key() string { return e.key }

// String implements fmt.Stringer.
func (e envSource) String() string { return fmt.Sprintf("environment variable %q", e.key) }

// GoString implements fmt.GoStringer.
func (e envSource) GoString() string { return fmt.Sprintf("envSource{%q}", e.key) }

// fromEnv is the flag source for one environment variable.
func (p *program) fromEnv(key string) cli.ValueSourceChain {
	return cli.NewValueSourceChain(envSource{key: key, env: p.env})
}

// dataDirFlag is the flag every command on the data folder has.
func (p *program) dataDirFlag() cli.Flag {
	return &cli.StringFlag{
		Name:        "data-dir",
		Usage:       "folder that holds the configuration, keys and records",
		Sources:     p.fromEnv("POSTHOUSE_DATA_DIR"),
		DefaultText: "/var/lib/posthouse for root, else ~/.local/share/posthouse",
	}
}

// portFlag is a flag for a TCP port; 0 asks for any free one.
func (p *program) portFlag(name, env, usage string, value int) cli.Flag {
	return &cli.IntFlag{
		Name: name, Usage: usage + " (0: any free port)", Value: value,
		Sources: p.fromEnv(env),
		Validator: func(n int) error {
			if n < 0 || n > 65535 {
				return fmt.Errorf("port %d is not between 0 and 65535", n)
			}
			return nil
		},
	}
}
