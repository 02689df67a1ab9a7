package server

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posthouse/posthouse/server/store"
)

type exportInput struct {
	RequestFilter
	TimeInput
	Format string `query:"format" enum:"csv,jsonl" default:"csv" doc:"csv: one line a request; jsonl: with every attempt"`
	Limit  int    `query:"limit" minimum:"1" maximum:"10000000" default:"1000000"`
}

// exportPage is how many calls are read at a time.
const exportPage = 500

// exportRequests writes the log as a file, as it is read: the newest first.
// Without a time it is that of the last 24 hours.
func (s *Server) exportRequests(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	if s.opts.Usage == nil {
		return nil, noRecords()
	}
	if in.Range == "" && in.From.IsZero() && in.To.IsZero() {
		in.Range = "24h"
	}
	q, err := s.logQuery(&in.RequestFilter, &in.TimeInput)
	if err != nil {
		return nil, err
	}
	s.sync(ctx)
	return &huma.StreamResponse{Body: func(c huma.Context) {
		kind := map[string]string{"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}[in.Format]
		c.SetHeader("Content-Type", kind)
		c.SetHeader("Content-Disposition", fmt.Sprintf("attachment; filename=\"requests-%s.%s\"", s.now().UTC().Format("20060102-150405"), in.Format))
		if err := s.export(c.Context(), c.BodyWriter(), q, in); err != nil {
			if c.Context().Err() == nil {
				s.log.ErrorContext(c.Context(), "the export of requests broke off", "request_id", clientFrom(c.Context()).RequestID, "error", err)
			}
			panic(http.ErrAbortHandler) // half a file must not look like a whole one
		}
	}}, nil
}

// export writes the calls page by page.
func (s *Server) export(ctx context.Context, w io.Writer, q store.LogQuery, in *exportInput) error {
	write, flush := exportJSON(w), func() error { return nil }
	if in.Format == "csv" {
		table := csv.NewWriter(w)
		if err := table.Write(exportColumns()); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		write = func(c *Call) error { return table.Write(exportLine(c)) }
		flush = func() error { table.Flush(); return table.Error() }
	}
	q.Most = lookedAt
	for left := in.Limit; left > 0; {
		q.Limit = min(left, exportPage)
		page, err := s.opts.Usage.Records().Log(ctx, q)
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			c := showRow(row)
			if err := write(&c); err != nil {
				return fmt.Errorf("export: %w", err)
			}
		}
		if err := flush(); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		left -= len(page.Rows)
		if page.Next == 0 {
			return nil
		}
		q.Before = page.Next
	}
	return nil
}

func exportJSON(w io.Writer) func(*Call) error {
	encoder := json.NewEncoder(w)
	return func(c *Call) error { return encoder.Encode(c) }
}

// exportColumns are the columns of the CSV file.
func exportColumns() []string {
	return []string{
		"time", "id", "outcome", "status", "class", "route", "provider", "model", "asked", "consumer", "client_ip", "op", "stream", "attempts", "fallback", "rescued",
		"duration_ms", "ttft_ms", "tokens_per_s", "tokens_input", "tokens_cache_read", "tokens_cache_write", "tokens_output", "tokens_reasoning", "tokens_total",
		"input_from", "output_from", "cost", "currency", "display_cost", "display_currency", "bytes_in", "bytes_out", "message",
	}
}

func exportLine(c *Call) []string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	whole := func(n int64) string { return strconv.FormatInt(n, 10) }
	line := []string{
		c.At.Format(time.RFC3339Nano), c.ID, c.Outcome, strconv.Itoa(c.Status), c.Class, cell(c.Route), cell(c.Provider), cell(c.Model), cell(c.Asked), cell(c.Consumer),
		c.ClientIP, c.Op, strconv.FormatBool(c.Stream), strconv.Itoa(len(c.Attempts)), strconv.FormatBool(c.Fallback), strconv.FormatBool(c.Rescued),
		number(c.DurationMs), number(c.TTFTMs), number(c.TokensPerS),
	}
	if t := c.Tokens; t != nil {
		line = append(line, whole(t.Input), whole(t.CacheRead), whole(t.CacheWrite), whole(t.Output), whole(t.Reasoning), whole(t.Total), t.InputFrom, t.OutputFrom)
	} else {
		line = append(line, "", "", "", "", "", "", "", "") // not known, which is not 0
	}
	if p := c.Cost; p != nil {
		line = append(line, number(p.Amount), p.Currency, number(p.DisplayAmount), p.DisplayCurrency)
	} else {
		line = append(line, "", "", "", "")
	}
	return append(line, whole(c.BytesIn), whole(c.BytesOut), cell(c.Message))
}

// cell keeps a spreadsheet from taking foreign text for a formula.
func cell(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@' || s[0] == '\t' || s[0] == '\r') {
		return "'" + s
	}
	return s
}
