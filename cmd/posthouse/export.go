package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/posthouse/posthouse/server"
)

// exportCommand is "posthouse export".
func (p *program) exportCommand() *cli.Command {
	return &cli.Command{
		Name:        "export",
		Usage:       "write the configuration as one YAML document",
		Description: "The document holds no secrets: provider keys are named, and left as they are when it is applied again.\nWorks while the server runs.",
		Flags: []cli.Flag{
			p.dataDirFlag(),
			&cli.StringFlag{Name: "out", Value: "-", Usage: "file to write (- is stdout)"},
		},
		Action: p.exportAction,
	}
}

// exportAction writes the document.
func (p *program) exportAction(ctx context.Context, cmd *cli.Command) error {
	s, _, closeStore, err := p.openStoreFor(ctx, cmd)
	if err != nil {
		return err
	}
	defer closeStore()
	doc, err := server.Export(ctx, s)
	if err != nil {
		return err
	}
	out := cmd.String("out")
	if out == "-" {
		if _, err := p.stdout.Write(doc); err != nil {
			return fmt.Errorf("write the document: %w", err)
		}
		return nil
	}
	return writePrivate(out, doc)
}
