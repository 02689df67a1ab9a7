package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/posthouse/posthouse/proxy/catalog"
)

// vendorsCommand is "posthouse vendors".
func (p *program) vendorsCommand() *cli.Command {
	return &cli.Command{
		Name:  "vendors",
		Usage: "list the vendors Posthouse knows",
		Description: "One line a vendor, separated by tabs: id, English name, Chinese name, where to get a key,\n" +
			"rank among the popular ones (0: not one of them), fields it requires besides the key (joined by commas).",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print everything known about them as JSON"}},
		Action: func(_ context.Context, cmd *cli.Command) error {
			list := catalog.Vendors()
			if cmd.Bool("json") {
				return p.printJSON(list)
			}
			for i := range list {
				fmt.Fprintln(p.stdout, vendorLine(&list[i]))
			}
			return nil
		},
	}
}

// vendorLine is a vendor as one line.
func vendorLine(v *catalog.Vendor) string {
	var required []string
	for _, f := range v.Fields {
		if f.Required {
			required = append(required, f.Name)
		}
	}
	return strings.Join([]string{
		v.ID, oneCell(v.Name.EN), oneCell(v.Name.ZH), v.KeyURL, fmt.Sprint(v.Popular), strings.Join(required, ","),
	}, "\t")
}

// oneCell keeps a text within its cell.
func oneCell(s string) string { return strings.NewReplacer("\t", " ", "\n", " ").Replace(s) }

// knownModel is a chat model that a vendor is known for by its exact name;
// empty when there is none.
func knownModel(id string) string {
	v, ok := catalog.ByID(id)
	if !ok {
		return ""
	}
	for _, m := range v.Models {
		if m.Kind == "" && !strings.Contains(m.Match, "*") {
			return m.Match
		}
	}
	return ""
}
