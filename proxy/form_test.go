package proxy

import (
	"bytes"
	"crypto/sha256"
	"io"
	"mime/multipart"
	"strings"
	"testing"
)

const plainForm = "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n\r\n--not\r\n" +
	"--X\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nlab-a\r\n--X--\r\n"

// TestFormTricks: a form that two parsers could read differently never reaches
// the vendor.
func TestFormTricks(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := one(g)
		conf.Consumers = []Consumer{{ID: "c", Name: "limited", Models: []string{"lab-a"}, Keys: []ConsumerKey{{Hash: sha256.Sum256([]byte("ph-limited"))}}}}
		return conf
	})
	send := func(body string) answer {
		r := g.request("POST", "/v1/audio/transcriptions", body)
		r.Header.Set("Content-Type", "multipart/form-data; boundary=X")
		r.Header.Set("Authorization", "Bearer ph-limited")
		return g.do(r)
	}
	if a := send(plainForm); a.status != 200 {
		t.Fatalf("a plain form: %d %s", a.status, a.body)
	}
	g.lab.Reset()
	part := func(head string) string { return "--X\r\n" + head + "\r\n\r\nlab-forbidden\r\n" }
	tricks := map[string]string{
		"folded line":          part("Content-Disposition: form-data;\r\n name=\"model\""),
		"bare line feed":       "--X\r\nContent-Disposition: form-data; name=\"model\"\n\nlab-forbidden\r\n",
		"two names":            part(`Content-Disposition: form-data; name="z"; name="model"`),
		"two dispositions":     part("Content-Disposition: form-data; name=\"z\"\r\nContent-Disposition: form-data; name=\"model\""),
		"other case":           part(`Content-Disposition: form-data; name="Model"`),
		"as a file":            part(`Content-Disposition: form-data; name="model"; filename="x"`),
		"extended name":        part(`Content-Disposition: form-data; name*=utf-8''model`),
		"twice":                part(`Content-Disposition: form-data; name="model"`),
		"no disposition":       part("X-A: b"),
		"space before colon":   part(`Content-Disposition : form-data; name="model"`),
		"attachment":           part(`Content-Disposition: attachment; name="model"`),
		"preamble":             "x\r\n",
		"boundary with spaces": "--X \r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nlab-forbidden\r\n",
	}
	for name, trick := range tricks {
		if a := send(trick + plainForm); a.status != 400 && a.status != 403 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for _, torn := range []string{plainForm[:len(plainForm)-4], plainForm + "more", "--X--", "", "--X\r\n\r\n\r\n--X--"} {
		if a := send(torn); a.status != 400 {
			t.Errorf("%q: %d %s", torn, a.status, a.body)
		}
	}
	if n := len(g.lab.Calls()); n != 0 {
		t.Errorf("%d of the tricks reached the vendor", n)
	}
}

// FuzzForm: where formParts takes a form, the standard library reads the same
// fields with the same values.
func FuzzForm(f *testing.F) {
	f.Add([]byte(plainForm))
	f.Add([]byte("--X\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--X--"))
	f.Add([]byte("--X--\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		parts, problem := formParts(body, "X")
		if problem != "" {
			return
		}
		r := multipart.NewReader(bytes.NewReader(body), "X")
		for i, p := range parts {
			std, err := r.NextRawPart()
			if err != nil {
				t.Fatalf("part %d of %d: %v", i, len(parts), err)
			}
			value, err := io.ReadAll(std)
			if err != nil {
				t.Fatal(err)
			}
			if std.FormName() != p.name || !bytes.Equal(value, body[p.from:p.to]) {
				t.Fatalf("part %d: %q=%q, the standard library has %q=%q", i, p.name, body[p.from:p.to], std.FormName(), value)
			}
		}
		if _, err := r.NextRawPart(); err == nil {
			t.Fatal("the standard library finds one more part")
		}
	})
}

func TestPeekFormFindsTheModel(t *testing.T) {
	p, err := peekForm([]byte(plainForm), "X")
	if err != nil || p.model != "lab-a" || plainForm[p.formFrom:p.formTo] != "lab-a" || p.stream {
		t.Errorf("%+v, %v", p, err)
	}
	streamed := strings.Replace(plainForm, "--X--", "--X\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n--X--", 1)
	if p, err := peekForm([]byte(streamed), "X"); err != nil || !p.stream {
		t.Errorf("%+v, %v", p, err)
	}
}
