package server

import (
	"context"
	"os"
	"strings"
)

// exportOutput is the document. Its length is known and it is never kept.
type exportOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

// exportConfig shows the configuration as one document.
func (s *Server) exportConfig(ctx context.Context, _ *empty) (*exportOutput, error) {
	text, err := Export(ctx, s.opts.Store)
	if err != nil {
		return nil, err
	}
	return &exportOutput{ContentType: "application/yaml", ContentDisposition: `attachment; filename="posthouse.yaml"`, Body: text}, nil
}

type applyInput struct {
	DryRun  bool   `query:"dry_run" doc:"Only say what would change"`
	RawBody []byte `contentType:"application/yaml" doc:"The document; see docs/configuration.md"`
}

type applyOutput struct{ Body Plan }

// applyConfig applies a document.
func (s *Server) applyConfig(ctx context.Context, in *applyInput) (*applyOutput, error) {
	plan, err := Apply(ctx, s.opts.Store, in.RawBody, ApplyOptions{DryRun: in.DryRun, Actor: actorFrom(ctx), Env: environment})
	if err != nil {
		return nil, err
	}
	return &applyOutput{Body: plan}, nil
}

// environment looks up the variables a document that comes over the API may
// refer to: all but Posthouse's own, which hold its master key.
func environment(name string) (string, bool) {
	if strings.HasPrefix(strings.ToUpper(name), "POSTHOUSE_") {
		return "", false
	}
	return os.LookupEnv(name)
}
