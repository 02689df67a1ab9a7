package llm

import (
	"encoding/base64"
	"strings"
)

// MediaAt reads a URL as dialects of OpenAI's kind write media: a data: URL
// holds the bytes themselves, anything else says where they are. kind is what
// the place it stood in says it is; a data: URL knows better.
func MediaAt(url string, kind MediaKind) *Media {
	rest, ok := strings.CutPrefix(url, "data:")
	if !ok {
		return &Media{Kind: kind, URL: url}
	}
	head, data, ok := strings.Cut(rest, ",")
	if !ok {
		return &Media{Kind: kind, URL: url}
	}
	mime, params, _ := strings.Cut(head, ";")
	if !strings.HasSuffix(";"+params, ";base64") {
		data = base64.StdEncoding.EncodeToString([]byte(data)) // rare: text that is percent-encoded or plain
	}
	if k := KindOf(mime); k != "" {
		kind = k
	}
	return &Media{Kind: kind, MIME: strings.ToLower(strings.TrimSpace(mime)), Data: data}
}

// Address is the media as a URL: where it is, or its bytes as a data: URL.
func (m *Media) Address() string {
	if m.Data == "" {
		return m.URL
	}
	mime := m.MIME
	if mime == "" {
		mime = "application/octet-stream"
	}
	return "data:" + mime + ";base64," + m.Data
}

// KindOf is the kind of media that a MIME type means; empty if it says nothing.
func KindOf(mime string) MediaKind {
	major, minor, _ := strings.Cut(strings.ToLower(strings.TrimSpace(mime)), "/")
	switch major {
	case "image":
		return Image
	case "audio":
		return Audio
	case "video":
		return Video
	case "text":
		return Document
	case "application":
		if minor == "octet-stream" {
			return ""
		}
		return Document
	}
	return ""
}

// PlainText is the text of a document that is text, under its name if it has
// one: for vendors that take no files.
func (m *Media) PlainText() (string, bool) {
	if !strings.HasPrefix(m.MIME, "text/") || m.Data == "" {
		return "", false
	}
	// With or without padding, and with line breaks.
	data := strings.TrimRight(strings.NewReplacer("\n", "", "\r", "", " ", "").Replace(m.Data), "=")
	b, err := base64.RawStdEncoding.DecodeString(data)
	if err != nil {
		return "", false
	}
	if m.Name != "" {
		return m.Name + ":\n" + string(b), true
	}
	return string(b), true
}
