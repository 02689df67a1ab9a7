package proxy

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/catalog"
)

// TestSigV4 signs the requests of AWS's published test suite.
// Source: the aws-sig-v4-test-suite, as in botocore's and awslabs' repositories.
func TestSigV4(t *testing.T) {
	t.Parallel()
	k := &awsKey{id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	now := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	for _, tt := range []struct{ name, method, target, headers, signature string }{
		{"get-vanilla", "GET", "/", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"post-vanilla", "POST", "/", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	} {
		u, err := url.Parse("https://example.amazonaws.com" + tt.target)
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{Method: tt.method, URL: u, Host: u.Host, Header: http.Header{"User-Agent": {"x"}, "Accept": {"y"}}}
		if err := k.sign(t.Context(), r, "service", "us-east-1", now); err != nil {
			t.Fatal(err)
		}
		want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" + tt.headers + ", Signature=" + tt.signature
		if got := r.Header.Get("Authorization"); got != want {
			t.Errorf("%s: got  %s\nwant %s", tt.name, got, want)
		}
	}
}

// testAccount makes a service account's key file.
func testAccount(t testing.TB, tokenURL string) (string, *rsa.PublicKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.MarshalIndent(map[string]string{
		"type": "service_account", "project_id": "lab-project", "private_key_id": "k1", "client_email": "lab@lab-project.iam.gserviceaccount.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": tokenURL,
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(file), &key.PublicKey
}

// keyVendor is a vendor that takes keys of every kind.
func keyVendor() *catalog.Vendor {
	return &catalog.Vendor{ID: "v", Name: catalog.Text{EN: "V"}, Auth: catalog.Auth{Kind: catalog.AuthSigV4, Name: "bedrock", Else: &catalog.Auth{
		Kind: catalog.AuthGCP, Name: "scope", Else: &catalog.Auth{Kind: catalog.AuthEntra, Name: "scope", Else: &catalog.Auth{Kind: catalog.AuthBearer}},
	}}}
}

// TestParseKey tells credentials from plain keys, and says what is wrong
// without repeating any of it.
func TestParseKey(t *testing.T) {
	t.Parallel()
	account, _ := testAccount(t, "")
	const id, secret, tenant, client = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"
	for _, tt := range []struct{ name, text, kind, fault string }{
		{"plain", "sk-canary-123", "", ""},
		{"a Bedrock API key", "ABSKQmVkcm9ja0FQSUtleS1canary==", "", ""},
		{"AWS", id + ":" + secret, catalog.AuthSigV4, ""},
		{"AWS, temporary", "ASIAIOSFODNN7EXAMPLE:" + secret + ":FwoGZXIvYXdzE", catalog.AuthSigV4, ""},
		{"AWS, as sts prints it", `{"Credentials":{"AccessKeyId":"` + id + `","SecretAccessKey":"` + secret + `","SessionToken":"t","Expiration":"2026-11-24T00:00:00Z"}}`, catalog.AuthSigV4, ""},
		{"AWS, as a file", "[default]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n", catalog.AuthSigV4, ""},
		{"AWS, as variables", "export AWS_ACCESS_KEY_ID=\"" + id + "\"\nexport AWS_SECRET_ACCESS_KEY=\"" + secret + "\"", catalog.AuthSigV4, ""},
		{"AWS, as a file on one line", "[default] aws_access_key_id = " + id + " aws_secret_access_key = " + secret, catalog.AuthSigV4, ""},
		{"AWS, half", id, "", "two parts"},
		{"AWS, half a JSON", `{"SecretAccessKey":"` + secret + `"}`, "", "two parts"},
		{"service account", "\n" + account + "\n", catalog.AuthGCP, ""},
		{"another Google credential", `{"type":"authorized_user","client_id":"canary","refresh_token":"canary"}`, "", "authorized_user"},
		{"half a service account", `{"type":"service_account","client_email":"canary@x.example"}`, "", "private_key"},
		{"a broken one", `{"type":"service_account","client_email":"x@x.example","private_key":"-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"}`, "", "can't be read"},
		{"broken JSON", `{"type":"service_account`, "", "not: paste the whole file"},
		{"Entra", tenant + ":" + client + ":canary~secret:with.colon", catalog.AuthEntra, ""},
		{"Entra, as az prints it", `{"appId":"` + client + `","displayName":"x","password":"canary","tenant":"` + tenant + `"}`, catalog.AuthEntra, ""},
		{"Entra, half", tenant + ":" + client, "", "three parts"},
		{"Entra, odd tenant", `{"tenant":"a/../b","clientId":"` + client + `","clientSecret":"canary"}`, "", "its id or a domain"},
		{"JSON of another kind", `{"key":"canary"}`, "", "not of a kind"},
		{"a space", "sk canary", "", "paste it again"},
	} {
		c, err := parseKey(keyVendor(), Secret(tt.text))
		kind := ""
		if c != nil {
			kind = c.kind()
		}
		if kind != tt.kind || (err == nil) != (tt.fault == "") || err != nil && !strings.Contains(err.Error(), tt.fault) {
			t.Errorf("%s: got %q, %v", tt.name, kind, err)
		}
		if err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), secret)) {
			t.Errorf("%s: the error shows the key: %v", tt.name, err)
		}
		if c != nil && len(c.secrets()) == 0 {
			t.Errorf("%s: nothing secret in it", tt.name)
		}
	}
	plain := &catalog.Vendor{Name: catalog.Text{EN: "V"}, Auth: catalog.Auth{Kind: catalog.AuthBearer}}
	if c, err := parseKey(plain, Secret(id+":"+secret)); c != nil || err != nil {
		t.Errorf("a vendor that takes plain keys alone: %v, %v", c, err)
	}
}

// FuzzParseKey reads anything as a key.
func FuzzParseKey(f *testing.F) {
	f.Add("AKIAIOSFODNN7EXAMPLE:x:y")
	f.Add(`{"type":"service_account","client_email":"x","private_key":"y"}`)
	f.Add("aws_access_key_id=a\naws_secret_access_key=b")
	v := keyVendor()
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := parseKey(v, Secret(text)); c != nil && err != nil {
			t.Fatal("a credential and a fault")
		}
	})
}
