// Command posthouse is the product as one program: "posthouse serve" runs the
// proxy (8080 and 8443) and the console (8001) in one process on one data
// folder; the other subcommands look after that folder. Every subcommand is a
// file of this package named after it. This package is the only one that knows
// all the others: it reads flags and the environment, opens things in order,
// wires them together, listens, and takes everything down again in the reverse
// order. The whole program is one function, run, that takes its arguments,
// streams and environment, so that tests start it the way a shell does, with
// port 0 and a temporary folder.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
}
