package proxy

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

const (
	// fetchTime bounds the fetching of one medium.
	fetchTime = 15 * time.Second
	// maxMedia bounds a medium in bytes; no vendor takes larger ones inline.
	maxMedia = 20 << 20
	// maxFetches bounds how many are fetched for one call.
	maxFetches = 20
	// maxFetched bounds them together, in bytes.
	maxFetched = 64 << 20
)

// fetched are the media of a call that were fetched by URL, each once.
type fetched struct {
	mu    sync.Mutex
	media map[string]*llm.Media
	size  int
}

// inlined puts the bytes of media that the target does not fetch itself into
// the request. The caller's request stays as it is.
func (t *try) inlined(r *llm.Request) (*llm.Request, *llm.Error) {
	out := t.speech.endpoint.Out
	var next *llm.Request
	for i := range r.Messages {
		parts, changed, failed := t.inlineParts(r.Messages[i].Parts, fmt.Sprintf("messages[%d].content", i), func(m *llm.Media) bool {
			return m.Data == "" && m.File == "" && web(m.URL) && out.Inlines(m, t.target)
		})
		if failed != nil {
			return nil, failed
		}
		if !changed {
			continue
		}
		if next == nil {
			clone := *r
			clone.Messages = slices.Clone(r.Messages)
			next = &clone
		}
		next.Messages[i].Parts = parts
	}
	if next == nil {
		return r, nil
	}
	return next, nil
}

func web(address string) bool {
	return strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://")
}

func (t *try) inlineParts(parts []llm.Part, field string, wanted func(*llm.Media) bool) (out []llm.Part, changed bool, failed *llm.Error) {
	out = parts
	put := func(i int, p llm.Part) {
		if !changed {
			out, changed = slices.Clone(parts), true
		}
		out[i] = p
	}
	for i, p := range parts {
		at := fmt.Sprintf("%s[%d]", field, i)
		switch p := p.(type) {
		case *llm.Media:
			if !wanted(p) {
				continue
			}
			m, failed := t.fetch(p, at)
			if failed != nil {
				return nil, false, failed
			}
			put(i, m)
		case *llm.ToolResult:
			inner, deeper, failed := t.inlineParts(p.Parts, at+".content", wanted)
			if failed != nil {
				return nil, false, failed
			}
			if deeper {
				clone := *p
				clone.Parts = inner
				put(i, &clone)
			}
		case *llm.Text, *llm.Thinking, *llm.ToolCall, *llm.Refusal, *llm.Foreign:
		}
	}
	return out, changed, nil
}

// fetch gets a medium's bytes, once per call.
func (t *try) fetch(m *llm.Media, field string) (*llm.Media, *llm.Error) {
	f := &t.call.fetched
	f.mu.Lock()
	defer f.mu.Unlock()
	had := f.media[m.URL]
	if had == nil {
		if len(f.media) >= maxFetches {
			return nil, unfetched(field, m.URL, fmt.Sprintf("at most %d are fetched for one call", maxFetches))
		}
		data, mime, why := t.download(m.URL)
		if why != "" {
			return nil, unfetched(field, m.URL, why)
		}
		if kind := llm.KindOf(mime); kind != m.Kind {
			return nil, unfetched(field, m.URL, fmt.Sprintf("it is %.60q, not what its place says (%s)", mime, m.Kind))
		}
		if f.size += len(data); f.size > maxFetched {
			return nil, unfetched(field, m.URL, fmt.Sprintf("together they are larger than %d bytes", maxFetched))
		}
		if f.media == nil {
			f.media = map[string]*llm.Media{}
		}
		had = &llm.Media{MIME: mime, Data: base64.StdEncoding.EncodeToString(data)}
		f.media[m.URL] = had
	}
	inline := *m
	inline.URL, inline.MIME, inline.Data = "", had.MIME, had.Data
	return &inline, nil
}

// unfetched names the field whose medium can't be had. A target that fetches
// by itself may have more luck.
func unfetched(field, address, why string) *llm.Error {
	if u, err := url.Parse(address); err == nil {
		address = u.Scheme + "://" + u.Host + u.Path // queries hold signatures
	}
	return &llm.Error{
		Class: llm.ClassModelNotFound, Status: http.StatusBadRequest, Code: "media_not_fetched", Param: field,
		Message: fmt.Sprintf("%s can't be fetched from %.200s: %s. Send it inline, in base64.", field, address, why),
	}
}

// download fetches over a connection that refuses private addresses, whatever
// a name resolves to and wherever a redirect leads: what a caller may make us
// read must not be our own network.
func (t *try) download(address string) (data []byte, mime, why string) {
	ctx, cancel := context.WithTimeout(t.ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil || req.URL.Host == "" || req.URL.User != nil {
		return nil, "", "it is not a plain http or https URL"
	}
	req.Header.Set("User-Agent", t.g.agent)
	req.Header.Set("Accept", "*/*")
	client := &http.Client{
		Transport: t.g.transports.get(t.g.fetching),
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			if len(via) > 3 || !web(next.URL.String()) {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
	resp, err := client.Do(req)
	if err != nil {
		if errors.Is(err, errGuarded) {
			return nil, "", "it is not on the public internet"
		}
		return nil, "", innermost(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, "", fmt.Sprintf("it answered with status %d", resp.StatusCode)
	}
	data, err = io.ReadAll(io.LimitReader(resp.Body, maxMedia+1))
	switch {
	case err != nil:
		return nil, "", "it broke off"
	case len(data) > maxMedia:
		return nil, "", fmt.Sprintf("it is larger than %d bytes", maxMedia)
	case len(data) == 0:
		return nil, "", "it is empty"
	}
	return data, mediaType(resp.Header.Get("Content-Type"), data), ""
}

// mediaType is what the bytes are: what they show, else what the server says.
func mediaType(said string, data []byte) string {
	shown, _, _ := strings.Cut(http.DetectContentType(data), ";")
	said, _, _ = strings.Cut(strings.ToLower(said), ";")
	said = strings.TrimSpace(said)
	switch {
	case shown == "application/octet-stream", strings.HasPrefix(shown, "text/plain") && said != "":
		return said
	case strings.HasPrefix(shown, "text/html") && !strings.HasPrefix(said, "text/"):
		return shown // an error page with a picture's name
	}
	return shown
}
