package tally

import "time"

// Steps cut a span into the parts that a chart shows.
type Steps struct {
	Step   time.Duration // 24 h: days of the zone, which may be longer or shorter
	Starts []time.Time   // where each step begins
	End    time.Time     // where the last one ends
}

// maxSteps is how many steps a chart has at most.
const maxSteps = 200

// steps are the steps there are. Those of an hour and more are also read from
// pieces.
var steps = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 24 * time.Hour,
}

// Cut chooses the step for a span and cuts it, rounding outwards. Least is the
// smallest step allowed. Days begin where they do in the zone.
func Cut(from, to time.Time, least time.Duration, zone *time.Location) Steps {
	step := steps[len(steps)-1]
	for _, candidate := range steps {
		if candidate >= least && to.Sub(from) <= maxSteps*candidate {
			step = candidate
			break
		}
	}
	s := Steps{Step: step}
	if step == 24*time.Hour {
		s.days(from, to, zone)
		return s
	}
	length := int64(step / time.Second)
	at := floor(from.Unix(), length)
	for ; at < to.Unix() || len(s.Starts) == 0; at += length {
		s.Starts = append(s.Starts, time.Unix(at, 0).UTC())
	}
	s.End = time.Unix(at, 0).UTC()
	return s
}

func (s *Steps) days(from, to time.Time, zone *time.Location) {
	at := DayStart(from, zone)
	for at.Before(to) || len(s.Starts) == 0 {
		s.Starts = append(s.Starts, at.UTC())
		at = NextDay(at, zone)
	}
	s.End = at.UTC()
}

// Begin is where the first step begins.
func (s *Steps) Begin() time.Time { return s.Starts[0] }

// Index is the step that a time is in; -1: none.
func (s *Steps) Index(t time.Time) int {
	if t.Before(s.Starts[0]) || !t.Before(s.End) {
		return -1
	}
	if s.Step < 24*time.Hour {
		return int(t.Sub(s.Starts[0]) / s.Step)
	}
	lo, hi := 0, len(s.Starts)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; s.Starts[mid].After(t) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return lo
}

// DayStart is the first moment of a time's day in a zone, also where clocks
// jump over midnight or show it twice.
func DayStart(t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	year, month, day := local.Date()
	// Look back from the time itself: no day is longer than 26 hours, and
	// within it the offset changes once at most.
	for {
		start, _ := local.ZoneBounds()
		_, offset := local.Zone()
		midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Add(-time.Duration(offset) * time.Second)
		if start.IsZero() || start.Before(midnight) {
			return midnight.UTC()
		}
		before := start.Add(-time.Nanosecond).In(zone)
		if y, m, d := before.Date(); y != year || m != month || d != day {
			return start.UTC() // the day began with the change of clocks
		}
		local = before
	}
}

// NextDay is the first moment of the day after that of a time.
func NextDay(t time.Time, zone *time.Location) time.Time {
	year, month, day := t.In(zone).Date()
	noon := time.Date(year, month, day+1, 12, 0, 0, 0, zone) // clocks change at night
	return DayStart(noon, zone)
}
