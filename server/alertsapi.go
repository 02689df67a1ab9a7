package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/price"
	"github.com/posthouse/posthouse/server/alert"
	"github.com/posthouse/posthouse/server/store"
)

// AlertChannel is a webhook, as entered and shown.
type AlertChannel struct {
	Name         string `json:"name" doc:"Unique" maxLength:"128"`
	Kind         string `json:"kind" enum:"feishu,dingtalk,wecom,slack,generic"`
	URL          string `json:"url" doc:"Of the webhook. It holds a token, so only its host is shown again; one with **** keeps the channel's" maxLength:"2048"`
	Secret       string `json:"secret,omitempty" doc:"Signs messages (Feishu, DingTalk, generic); shown as ****, which keeps it" maxLength:"512"`
	AllowPrivate bool   `json:"allow_private,omitempty" doc:"The webhook is on this machine or a private network"`
	Enabled      *bool  `json:"enabled,omitempty" doc:"Default true"`
}

// AlertRules say what is worth telling. Every rule but the budget is on unless
// it says otherwise; what is left out is the default.
type AlertRules struct {
	ProviderDown struct {
		Enabled *bool  `json:"enabled,omitempty"`
		For     string `json:"for,omitempty" doc:"A target's circuit breaker has been open for; default 1m" maxLength:"32"`
	} `json:"provider_down,omitzero"`
	ErrorRate struct {
		Enabled *bool  `json:"enabled,omitempty"`
		Percent int    `json:"percent,omitempty" doc:"Of the calls failed; default 20" minimum:"0" maximum:"100"`
		Within  string `json:"within,omitempty" doc:"Default 5m, at most 1h" maxLength:"32"`
		Least   int    `json:"least,omitempty" doc:"Calls, below which nothing is said; default 20" minimum:"0"`
	} `json:"error_rate,omitzero"`
	Budget struct {
		Amount string `json:"amount,omitempty" doc:"Of a day (UTC), in the currency that sums are shown in; empty: none" maxLength:"32" example:"100"`
		Warn   int    `json:"warn,omitempty" doc:"Percent at which to warn; default 80" minimum:"0" maximum:"100"`
	} `json:"budget,omitzero"`
	KeyOut struct {
		Enabled *bool `json:"enabled,omitempty"`
	} `json:"key_out,omitzero"`
	DiskLow struct {
		Enabled *bool `json:"enabled,omitempty"`
		MiB     int64 `json:"mib,omitempty" doc:"Free where the data is, below which; default 1024" minimum:"0" maximum:"1048576"`
	} `json:"disk_low,omitzero"`
	RecordsShed struct {
		Enabled *bool `json:"enabled,omitempty"`
	} `json:"records_shed,omitzero"`
	Remind string `json:"remind,omitempty" doc:"How often one is reminded of what goes on; default 4h, or off" maxLength:"32"`
	Settle string `json:"settle,omitempty" doc:"How long something must be gone before it is over; default 2m" maxLength:"32"`
}

// AlertsSpec are the settings of alerts, as entered.
type AlertsSpec struct {
	Enabled  bool           `json:"enabled"`
	Language string         `json:"language,omitempty" enum:"zh,en" doc:"Of the messages; default zh"`
	Rules    AlertRules     `json:"rules,omitzero"`
	Channels []AlertChannel `json:"channels"`
}

// Alerts are the same as the API shows them.
type Alerts struct {
	AlertsSpec
	Version int64 `json:"version" doc:"Send it back with a change"`
}

type alertsOutput struct{ Body Alerts }

// getAlerts shows the settings of alerts.
func (s *Server) getAlerts(ctx context.Context, _ *empty) (*alertsOutput, error) {
	row, err := s.opts.Store.Alerts(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "the webhooks of alerts cannot be read; enter them again", "error", err)
	}
	return &alertsOutput{Body: Alerts{specOfAlerts(row.Settings), row.Version}}, nil
}

type putAlertsInput struct {
	Basis
	Body struct {
		AlertsSpec
		Version int64 `json:"version,omitempty" doc:"The version the change is based on" minimum:"0"`
	}
}

// putAlerts replaces the settings of alerts.
func (s *Server) putAlerts(ctx context.Context, in *putAlertsInput) (*alertsOutput, error) {
	f := faults{}
	version := f.settingsVersion(in.Body.Version, in.IfMatch)
	settings := f.alerts("body", in.Body.AlertsSpec)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	err := s.change(ctx, "change alerts", place{path: "body"}, func(tx *store.Tx) error {
		old, _ := tx.Alerts() // what can't be read can't be kept, which is a fault below
		f := faults{}
		settings.Channels = f.channels("body.channels", in.Body.Channels, old.Channels)
		if err := f.invalid(); err != nil {
			return err
		}
		return tx.PutAlerts(store.Alerts{Settings: settings, Version: version})
	})
	if err != nil {
		return nil, s.withCurrent(err, func() (any, error) { return s.getAlerts(ctx, &empty{}) })
	}
	s.configure(ctx)
	return s.getAlerts(ctx, &empty{})
}

type testAlertInput struct {
	Body struct {
		Channel  AlertChannel `json:"channel" doc:"Saved or not; with **** in its address or secret those of the saved channel of this name"`
		Language string       `json:"language,omitempty" enum:"zh,en"`
	}
}

type testAlertOutput struct {
	Body struct {
		OK      bool   `json:"ok"`
		Problem string `json:"problem,omitempty" doc:"What the webhook or the network said"`
	}
}

// testAlert sends a test message.
func (s *Server) testAlert(ctx context.Context, in *testAlertInput) (*testAlertOutput, error) {
	if s.opts.Alerts == nil {
		return nil, problem(http.StatusNotImplemented, "alerts_off", "alerts are not part of this process")
	}
	old, err := s.opts.Store.Alerts(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "the webhooks of alerts cannot be read", "error", err)
	}
	f := faults{}
	list := f.channels("body.channel", []AlertChannel{in.Body.Channel}, old.Channels)
	for i := range f.list {
		f.list[i].Location = strings.Replace(f.list[i].Location, "body.channel[0]", "body.channel", 1)
	}
	if err := f.invalid(); err != nil {
		return nil, err
	}
	out := &testAlertOutput{}
	if err := s.opts.Alerts.Test(ctx, list[0], in.Body.Language); err != nil {
		out.Body.Problem = err.Error()
		return out, nil //nolint:nilerr // the error is the answer
	}
	out.Body.OK = true
	return out, nil
}

// AlertEvent is an alert that was told.
type AlertEvent struct {
	At      time.Time `json:"at"`
	Rule    string    `json:"rule" doc:"provider_down, error_rate, budget, key_out, disk_low or records_shed"`
	Subject string    `json:"subject" doc:"What it is about"`
	State   string    `json:"state" enum:"fired,reminded,resolved"`
	Message string    `json:"message"`
	Problem string    `json:"problem,omitempty" doc:"Why a channel did not get it"`
}

// ActiveAlert is something that goes on.
type ActiveAlert struct {
	Rule    string    `json:"rule"`
	Subject string    `json:"subject"`
	Message string    `json:"message"`
	Since   time.Time `json:"since"`
}

type alertEventsInput struct {
	Before time.Time `query:"before" doc:"Only those before this moment, to read on"`
	Limit  int       `query:"limit" default:"100" minimum:"1" maximum:"500"`
}

type alertEventsOutput struct {
	Body struct {
		Active []ActiveAlert `json:"active" doc:"What goes on now, the oldest first"`
		Events []AlertEvent  `json:"events" doc:"What was told, the newest first"`
	}
}

// listAlertEvents shows what goes on and what was told.
func (s *Server) listAlertEvents(ctx context.Context, in *alertEventsInput) (*alertEventsOutput, error) {
	rows, err := s.opts.Store.AlertEvents(ctx, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &alertEventsOutput{}
	out.Body.Active, out.Body.Events = []ActiveAlert{}, make([]AlertEvent, 0, len(rows))
	for _, e := range rows {
		out.Body.Events = append(out.Body.Events, AlertEvent{e.At, e.Rule, e.Subject, e.State, e.Message, e.Problem})
	}
	if s.opts.Alerts != nil {
		for _, a := range s.opts.Alerts.Active() {
			out.Body.Active = append(out.Body.Active, ActiveAlert{a.Rule, a.Subject, a.Message, a.Since})
		}
	}
	return out, nil
}

// alerts checks the settings, all but the channels.
func (f *faults) alerts(at string, spec AlertsSpec) alert.Settings {
	in, rules := spec.Rules, joinPath(at, "rules")
	out := alert.Settings{Enabled: spec.Enabled, Language: spec.Language}
	r := &out.Rules
	r.ProviderDown.Off, r.ErrorRate.Off, r.KeyOut.Off = !isOn(in.ProviderDown.Enabled), !isOn(in.ErrorRate.Enabled), !isOn(in.KeyOut.Enabled)
	r.DiskLow.Off, r.RecordsShed.Off = !isOn(in.DiskLow.Enabled), !isOn(in.RecordsShed.Enabled)
	r.ProviderDown.For = f.span(joinPath(rules, "provider_down.for"), in.ProviderDown.For, 24*time.Hour)
	r.ErrorRate.Percent, r.ErrorRate.Least = in.ErrorRate.Percent, in.ErrorRate.Least
	r.ErrorRate.Within = f.span(joinPath(rules, "error_rate.within"), in.ErrorRate.Within, time.Hour)
	r.Budget.Warn, r.DiskLow.Bytes = in.Budget.Warn, in.DiskLow.MiB<<20
	if in.Budget.Amount != "" {
		nano, err := price.ParseNano(in.Budget.Amount)
		if err != nil {
			f.add(joinPath(rules, "budget.amount"), "%s", err)
		}
		r.Budget.Nano = nano
	}
	r.Settle = f.span(joinPath(rules, "settle"), in.Settle, 24*time.Hour)
	if in.Remind == "off" {
		r.Remind = -1
	} else {
		r.Remind = f.span(joinPath(rules, "remind"), in.Remind, 30*24*time.Hour)
	}
	return out
}

// span reads a length of time; empty is 0, the default.
func (f *faults) span(at, text string, most time.Duration) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second || d > most {
		f.add(at, "must be a length of time from 1s to %s, such as 5m", most)
	}
	return d
}

// channels checks channels, and fills in what is kept of those that are saved.
func (f *faults) channels(at string, list []AlertChannel, saved []alert.Channel) []alert.Channel {
	if !f.atMost(at, len(list), maxEntries) {
		return nil
	}
	old := named(saved, func(c alert.Channel) string { return c.Name })
	seen := map[string]int{}
	out := make([]alert.Channel, 0, len(list))
	for i, c := range list {
		here := indexed(at, i)
		f.label(joinPath(here, "name"), c.Name, maxLabel)
		f.once(joinPath(here, "name"), c.Name, i, seen)
		if !slices.Contains(alert.Kinds(), c.Kind) {
			f.add(joinPath(here, "kind"), "must be one of %s", strings.Join(alert.Kinds(), ", "))
		}
		one := alert.Channel{Name: c.Name, Kind: c.Kind, URL: proxy.Secret(c.URL), Secret: proxy.Secret(c.Secret), AllowPrivate: c.AllowPrivate, Off: !isOn(c.Enabled)}
		before, there := old[c.Name]
		if strings.Contains(c.URL, kept) {
			one.URL = before.URL
			if !there || before.URL == "" {
				f.add(joinPath(here, "url"), "is not kept for a channel of this name: give it")
			}
		} else {
			f.webAddress(joinPath(here, "url"), c.URL)
		}
		if c.Secret == kept {
			one.Secret = before.Secret
			if !there {
				f.add(joinPath(here, "secret"), "is not kept for a channel of this name: give it")
			}
		}
		out = append(out, one)
	}
	return out
}

// specOfAlerts shows settings as one would enter them, secrets hidden.
func specOfAlerts(in alert.Settings) AlertsSpec {
	out := AlertsSpec{Enabled: in.Enabled, Language: in.Language, Channels: make([]AlertChannel, 0, len(in.Channels))}
	for _, c := range in.Channels {
		shown := AlertChannel{Name: c.Name, Kind: c.Kind, URL: hiddenAddress(c.URL), AllowPrivate: c.AllowPrivate, Enabled: onlyOff(!c.Off)}
		if c.Secret != "" {
			shown.Secret = kept
		}
		out.Channels = append(out.Channels, shown)
	}
	r, show := in.Rules, &out.Rules
	show.ProviderDown.Enabled, show.ErrorRate.Enabled, show.KeyOut.Enabled = onlyOff(!r.ProviderDown.Off), onlyOff(!r.ErrorRate.Off), onlyOff(!r.KeyOut.Off)
	show.DiskLow.Enabled, show.RecordsShed.Enabled = onlyOff(!r.DiskLow.Off), onlyOff(!r.RecordsShed.Off)
	show.ProviderDown.For, show.ErrorRate.Within = clockText(r.ProviderDown.For), clockText(r.ErrorRate.Within)
	show.ErrorRate.Percent, show.ErrorRate.Least = r.ErrorRate.Percent, r.ErrorRate.Least
	show.Budget.Warn, show.DiskLow.MiB = r.Budget.Warn, r.DiskLow.Bytes>>20
	if r.Budget.Nano > 0 {
		show.Budget.Amount = price.Amount{Nano: r.Budget.Nano}.Decimal()
	}
	show.Settle, show.Remind = clockText(r.Settle), clockText(r.Remind)
	return out
}
