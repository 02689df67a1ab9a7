package store

import (
	"context"
	"time"
)

// RecordSettings say how long records are kept. 0 is the default, a negative
// value for ever.
type RecordSettings struct {
	RequestDays  int   // rows of the log
	RequestBytes int64 // most that the file of records may hold before the oldest rows go
	ContentBytes int64 // most that captured contents may take before the oldest go
	SumDays      int   // sums by hour and day
	Version      int64 // 0: never saved, and the defaults
}

// The defaults of RecordSettings: a month of rows, as long as they fit into
// 10 GiB, and more than a year of sums, which take some percent of that.
const (
	DefaultRequestDays  = 30
	DefaultRequestBytes = 10 << 30
	DefaultContentBytes = 1 << 30
	DefaultSumDays      = 400
)

// recordsDoc is how they are stored.
type recordsDoc struct {
	RequestDays  int   `json:"request_days,omitempty"`
	RequestBytes int64 `json:"request_bytes,omitempty"`
	ContentBytes int64 `json:"content_bytes,omitempty"`
	SumDays      int   `json:"sum_days,omitempty"`
}

// RecordSettings reads how long records are kept.
func (s *Store) RecordSettings(ctx context.Context) (RecordSettings, error) {
	return s.at(ctx).RecordSettings()
}

// RecordSettings reads how long records are kept.
func (q queries) RecordSettings() (RecordSettings, error) {
	var d recordsDoc
	version, err := q.section(sectionRecords, &d, nil)
	return RecordSettings{d.RequestDays, d.RequestBytes, d.ContentBytes, d.SumDays, version}, err
}

// PutRecordSettings saves how long records are kept.
func (t *Tx) PutRecordSettings(s RecordSettings) error {
	return t.putSection(sectionRecords, recordsDoc{s.RequestDays, s.RequestBytes, s.ContentBytes, s.SumDays}, nil, s.Version)
}

// Retention is what the settings mean.
func (s RecordSettings) Retention() Retention {
	return Retention{
		Calls: days(s.RequestDays, DefaultRequestDays), Sums: days(s.SumDays, DefaultSumDays),
		CallBytes: most(s.RequestBytes, DefaultRequestBytes), ContentBytes: most(s.ContentBytes, DefaultContentBytes),
	}
}

// days is a number of days; 0 is for ever.
func days(n, normal int) time.Duration {
	return time.Duration(most(int64(n), int64(normal))) * 24 * time.Hour
}

// most is a bound; 0 is none.
func most(n, normal int64) int64 {
	switch {
	case n == 0:
		return normal
	case n < 0:
		return 0
	}
	return n
}
