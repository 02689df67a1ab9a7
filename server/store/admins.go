package store

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// Admins reads all admins by name.
func (s *Store) Admins(ctx context.Context) ([]Admin, error) {
	var rows []adminRow
	if err := s.at(ctx).db.Order("name").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read admins: %w", dbError(err))
	}
	return mapped(rows, adminOf), nil
}

// AdminByName reads one admin by name.
func (s *Store) AdminByName(ctx context.Context, name string) (Admin, error) {
	row, err := find[adminRow](s.at(ctx).db, "admin", "name", name)
	return adminOf(row), err
}

// AdminByID reads one admin by id.
func (s *Store) AdminByID(ctx context.Context, id string) (Admin, error) {
	row, err := find[adminRow](s.at(ctx).db, "admin", "id", id)
	return adminOf(row), err
}

// CreateFirstAdmin makes an admin if there is none yet, else it fails with
// ErrExists. Of two at once one wins. ID (if empty), SessionVersion and the
// times are filled in.
func (s *Store) CreateFirstAdmin(ctx context.Context, a Admin) (Admin, error) {
	if err := checkName("admin", a.Name); err != nil {
		return Admin{}, err
	}
	if a.ID == "" {
		a.ID = NewID()
	}
	at := toMS(s.opts.Now())
	row := adminRow{ID: a.ID, Name: a.Name, PasswordHash: a.PasswordHash, SessionVersion: 1, CreatedMS: at, PasswordMS: at}
	err := s.transact(ctx, func(db *gorm.DB) error {
		var admins int64
		if err := db.Model(&adminRow{}).Count(&admins).Error; err != nil {
			return fmt.Errorf("count admins: %w", err)
		}
		if admins > 0 {
			return &ExistsError{Kind: "admin", Field: "role"}
		}
		return insert(db, "admin", &row)
	})
	if err != nil {
		return Admin{}, err
	}
	return adminOf(row), nil
}

// ErrLastAdmin says that without this admin nobody could log in any more.
var ErrLastAdmin = errors.New("the last admin cannot be removed")

// CreateAdmin makes another admin. ID (if empty), SessionVersion and the times
// are filled in.
func (s *Store) CreateAdmin(ctx context.Context, a Admin) (Admin, error) {
	if err := checkName("admin", a.Name); err != nil {
		return Admin{}, err
	}
	if a.ID == "" {
		a.ID = NewID()
	}
	at := toMS(s.opts.Now())
	row := adminRow{ID: a.ID, Name: a.Name, PasswordHash: a.PasswordHash, SessionVersion: 1, CreatedMS: at, PasswordMS: at}
	err := s.transact(ctx, func(db *gorm.DB) error {
		var taken int64
		if err := db.Model(&adminRow{}).Where("name = ?", a.Name).Count(&taken).Error; err != nil {
			return fmt.Errorf("look for admin %q: %w", a.Name, err)
		}
		if taken > 0 {
			return &ExistsError{Kind: "admin", Field: "name", Value: a.Name}
		}
		return insert(db, "admin", &row)
	})
	if err != nil {
		return Admin{}, err
	}
	return adminOf(row), nil
}

// DeleteAdmin removes an admin with its sessions and API tokens.
// The last one stays (ErrLastAdmin).
func (s *Store) DeleteAdmin(ctx context.Context, id string) error {
	return s.transact(ctx, func(db *gorm.DB) error {
		if _, err := find[adminRow](db, "admin", "id", id); err != nil {
			return err
		}
		var admins int64
		if err := db.Model(&adminRow{}).Count(&admins).Error; err != nil {
			return fmt.Errorf("count admins: %w", err)
		}
		if admins < 2 {
			return ErrLastAdmin
		}
		if err := db.Where("admin_id = ?", id).Delete(&sessionRow{}).Error; err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		if err := db.Where("admin_id = ?", id).Delete(&apiTokenRow{}).Error; err != nil {
			return fmt.Errorf("delete API tokens: %w", err)
		}
		if err := db.Where("id = ?", id).Delete(&adminRow{}).Error; err != nil {
			return fmt.Errorf("delete admin: %w", err)
		}
		return nil
	})
}

// SetPassword gives an admin a new password hash and ends all the admin's
// sessions.
func (s *Store) SetPassword(ctx context.Context, adminID, hash string) error {
	return s.transact(ctx, func(db *gorm.DB) error {
		row, err := find[adminRow](db, "admin", "id", adminID)
		if err != nil {
			return err
		}
		row.PasswordHash, row.PasswordMS = hash, toMS(s.opts.Now())
		row.SessionVersion++
		if err := db.Select("*").Updates(&row).Error; err != nil {
			return fmt.Errorf("save password: %w", err)
		}
		return revokeSessions(db, adminID, "")
	})
}

func adminOf(r adminRow) Admin {
	return Admin{
		ID: r.ID, Name: r.Name, PasswordHash: r.PasswordHash, SessionVersion: r.SessionVersion,
		CreatedAt: fromMS(r.CreatedMS), PasswordAt: fromMS(r.PasswordMS),
	}
}
