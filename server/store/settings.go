package store

import (
	"context"
	"fmt"

	"github.com/posthouse/posthouse/proxy"
)

// Settings reads the settings.
func (s *Store) Settings(ctx context.Context) (Settings, error) { return s.at(ctx).Settings() }

// Settings reads the settings.
func (q queries) Settings() (Settings, error) {
	row, err := q.settingsRow()
	return settingsOf(row), err
}

func settingsOf(row settingsRow) Settings {
	return Settings{
		Access: proxy.AccessMode(row.Access), Limits: proxy.Limits(row.Limits.V), Timeouts: row.Timeouts.V.proxy(), Version: row.Version,
	}
}

// settingsRow reads the one row of settings.
func (q queries) settingsRow() (settingsRow, error) {
	var row settingsRow
	if err := q.db.Take(&row, 1).Error; err != nil {
		return row, fmt.Errorf("read settings: %w", dbError(err))
	}
	return row, nil
}

// PutSettings saves the settings. Version must be the stored one.
func (t *Tx) PutSettings(s Settings) error {
	have, err := t.settingsRow()
	if err != nil {
		return err
	}
	if have.Version != s.Version {
		return &ConflictError{Kind: kindSettings, ID: settingsID, Have: have.Version}
	}
	if err := t.touch(kindSettings, settingsID); err != nil {
		return err
	}
	row := settingsRow{
		ID: have.ID, Access: string(s.Access), Limits: column[limitsDoc]{limitsDoc(s.Limits)},
		Timeouts: timeoutsColumn(s.Timeouts), Version: have.Version + 1,
	}
	return save(t, kindSettings, settingsID, have.Version, &row)
}
