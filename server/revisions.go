package server

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"
)

// Revision is one change: who, when, what.
type Revision struct {
	ID      int64          `json:"id"`
	At      time.Time      `json:"at"`
	Actor   Actor          `json:"actor"`
	Summary string         `json:"summary"`
	Items   []RevisionItem `json:"items"`
}

// Actor is who made a change and how.
type Actor struct {
	Name string `json:"name"`
	Via  string `json:"via" doc:"session, token, cli, file or setup"`
	IP   string `json:"ip,omitempty"`
}

// RevisionItem is one item a change touched.
type RevisionItem struct {
	Kind   string          `json:"kind"`
	ID     string          `json:"id"`
	Name   string          `json:"name"`
	Op     string          `json:"op" enum:"create,update,delete"`
	Before json.RawMessage `json:"before,omitempty" doc:"The item before; keys as hints"`
	After  json.RawMessage `json:"after,omitempty" doc:"The item after; keys as hints"`
}

type revisionsInput struct {
	Before int64 `query:"before" minimum:"0" doc:"Only revisions older than this id; 0: from the newest"`
	Limit  int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type revisionsOutput struct {
	Body struct {
		Revisions []Revision `json:"revisions" doc:"Newest first"`
		Next      int64      `json:"next,omitempty" doc:"The before of the next page; not there on the last"`
	}
}

// listRevisions shows changes, newest first.
func (s *Server) listRevisions(ctx context.Context, in *revisionsInput) (*revisionsOutput, error) {
	rows, err := s.opts.Store.Revisions(ctx, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &revisionsOutput{}
	out.Body.Revisions = make([]Revision, 0, len(rows))
	for _, row := range rows {
		revision := Revision{
			ID: row.ID, At: row.At, Actor: Actor{Name: row.Actor.Name, Via: row.Actor.Via, IP: row.Actor.IP},
			Summary: row.Summary, Items: make([]RevisionItem, 0, len(row.Items)),
		}
		for _, item := range row.Items {
			shown := RevisionItem(item)
			shown.Before, shown.After = hidePasswords(item.Before), hidePasswords(item.After)
			revision.Items = append(revision.Items, shown)
		}
		out.Body.Revisions = append(out.Body.Revisions, revision)
	}
	if len(rows) == in.Limit {
		out.Body.Next = rows[len(rows)-1].ID
	}
	return out, nil
}

// hidePasswords masks the password in every URL of an item: an outbound
// proxy's is the one secret that is part of a field that is shown.
func hidePasswords(item json.RawMessage) json.RawMessage {
	if !bytes.Contains(item, []byte("://")) || !bytes.Contains(item, []byte("@")) {
		return item
	}
	d := json.NewDecoder(bytes.NewReader(item))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil // what cannot be read cannot be shown to be free of secrets
	}
	out, err := json.Marshal(hideIn(v))
	if err != nil {
		return nil
	}
	return out
}

// hideIn masks the passwords in a JSON value.
func hideIn(v any) any {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "://") && strings.Contains(v, "@") {
			return maskPassword(v)
		}
	case []any:
		for i := range v {
			v[i] = hideIn(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = hideIn(v[name])
		}
	}
	return v
}
