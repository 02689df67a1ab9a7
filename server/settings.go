package server

import (
	"context"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

// Settings are the proxy's settings as the API shows them.
type Settings struct {
	Access   string    `json:"access" enum:"local,keys,open"`
	Limits   Limits    `json:"limits"`
	Timeouts Timeouts  `json:"timeouts"`
	Version  int64     `json:"version" doc:"Send it back with a change"`
	Warnings []Warning `json:"warnings"`
}

// Warning is something an admin should know.
type Warning struct {
	Code    string `json:"code" doc:"Stable word for programs, such as access_open"`
	Message string `json:"message"`
}

type settingsOutput struct{ Body Settings }

// getSettings shows the settings.
func (s *Server) getSettings(ctx context.Context, _ *empty) (*settingsOutput, error) {
	row, err := s.opts.Store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	return &settingsOutput{Body: showSettings(row)}, nil
}

type putSettingsInput struct {
	Basis
	Body struct {
		SettingsSpec
		Version int64 `json:"version,omitempty" doc:"The version the change is based on" minimum:"0"`
	}
}

// putSettings replaces the settings.
func (s *Server) putSettings(ctx context.Context, in *putSettingsInput) (*settingsOutput, error) {
	f := faults{}
	version := f.settingsVersion(in.Body.Version, in.IfMatch)
	access, limits, timeouts := f.settings("body", in.Body.SettingsSpec)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	err := s.change(ctx, "change settings", place{kind: "settings", path: "body"}, func(tx *store.Tx) error {
		return tx.PutSettings(store.Settings{Access: access, Limits: limits, Timeouts: timeouts, Version: version})
	})
	if err != nil {
		return nil, s.withCurrent(err, func() (any, error) { return s.getSettings(ctx, &empty{}) })
	}
	return s.getSettings(ctx, &empty{})
}

// settingsVersion is version, but settings that were never saved may be at 0.
func (f *faults) settingsVersion(body int64, header string) int64 {
	if header == "" {
		return body
	}
	return f.version(body, header)
}

// showSettings converts the row.
func showSettings(row store.Settings) Settings {
	out := Settings{
		Access: string(row.Access), Limits: Limits(row.Limits), Timeouts: timeoutsText(row.Timeouts),
		Version: row.Version, Warnings: []Warning{},
	}
	if out.Access == "" {
		out.Access = string(proxy.AccessLocal)
	}
	if row.Access == proxy.AccessOpen {
		out.Warnings = append(out.Warnings, openWarning())
	}
	return out
}

// openWarning says what open access means.
func openWarning() Warning {
	return Warning{Code: "access_open", Message: "Access is open: everyone who reaches the proxy's port can use your provider keys, at your cost. Choose local or keys unless something in front of it checks who calls."}
}
