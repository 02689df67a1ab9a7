package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// mostRevisions is the most that one call of Revisions reads.
const mostRevisions = 200

// remember writes what the transaction has changed as a revision. The rows are
// numbered without a gap, as only one transaction writes at a time.
func (t *Tx) remember(actor Actor, summary string) (Revision, error) {
	items, err := t.items()
	if err != nil || len(items) == 0 {
		return Revision{}, err
	}
	var last int64
	if err := t.db.Table("revisions").Select("COALESCE(MAX(id), 0)").Scan(&last).Error; err != nil {
		return Revision{}, fmt.Errorf("number the revision: %w", dbError(err))
	}
	revision := Revision{ID: last + 1, At: t.time(), Actor: actor, Summary: summary, Items: items}
	row := revisionRow{
		ID: revision.ID, AtMS: toMS(revision.At), Summary: summary,
		ActorID: actor.ID, ActorName: actor.Name, ActorVia: actor.Via, ActorIP: actor.IP,
	}
	if err := insert(t.db, "revision", &row); err != nil {
		return Revision{}, err
	}
	for i, item := range items {
		row := revisionItemRow{
			RevisionID: revision.ID, Seq: int64(i), Kind: item.Kind, ItemID: item.ID, Name: item.Name, Op: item.Op,
			BeforeJSON: string(item.Before), AfterJSON: string(item.After),
		}
		if err := insert(t.db, "revision", &row); err != nil {
			return Revision{}, err
		}
	}
	return revision, nil
}

// Revisions reads revisions, newest first: those before the given id, or from
// the newest on for 0; at most limit, and never more than 200.
func (s *Store) Revisions(ctx context.Context, beforeID int64, limit int) ([]Revision, error) {
	query := s.at(ctx).db.Order("id DESC").Limit(min(max(limit, 1), mostRevisions))
	if beforeID > 0 {
		query = query.Where("id < ?", beforeID)
	}
	var rows []revisionRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read revisions: %w", dbError(err))
	}
	if len(rows) == 0 {
		return nil, nil
	}
	var items []revisionItemRow
	newest, oldest := rows[0].ID, rows[len(rows)-1].ID
	err := s.at(ctx).db.Where("revision_id BETWEEN ? AND ?", oldest, newest).Order("revision_id, seq").Find(&items).Error
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", dbError(err))
	}
	by := map[int64][]RevisionItem{}
	for _, i := range items {
		by[i.RevisionID] = append(by[i.RevisionID], RevisionItem{
			Kind: i.Kind, ID: i.ItemID, Name: i.Name, Op: i.Op, Before: rawJSON(i.BeforeJSON), After: rawJSON(i.AfterJSON),
		})
	}
	return mapped(rows, func(r revisionRow) Revision {
		actor := Actor{ID: r.ActorID, Name: r.ActorName, Via: r.ActorVia, IP: r.ActorIP}
		return Revision{ID: r.ID, At: fromMS(r.AtMS), Actor: actor, Summary: r.Summary, Items: by[r.ID]}
	}), nil
}

// rawJSON is a stored document; an empty one is none.
func rawJSON(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}
