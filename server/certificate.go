package server

import (
	"context"
	"net/http"
	"time"
)

// TLSState is the certificate of the proxy's HTTPS door.
type TLSState struct {
	From      string    `json:"from" enum:"self,own,flags" doc:"self: made by Posthouse; own: uploaded or put into the data folder; flags: named by --tls-cert, and changed there only"`
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Names     []string  `json:"names" doc:"Host names and addresses it is for"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	SHA256    string    `json:"sha256" doc:"Fingerprint, in hex"`
	File      string    `json:"file"`
}

// Certificates is the certificate of the HTTPS door.
type Certificates interface {
	State() TLSState
	// Replace puts a pair of PEM texts into service, or says in words for the
	// admin why it does not.
	Replace(cert, key []byte) error
	// Reset goes back to one made by Posthouse.
	Reset() error
}

type certificateOutput struct{ Body TLSState }

// certificate shows the certificate in service.
func (s *Server) certificate(context.Context, *empty) (*certificateOutput, error) {
	if s.opts.Certificates == nil {
		return nil, notFound("certificate")
	}
	return &certificateOutput{Body: s.opts.Certificates.State()}, nil
}

type putCertificateInput struct {
	Body struct {
		Cert string `json:"cert" maxLength:"200000" doc:"PEM: the certificate, then those that lead to its issuer"`
		Key  string `json:"key" maxLength:"50000" writeOnly:"true" doc:"PEM: its private key, not encrypted"`
	}
}

// putCertificate puts a certificate into service at once; connections that are
// open keep theirs.
func (s *Server) putCertificate(ctx context.Context, in *putCertificateInput) (*certificateOutput, error) {
	return s.changeCertificate(ctx, "own", func(c Certificates) error { return c.Replace([]byte(in.Body.Cert), []byte(in.Body.Key)) })
}

// resetCertificate goes back to the self-signed certificate.
func (s *Server) resetCertificate(ctx context.Context, _ *empty) (*certificateOutput, error) {
	return s.changeCertificate(ctx, "self", Certificates.Reset)
}

func (s *Server) changeCertificate(ctx context.Context, to string, change func(Certificates) error) (*certificateOutput, error) {
	c := s.opts.Certificates
	if c == nil {
		return nil, notFound("certificate")
	}
	if c.State().From == "flags" {
		return nil, problem(http.StatusConflict, "in_use", "the certificate is named by --tls-cert and --tls-key: replace those files, they are loaded again by themselves")
	}
	if err := change(c); err != nil {
		return nil, fieldProblem("body.cert", err.Error())
	}
	s.log.InfoContext(ctx, "the certificate was changed", "to", to, "by", identityFrom(ctx).Name, "ip", clientFrom(ctx).IP)
	return &certificateOutput{Body: c.State()}, nil
}
