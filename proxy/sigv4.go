package proxy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
)

// awsKey is an AWS access key, with a session token if it is a temporary one.
type awsKey struct {
	id     string
	secret Secret
	token  Secret
}

// awsID is how access key ids look: AKIA… of users, ASIA… of sessions.
var awsID = regexp.MustCompile(`^A[A-Z]{3}[A-Z0-9]{12,124}$`)

// awsLine is a line of a credentials file or of exported variables; an entry
// field may have taken the line's end away.
var awsLine = regexp.MustCompile(`(?i)\b(aws_access_key_id|aws_secret_access_key|aws_session_token)\s*=\s*["']?([^\s"']+)`)

// parseAWS reads ID:SECRET, ID:SECRET:TOKEN, the JSON that AWS's tools print,
// or lines of a credentials file.
func parseAWS(text string) (credential, error) {
	var k awsKey
	switch found := awsLine.FindAllStringSubmatch(text, -1); {
	case strings.HasPrefix(text, "{"):
		f := fields(text)
		k.id = first(f, "accesskeyid", "awsaccesskeyid")
		k.secret = Secret(first(f, "secretaccesskey", "awssecretaccesskey"))
		k.token = Secret(first(f, "sessiontoken", "awssessiontoken"))
		if k.id == "" && k.secret == "" {
			return nil, nil
		}
	case len(found) > 0:
		for _, m := range found {
			switch strings.ToLower(m[1]) {
			case "aws_access_key_id":
				k.id = m[2]
			case "aws_secret_access_key":
				k.secret = Secret(m[2])
			case "aws_session_token":
				k.token = Secret(m[2])
			}
		}
	default:
		id, rest, _ := strings.Cut(text, ":")
		if !awsID.MatchString(id) {
			return nil, nil
		}
		secret, token, _ := strings.Cut(rest, ":")
		k = awsKey{id, Secret(secret), Secret(token)}
	}
	if k.id == "" || k.secret == "" {
		return nil, errors.New("an AWS access key has two parts, the id and the secret: paste them as ACCESS_KEY_ID:SECRET_ACCESS_KEY (and :SESSION_TOKEN behind it, for a temporary one)")
	}
	if strings.ContainsFunc(k.id+k.secret.Reveal()+k.token.Reveal(), func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("the AWS access key holds a space or a character that none has: paste it again")
	}
	return &k, nil
}

func (k *awsKey) kind() string { return catalog.AuthSigV4 }

func (*awsKey) field(string) string { return "" }

func (k *awsKey) secrets() []Secret { return []Secret{k.secret, k.token} }

// awsHost finds the region in the name of an AWS endpoint.
var awsHost = regexp.MustCompile(`(?:^|\.)(?:bedrock-runtime|bedrock-agent-runtime|bedrock|bedrock-mantle)(?:-fips)?\.([a-z0-9-]+)\.`)

// authorise signs the request. The region is that of the host it goes to, else
// the provider's.
func (k *awsKey) authorise(ctx context.Context, s *signing) *llm.Error {
	region := s.provider.region
	if m := awsHost.FindStringSubmatch(s.request.URL.Hostname()); m != nil {
		region = m[1]
	}
	if region == "" && len(s.provider.vendor.Regions) > 0 {
		region = s.provider.vendor.Regions[0].ID
	}
	if err := k.sign(ctx, s.request, s.auth.Name, region, s.g.now()); err != nil {
		return &llm.Error{Class: llm.ClassInternal, Message: "the request can't be signed: " + err.Error()}
	}
	return nil
}

// sign signs with Signature Version 4. Only what must be is signed, host and
// content type, so that nothing on the way breaks the signature. AWS wants a
// colon in a path escaped, and escapes the whole path once more to sign it.
// Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
func (k *awsKey) sign(ctx context.Context, r *http.Request, service, region string, now time.Time) error {
	hash := sha256.New()
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return err
		}
		if _, err := io.Copy(hash, body); err != nil {
			return err
		}
	}
	r.URL.RawPath = strings.ReplaceAll(r.URL.EscapedPath(), ":", "%3A")
	bare := &http.Request{Method: r.Method, URL: r.URL, Host: r.Host, Header: http.Header{}, ContentLength: -1}
	if v := r.Header.Get("Content-Type"); v != "" {
		bare.Header.Set("Content-Type", v)
	}
	creds := aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret.Reveal(), SessionToken: k.token.Reveal()}
	if err := v4.NewSigner().SignHTTP(ctx, creds, bare, hex.EncodeToString(hash.Sum(nil)), service, region, now); err != nil {
		return err
	}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		if v := bare.Header.Get(name); v != "" {
			r.Header.Set(name, v)
		}
	}
	return nil
}
