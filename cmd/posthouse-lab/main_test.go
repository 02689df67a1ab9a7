package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestServePrintsAnAddressThatAnswers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := command(w, io.Discard).Run(ctx, []string{"posthouse-lab", "serve", "--addr", "127.0.0.1:0", "--pace", "0ms", "--key", "sk-lab-secret-key"})
		ended <- err
		w.Close()
	}()
	lines := bufio.NewScanner(r)
	lines.Scan()
	base, ok := strings.CutPrefix(lines.Text(), "base URL: ")
	if !ok {
		t.Fatalf("first line %q", lines.Text())
	}
	for lines.Scan() {
		if strings.Contains(lines.Text(), "sk-lab-secret-key") {
			t.Errorf("the key is printed: %s", lines.Text())
		}
		if strings.Contains(lines.Text(), "  -d ") {
			break
		}
	}
	if resp, err := http.Get(base + "/models"); err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the key: %v, %v", resp, err)
	}
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, base+"/models", nil)
	req.Header.Set("Authorization", "Bearer sk-lab-secret-key")
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("with the key: %v, %v", resp, err)
	}
	resp.Body.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestServeRefusesATakenPort(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := command(io.Discard, io.Discard).Run(ctx, []string{"posthouse-lab", "serve", "--addr", "256.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "256.0.0.1:1") {
		t.Errorf("error %v does not name the address", err)
	}
}

func TestFaultsAreListed(t *testing.T) {
	var b strings.Builder
	if err := command(&b, io.Discard).Run(t.Context(), []string{"posthouse-lab", "faults"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"fault-die ", "n=40,how=reset", "fault-bomb", "fault-flap"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in the list", want)
		}
	}
}
