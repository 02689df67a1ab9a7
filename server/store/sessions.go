package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// keepSessions is how long an expired session is still listed.
const keepSessions = 30 * 24 * time.Hour

// CreateSession notes a login. ID (if empty), CreatedAt and SeenAt are filled
// in. Sessions long expired are thrown away.
func (s *Store) CreateSession(ctx context.Context, n Session) (Session, error) {
	if n.ID == "" {
		n.ID = NewID()
	}
	now := s.opts.Now()
	row := sessionRow{
		ID: n.ID, AdminID: n.AdminID, CreatedMS: toMS(now), SeenMS: toMS(now), ExpiresMS: toMS(n.Expires),
		IP: n.IP, UserAgent: n.UserAgent, Revoked: n.Revoked,
	}
	err := s.transact(ctx, func(db *gorm.DB) error {
		if err := db.Where("expires_ms < ?", toMS(now.Add(-keepSessions))).Delete(&sessionRow{}).Error; err != nil {
			return fmt.Errorf("delete old sessions: %w", err)
		}
		return insert(db, "session", &row)
	})
	if err != nil {
		return Session{}, err
	}
	return sessionOf(row), nil
}

// Session reads one session, also one that is revoked or expired.
func (s *Store) Session(ctx context.Context, id string) (Session, error) {
	row, err := find[sessionRow](s.at(ctx).db, "session", "id", id)
	return sessionOf(row), err
}

// Sessions reads an admin's sessions, newest first.
func (s *Store) Sessions(ctx context.Context, adminID string) ([]Session, error) {
	var rows []sessionRow
	if err := s.at(ctx).db.Where("admin_id = ?", adminID).Order("created_ms DESC, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read sessions: %w", dbError(err))
	}
	return mapped(rows, sessionOf), nil
}

// TouchSession notes that a session was used now. Each call is a write to the
// disk: call it once a minute, not once a request.
func (s *Store) TouchSession(ctx context.Context, id string) error {
	return s.set(ctx, "session", "sessions", id, "seen_ms", toMS(s.opts.Now()))
}

// RevokeSession ends a session.
func (s *Store) RevokeSession(ctx context.Context, id string) error {
	return s.set(ctx, "session", "sessions", id, "revoked", true)
}

// RevokeSessions ends all sessions of an admin but one; exceptID may be empty.
func (s *Store) RevokeSessions(ctx context.Context, adminID, exceptID string) error {
	return dbError(revokeSessions(s.write.WithContext(ctx), adminID, exceptID))
}

func revokeSessions(db *gorm.DB, adminID, exceptID string) error {
	err := db.Table("sessions").Where("admin_id = ? AND id <> ?", adminID, exceptID).Update("revoked", true).Error
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// set writes one column of one row.
func (s *Store) set(ctx context.Context, kind, table, id, column string, value any) error {
	done := s.write.WithContext(ctx).Table(table).Where("id = ?", id).Update(column, value)
	if done.Error != nil {
		return fmt.Errorf("save %s: %w", kind, dbError(done.Error))
	}
	if done.RowsAffected == 0 {
		return &NotFoundError{Kind: kind, Key: id}
	}
	return nil
}

func sessionOf(r sessionRow) Session {
	return Session{
		ID: r.ID, AdminID: r.AdminID, CreatedAt: fromMS(r.CreatedMS), SeenAt: fromMS(r.SeenMS), Expires: fromMS(r.ExpiresMS),
		IP: r.IP, UserAgent: r.UserAgent, Revoked: r.Revoked,
	}
}
