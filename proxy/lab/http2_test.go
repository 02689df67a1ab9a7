package lab

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Over HTTP/2 there is no connection to take: a cut is a reset of the stream.
func TestCutsOverHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(New(Options{Pace: -1}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	for model, words := range map[string]int{"fault-die:n=5": 5, "fault-reset": 0, "fault-longcl": 0, "lab-chat": 60} {
		resp, err := s.Client().Post(s.URL+"/v1/chat/completions", "application/json", strings.NewReader(ask(model, true)))
		if err != nil {
			if words > 0 {
				t.Errorf("%s: %v", model, err)
			}
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if got := Tokens(readStream(body).text); got != words || resp.ProtoMajor != 2 || (err == nil) != (model == "lab-chat") {
			t.Errorf("%s: %d words over %s, %v", model, got, resp.Proto, err)
		}
	}
}

// A TLS connection is reset below TLS.
func TestResetOverTLS(t *testing.T) {
	s := httptest.NewTLSServer(New(Options{Pace: -1}))
	defer s.Close()
	resp, err := s.Client().Post(s.URL+"/v1/chat/completions", "application/json", strings.NewReader(ask("fault-die:n=5", true)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err == nil || Tokens(readStream(body).text) != 5 || resp.StatusCode != http.StatusOK {
		t.Errorf("%v %q", err, body)
	}
}
