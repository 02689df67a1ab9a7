package lab

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// awsSkew is how far a signature's time may be off.
const awsSkew = 5 * time.Minute

// signature is what an Authorization header of AWS's kind says.
type signature struct {
	id, date, region, service string
	headers                   []string
	mac                       string
}

// parseSignature reads AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…,
// Signature=….
func parseSignature(authorization string) (signature, bool) {
	rest, ok := strings.CutPrefix(authorization, "AWS4-HMAC-SHA256 ")
	if !ok {
		return signature{}, false
	}
	var s signature
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 5 || scope[4] != "aws4_request" {
				return signature{}, false
			}
			s.id, s.date, s.region, s.service = scope[0], scope[1], scope[2], scope[3]
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.mac = value
		}
	}
	return s, s.id != "" && len(s.headers) > 0 && s.mac != ""
}

// signed checks a request's signature, from the words of the specification and
// with nothing of the signer's.
func (x *exchange) signed(s signature) *apiError {
	secret, known := x.lab.opts.AWS[s.id]
	if !known {
		return &apiError{status: http.StatusForbidden, code: "UnrecognizedClientException", message: "The security token included in the request is invalid."}
	}
	stamp := x.r.Header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", stamp)
	switch {
	case err != nil || !strings.HasPrefix(stamp, s.date) || s.service != "bedrock" || !slices.Contains(s.headers, "host") || !slices.IsSorted(s.headers):
		return wrongSignature()
	case x.lab.opts.Now().Sub(at).Abs() > awsSkew:
		return &apiError{status: http.StatusForbidden, code: "InvalidSignatureException", message: "Signature expired: " + stamp}
	}
	var canonical strings.Builder
	canonical.WriteString(x.r.Method + "\n" + twice(x.r.URL.EscapedPath()) + "\n" + strings.ReplaceAll(x.r.URL.Query().Encode(), "+", "%20") + "\n")
	for _, name := range s.headers {
		value := x.r.Host
		if name != "host" {
			value = strings.Join(x.r.Header.Values(name), ",")
		}
		canonical.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	body := sha256.Sum256(x.body)
	canonical.WriteString("\n" + strings.Join(s.headers, ";") + "\n" + hex.EncodeToString(body[:]))
	digest := sha256.Sum256([]byte(canonical.String()))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, s.date + "/" + s.region + "/" + s.service + "/aws4_request", hex.EncodeToString(digest[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	if !hmac.Equal([]byte(hex.EncodeToString(key)), []byte(s.mac)) {
		return wrongSignature()
	}
	return nil
}

func wrongSignature() *apiError {
	return &apiError{status: http.StatusForbidden, code: "InvalidSignatureException", message: "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."}
}

// twice escapes a path that is escaped already, as every service but S3 wants
// it; a colon must come escaped.
func twice(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(p), "+", "%20")
	}
	return strings.Join(parts, "/")
}
