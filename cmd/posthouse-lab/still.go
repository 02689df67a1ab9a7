package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/posthouse/posthouse/proxy/lab/load"
)

// still are the figures that need no load, and what the log says of the calls.
type still struct {
	start    time.Duration // to the first answer, with data there already
	idle     int64         // bytes of memory
	mapped   int64         // of which pages of the program's file
	binary   int64         // bytes
	answered int64
	rows     int64
	shed     int64
}

// idleFor is how long a process is left alone before its memory is read.
const idleFor = 10 * time.Second

// still measures them: with the data that the cases left.
func (b *bench) still(ctx context.Context) (*still, error) {
	info, err := os.Stat(b.program)
	if err != nil {
		return nil, fmt.Errorf("the program under test: %w", err)
	}
	s := &still{binary: info.Size()}
	var starts []time.Duration
	var c *child
	for range 3 {
		if c != nil {
			c.stop()
		}
		if c, err = startPosthouse(ctx, b.program, b.dir, b.vendor.url, nil); err != nil {
			return nil, err
		}
		starts = append(starts, c.took)
	}
	defer func() { c.stop() }()
	slices.Sort(starts)
	s.start = starts[1]
	select {
	case <-time.After(idleFor):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.idle, s.mapped, err = load.Memory(c.pid()); err != nil {
		return nil, err
	}
	return s, b.counted(ctx, c, s)
}

// counted compares the rows in the log with the calls that were made.
func (b *bench) counted(ctx context.Context, c *child, s *still) error {
	call, err := c.console(ctx)
	if err != nil {
		return err
	}
	status := func() (written, shed int64, err error) {
		var got struct {
			Records struct {
				Written, Shed, Failed int64
			} `json:"records"`
		}
		err = call(http.MethodGet, "/api/status", "", &got)
		return got.Records.Written, got.Records.Shed + got.Records.Failed, err
	}
	before, _, err := status()
	if err != nil {
		return err
	}
	for _, stream := range []bool{false, true} {
		res, err := load.Run(ctx, load.Plan{URL: c.url, Key: consumerKey, Stream: stream, Conns: 64, Prompt: 1024, Words: 60, Calls: 3000, Duration: time.Minute})
		if err != nil {
			return err
		}
		s.answered += res.All
	}
	for range 30 {
		var after int64
		if after, s.shed, err = status(); err != nil {
			return err
		}
		if s.rows = after - before; s.rows >= s.answered {
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
