package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/price"
	"github.com/posthouse/posthouse/server/alert"
)

const (
	// mostAlerts is the most that one call of AlertEvents reads.
	mostAlerts = 500
	// alertsKept is how long events and spending are kept.
	alertsKept = 90 * 24 * time.Hour
)

// Alerts are the settings of alerts.
type Alerts struct {
	alert.Settings
	Version int64
}

type alertsDoc struct {
	Enabled  bool         `json:"enabled"`
	Language string       `json:"language,omitempty"`
	Rules    alert.Rules  `json:"rules,omitzero"`
	Channels []channelDoc `json:"channels,omitempty"`
}

type channelDoc struct {
	Name         string `json:"name"`
	Kind         string `json:"kind"`
	AllowPrivate bool   `json:"allow_private,omitempty"`
	Off          bool   `json:"off,omitempty"`
}

// channelSecrets are the sealed part of a channel.
type channelSecrets struct {
	URL    string `json:"url"`
	Secret string `json:"secret,omitempty"`
}

// Alerts reads the settings of alerts. Where secrets can't be unsealed it is an
// error, and the channels have none.
func (s *Store) Alerts(ctx context.Context) (Alerts, error) { return s.at(ctx).Alerts() }

// Alerts reads the settings of alerts.
func (q queries) Alerts() (Alerts, error) {
	var d alertsDoc
	var secrets []channelSecrets
	version, err := q.section(sectionAlerts, &d, &secrets)
	a := Alerts{Version: version, Settings: alert.Settings{Enabled: d.Enabled, Language: d.Language, Rules: d.Rules}}
	for i, c := range d.Channels {
		one := alert.Channel{Name: c.Name, Kind: c.Kind, AllowPrivate: c.AllowPrivate, Off: c.Off}
		if i < len(secrets) {
			one.URL, one.Secret = proxy.Secret(secrets[i].URL), proxy.Secret(secrets[i].Secret)
		}
		a.Channels = append(a.Channels, one)
	}
	return a, err
}

// PutAlerts saves them.
func (t *Tx) PutAlerts(a Alerts) error {
	d := alertsDoc{Enabled: a.Enabled, Language: a.Language, Rules: a.Rules}
	secrets := []channelSecrets{}
	for _, c := range a.Channels {
		d.Channels = append(d.Channels, channelDoc{Name: c.Name, Kind: c.Kind, AllowPrivate: c.AllowPrivate, Off: c.Off})
		secrets = append(secrets, channelSecrets{URL: c.URL.Reveal(), Secret: c.Secret.Reveal()})
	}
	return t.putSection(sectionAlerts, d, secrets, a.Version)
}

type alertRow struct {
	ID      string
	AtMS    int64
	Rule    string
	Subject string
	State   string
	Message string
	Problem string
}

func (alertRow) TableName() string { return "alert_events" }

type alertDayRow struct {
	Day      string `gorm:"primaryKey"`
	Currency string `gorm:"primaryKey"`
	Nano     int64
}

func (alertDayRow) TableName() string { return "alert_days" }

func eventOf(r alertRow) alert.Event {
	return alert.Event{ID: r.ID, At: fromMS(r.AtMS), Rule: r.Rule, Subject: r.Subject, State: r.State, Message: r.Message, Problem: r.Problem}
}

// SaveAlert keeps an event, and forgets those that are older than 90 days.
func (s *Store) SaveAlert(ctx context.Context, e alert.Event) error {
	db := s.write.WithContext(ctx)
	row := alertRow{ID: NewID(), AtMS: toMS(e.At), Rule: e.Rule, Subject: e.Subject, State: e.State, Message: e.Message, Problem: e.Problem}
	if err := insert(db, "alert", &row); err != nil {
		return err
	}
	if err := db.Where("at_ms < ?", toMS(e.At.Add(-alertsKept))).Delete(&alertRow{}).Error; err != nil {
		return fmt.Errorf("forget old alerts: %w", dbError(err))
	}
	return nil
}

// AlertEvents reads events, the newest first: those before a moment, or from
// the newest on for the zero time; never more than 500.
func (s *Store) AlertEvents(ctx context.Context, before time.Time, limit int) ([]alert.Event, error) {
	query := s.at(ctx).db.Order("at_ms DESC, id DESC").Limit(min(max(limit, 1), mostAlerts))
	if !before.IsZero() {
		query = query.Where("at_ms < ?", toMS(before))
	}
	var rows []alertRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read alerts: %w", dbError(err))
	}
	return mapped(rows, eventOf), nil
}

// OpenAlerts reads those that were told and are not over.
func (s *Store) OpenAlerts(ctx context.Context) ([]alert.Event, error) {
	var rows []alertRow
	err := s.at(ctx).db.Raw(`SELECT e.* FROM alert_events e WHERE e.state <> ? AND NOT EXISTS (
		SELECT 1 FROM alert_events l WHERE l.rule = e.rule AND l.subject = e.subject AND l.at_ms > e.at_ms) ORDER BY e.at_ms`, alert.Resolved).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read open alerts: %w", dbError(err))
	}
	return mapped(rows, eventOf), nil
}

// SaveSpending keeps what a day's calls cost so far.
func (s *Store) SaveSpending(ctx context.Context, day string, sum price.Amount) error {
	row := alertDayRow{Day: day, Currency: string(sum.Currency), Nano: sum.Nano}
	err := s.write.WithContext(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
	if err == nil {
		err = s.write.WithContext(ctx).Where("day < ?", s.opts.Now().Add(-alertsKept).UTC().Format(time.DateOnly)).Delete(&alertDayRow{}).Error
	}
	if err != nil {
		return fmt.Errorf("save the day's spending: %w", dbError(err))
	}
	return nil
}

// Spending reads what a day's calls cost, the largest sum first.
func (s *Store) Spending(ctx context.Context, day string) ([]price.Amount, error) {
	var rows []alertDayRow
	if err := s.at(ctx).db.Where("day = ?", day).Order("nano DESC").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the day's spending: %w", dbError(err))
	}
	return mapped(rows, func(r alertDayRow) price.Amount {
		return price.Amount{Nano: r.Nano, Currency: price.Currency(r.Currency)}
	}), nil
}
