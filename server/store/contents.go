package store

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Content is what a call said and was told, as it was captured: cut and
// redacted.
type Content struct {
	Request      []byte    `json:"-"`
	Answer       []byte    `json:"-"`
	RequestBytes int64     `json:"request_bytes"` // before it was cut
	AnswerBytes  int64     `json:"answer_bytes"`
	RequestCut   bool      `json:"request_cut,omitempty"`
	AnswerCut    bool      `json:"answer_cut,omitempty"`
	Redactions   int       `json:"redactions"` // how many places were blacked out
	Expires      time.Time `json:"-"`
}

// maxContent bounds what a stored content may become when it is unpacked.
const maxContent = 64 << 20

// insertContents writes the contents that were captured.
func insertContents(ctx context.Context, tx *statements, rows []*Row) error {
	for _, row := range rows {
		if row.Content == nil {
			continue
		}
		data, err := row.Content.pack()
		if err != nil {
			return err
		}
		if err := tx.exec(ctx, "INSERT INTO contents (call_id, expires, size, data) VALUES (?,?,?,?)", row.ID, row.Content.Expires.Unix(), len(data), data); err != nil {
			return err
		}
	}
	return nil
}

// pack writes a line of JSON with the lengths, then request and answer, all of
// it compressed.
func (c *Content) pack() ([]byte, error) {
	head, err := json.Marshal(contentHead{*c, len(c.Request)})
	if err != nil {
		return nil, fmt.Errorf("pack content: %w", err)
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("pack content: %w", err)
	}
	for _, part := range [][]byte{head, {'\n'}, c.Request, c.Answer} {
		if _, err := w.Write(part); err != nil {
			return nil, fmt.Errorf("pack content: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack content: %w", err)
	}
	return b.Bytes(), nil
}

type contentHead struct {
	Content
	Length int `json:"length"` // of the request
}

func unpackContent(data []byte) (*Content, error) {
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data)), maxContent))
	if err != nil {
		return nil, fmt.Errorf("unpack content: %w", err)
	}
	line, rest, _ := bytes.Cut(plain, []byte{'\n'})
	var head contentHead
	if err := json.Unmarshal(line, &head); err != nil || head.Length < 0 || head.Length > len(rest) {
		return nil, fmt.Errorf("unpack content: %w", errDetail)
	}
	c := head.Content
	c.Request, c.Answer = rest[:head.Length], rest[head.Length:]
	return &c, nil
}

// content reads a row's content, if it is still there.
func (v *view) content(ctx context.Context, row *Row) error {
	if !row.Captured {
		return nil
	}
	return v.each(ctx, "SELECT expires, data FROM contents WHERE call_id = ?", []any{row.ID}, func(scan scanner) error {
		var expires int64
		var data []byte
		if err := scan(&expires, &data); err != nil {
			return err
		}
		c, err := unpackContent(data)
		if err != nil {
			return err
		}
		c.Expires = time.Unix(expires, 0).UTC()
		row.Content = c
		return nil
	})
}
