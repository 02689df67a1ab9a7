package server

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFaultsOfFormAndMeaningTogether: what is wrong with a document's form does
// not hide what is wrong with what it says, nor make more of it.
func TestFaultsOfFormAndMeaningTogether(t *testing.T) {
	w := newWorld(t, worldOptions{})
	tests := map[string]struct {
		text string
		want []string // "line path"
	}{
		"in the order of the lines": {`version: 1
providers:
  - name: Bad Name
    vendor: deepseek
  - name: b
    vendor: nobody
    colour: red
routes:
  - name: r
    enabled: perhaps
    targets:
      - provider: opnai
consumers:
  - name: c
    keys:
      - name: k
        expires: soon
        hash: ph-abc
`, []string{
			"3 providers[0].name", "6 providers[1].vendor", "7 providers[1].colour", "10 routes[0].enabled",
			"12 routes[0].targets[0].provider", "17 consumers[0].keys[0].expires", "18 consumers[0].keys[0].hash",
		}},
		"an unreadable list is not empty as well":          {"routes:\n  - name: r\n    targets: x\n", []string{"3 routes[0].targets"}},
		"an unreadable item says nothing":                  {"providers:\n  - x\n", []string{"2 providers[0]"}},
		"an unreadable name may be the one that is meant":  {"providers:\n  - name: [x]\n    vendor: deepseek\nroutes:\n  - name: r\n    targets: [{provider: x}]\n", []string{"2 providers[0].name"}},
		"an unreadable section may hold what is meant":     {"providers: x\nroutes:\n  - name: r\n    targets: [{provider: x}]\n", []string{"1 providers"}},
		"an unreadable route may be the one that is meant": {"routes: [x]\nconsumers: [{name: c, routes: [r]}]\n", []string{"1 routes[0]"}},
		"an unreadable number is not out of bounds":        {"settings:\n  limits:\n    in_flight: -1.5\n    body_bytes: -1\n", []string{"3 settings.limits.in_flight", "4 settings.limits.body_bytes"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Apply(t.Context(), w.store, []byte(tt.text), ApplyOptions{})
			var d *DocumentError
			if !errors.As(err, &d) {
				t.Fatalf("error %v", err)
			}
			var got []string
			for _, e := range d.Errors {
				got = append(got, fmt.Sprintf("%d %s", e.Line, e.Location))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s\n%v", diff, err)
			}
		})
	}
}

func TestOneFaultIsNotFaults(t *testing.T) {
	w := newAdminWorld(t)
	_, err := Apply(t.Context(), w.store, []byte("colour: red\n"), ApplyOptions{})
	if err == nil || !strings.HasPrefix(err.Error(), "the document has 1 fault; nothing was changed\n") {
		t.Errorf("error %v", err)
	}
	header := http.Header{"Content-Type": {"application/yaml"}, "Origin": {w.url}, "Cookie": {cookieName + "=" + w.cookie}}
	p := w.send(post, "/api/config", strings.NewReader("colour: red\n"), header).want(400).problem()
	if !strings.HasPrefix(p.Detail, "the document has 1 fault; nothing was changed: ") {
		t.Errorf("detail %q", p.Detail)
	}
}

// TestSchemaFaultsInOurWords: what the framework finds is said like the rest.
func TestSchemaFaultsInOurWords(t *testing.T) {
	w := newAdminWorld(t)
	p := w.provider("a")
	tests := map[string]struct {
		path string
		body string
		want ProblemDetail
	}{
		"missing":        {"/api/providers/" + p.ID + "/keys", `{"name":"k"}`, ProblemDetail{Location: "body.value", Message: "is missing"}},
		"missing deeper": {"/api/routes", `{"name":"r","targets":[{"weight":1}]}`, ProblemDetail{Location: "body.targets[0].provider", Message: "is missing"}},
		"large bound":    {"/api/providers/" + p.ID + "/keys", `{"name":"k","value":"x","weight":2000000}`, ProblemDetail{Location: "body.weight", Message: "expected number <= 1000000"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := w.do(post, tt.path, tt.body).want(400).problem().Errors
			if diff := cmp.Diff([]ProblemDetail{tt.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTooLargeIsSeenByClientsThatSendFirst: a client that writes its whole
// body before it reads gets the answer, not a broken connection.
func TestTooLargeIsSeenByClientsThatSendFirst(t *testing.T) {
	w := newAdminWorld(t)
	const size = 2*documentLimit - 1 // more than the buffers in between hold
	for name, length := range map[string]string{"announced": fmt.Sprintf("Content-Length: %d", size), "chunked": "Transfer-Encoding: chunked"} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", w.host)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close() //nolint:errcheck // nothing to lose
			if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			body := strings.Repeat("a", size)
			if name == "chunked" {
				body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size, body)
			}
			_, err = fmt.Fprintf(conn, "POST /api/config HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nCookie: %s=%s\r\nContent-Type: application/yaml\r\n%s\r\n\r\n%s",
				w.host, w.url, cookieName, w.cookie, length, body)
			if err != nil {
				t.Fatalf("the body could not be sent: %v", err)
			}
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close() //nolint:errcheck // read only
			var p Problem
			if err := json.NewDecoder(answer.Body).Decode(&p); err != nil || answer.StatusCode != 413 || p.Code != "too_large" {
				t.Errorf("%s %+v, %v", answer.Status, p, err)
			}
		})
	}
}

func TestLogTellsMilliseconds(t *testing.T) {
	w := newAdminWorld(t)
	w.do(get, "/api/me", nil).want(200)
	for line := range strings.Lines(w.log.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry["path"] != "/api/me" {
			continue
		}
		if ms, ok := entry["ms"].(float64); !ok || ms < 0 || ms > 60_000 {
			t.Errorf("ms is %v in %s", entry["ms"], line)
		}
		return
	}
	t.Error("the call is not in the log")
}
