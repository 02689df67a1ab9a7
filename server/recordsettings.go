package server

import (
	"context"

	"github.com/posthouse/posthouse/server/store"
)

// RecordsSpec says how long records are kept, as it is entered.
type RecordsSpec struct {
	RequestDays  int   `json:"request_days,omitempty" yaml:"request_days,omitempty" doc:"Rows of the log; 0 is 30 days, -1 for ever" minimum:"-1" maximum:"36500"`
	RequestBytes int64 `json:"request_bytes,omitempty" yaml:"request_bytes,omitempty" doc:"Most that the file of records may hold before the oldest rows go; 0 is 10 GiB, -1 any size" minimum:"-1" maximum:"1125899906842624"`
	ContentBytes int64 `json:"content_bytes,omitempty" yaml:"content_bytes,omitempty" doc:"Most that captured prompts and answers may take before the oldest go; 0 is 1 GiB, -1 any size. How long they are kept stands with each route" minimum:"-1" maximum:"1125899906842624"`
	SumDays      int   `json:"sum_days,omitempty" yaml:"sum_days,omitempty" doc:"Sums by hour, which the monitoring is made of; 0 is 400 days, -1 for ever" minimum:"-1" maximum:"36500"`
}

// RecordSettings are how long records are kept, as the API shows it.
type RecordSettings struct {
	RecordsSpec
	Version int64 `json:"version" doc:"Send it back with a change"`
}

// leastBytes is less than any useful bound on the size of records.
const leastBytes = 16 << 20

// records checks how long records are kept.
func (f *faults) records(at string, s RecordsSpec) store.RecordSettings {
	f.between(joinPath(at, "request_days"), int64(s.RequestDays), -1, 36_500)
	f.between(joinPath(at, "sum_days"), int64(s.SumDays), -1, 36_500)
	for field, n := range map[string]int64{"request_bytes": s.RequestBytes, "content_bytes": s.ContentBytes} {
		if n < -1 || n > 0 && n < leastBytes {
			f.add(joinPath(at, field), "must be at least %d MiB; 0 is the default, -1 any size", leastBytes>>20)
		}
	}
	return store.RecordSettings{RequestDays: s.RequestDays, RequestBytes: s.RequestBytes, ContentBytes: s.ContentBytes, SumDays: s.SumDays}
}

func specOfRecords(s store.RecordSettings) RecordsSpec {
	return RecordsSpec{RequestDays: s.RequestDays, RequestBytes: s.RequestBytes, ContentBytes: s.ContentBytes, SumDays: s.SumDays}
}

type recordSettingsOutput struct{ Body RecordSettings }

// getRecordSettings shows how long records are kept.
func (s *Server) getRecordSettings(ctx context.Context, _ *empty) (*recordSettingsOutput, error) {
	row, err := s.opts.Store.RecordSettings(ctx)
	if err != nil {
		return nil, err
	}
	return &recordSettingsOutput{Body: RecordSettings{specOfRecords(row), row.Version}}, nil
}

type putRecordSettingsInput struct {
	Basis
	Body struct {
		RecordsSpec
		Version int64 `json:"version,omitempty" doc:"The version the change is based on" minimum:"0"`
	}
}

// putRecordSettings changes how long records are kept; what is to go goes
// within minutes.
func (s *Server) putRecordSettings(ctx context.Context, in *putRecordSettingsInput) (*recordSettingsOutput, error) {
	f := faults{}
	version := f.settingsVersion(in.Body.Version, in.IfMatch)
	want := f.records("body", in.Body.RecordsSpec)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	want.Version = version
	err := s.change(ctx, "change how long records are kept", place{kind: "settings", path: "body"}, func(tx *store.Tx) error {
		return tx.PutRecordSettings(want)
	})
	if err != nil {
		return nil, s.withCurrent(err, func() (any, error) { return s.getRecordSettings(ctx, &empty{}) })
	}
	return s.getRecordSettings(ctx, &empty{})
}

// checkRecords checks the document's section.
func (a *applier) checkRecords(f *faults) {
	if a.doc.Records != nil {
		a.checked.records = f.records("records", *a.doc.Records)
	}
}

// putRecords brings about how long records are kept.
func (a *applier) putRecords(tx *store.Tx) error {
	if a.doc.Records == nil {
		return nil
	}
	row, err := tx.RecordSettings()
	if err != nil {
		return err
	}
	want := a.checked.records
	want.Version = row.Version
	fields, err := difference(specOfRecords(row), specOfRecords(want))
	if err != nil || !a.plan.note("settings", "records", opUpdate, fields) {
		return err
	}
	return tx.PutRecordSettings(want)
}

// readRecords is the document's section; nil where nothing was ever set.
func readRecords(ctx context.Context, st *store.Store) (*RecordsSpec, error) {
	row, err := st.RecordSettings(ctx)
	if err != nil || row.Version == 0 {
		return nil, err
	}
	spec := specOfRecords(row)
	return &spec, nil
}
