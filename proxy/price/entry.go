package price

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Entry is one line of a price list.
type Entry struct {
	// Provider is the name of the one provider it is for; empty: all of Vendor.
	Provider string `json:"provider,omitempty"`
	Vendor   string `json:"vendor,omitempty"` // of the catalogue; left out where Provider is given
	Region   string `json:"region,omitempty"` // of the vendor; empty: all
	Model    string `json:"model"`            // exact, or a pattern in which * is any run of characters

	From Date `json:"from,omitzero"` // the first day (UTC) it holds; none: it always did
	// Above is the size of prompt, in tokens, beyond which it holds, for vendors
	// that bill long prompts at another price. The whole call is then billed so.
	Above int64 `json:"above,omitempty"`
	// Hours are those of the day (UTC) at which it holds, such as
	// "01:00-04:00,06:00-10:00", with " weekdays" behind where only those count;
	// empty: all of them.
	Hours string `json:"hours,omitempty"`

	Price

	Source string `json:"source,omitempty"` // where it comes from, for the reader
	Note   string `json:"note,omitempty"`
}

// Check says what is wrong with an entry, by field; nothing if it is sound.
func (e Entry) Check() (field string, err error) {
	switch {
	case e.Provider == "" && e.Vendor == "":
		return "vendor", fmt.Errorf("say whose price it is: a provider or a vendor")
	case e.Provider != "" && e.Vendor != "":
		return "vendor", fmt.Errorf("a price is for one provider or for all of a vendor: leave one out")
	case e.Provider != "" && e.Region != "":
		return "region", fmt.Errorf("a provider is in one region anyway: leave it out")
	case strings.TrimSpace(e.Model) == "" || len(e.Model) > 256:
		return "model", fmt.Errorf("give the model's name or a pattern, at most 256 characters")
	case !e.Currency.Valid():
		return "currency", fmt.Errorf("%.20q is not a currency: write its three letters, such as CNY or USD", e.Currency)
	case e.Above < 0:
		return "above", fmt.Errorf("a prompt can't be smaller than nothing")
	case !e.Input.known && !e.Output.known && !e.Image.known && !e.Minute.known:
		return "input", fmt.Errorf("it has no price: give at least one; 0 is free")
	}
	if _, err := parseHours(e.Hours); err != nil {
		return "hours", err
	}
	return "", nil
}

// Date is a day.
type Date struct{ t time.Time }

// ParseDate reads a day such as "2026-11-24".
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%.20q is not a day such as 2026-11-24", s)
	}
	return Date{t}, nil
}

// IsZero reports whether there is none.
func (d Date) IsZero() bool { return d.t.IsZero() }

// Equal reports whether both are the same day.
func (d Date) Equal(other Date) bool { return d.t.Equal(other.t) }

// Time is the day's beginning, UTC.
func (d Date) Time() time.Time { return d.t }

// String writes the day; empty if there is none.
func (d Date) String() string {
	if d.t.IsZero() {
		return ""
	}
	return d.t.Format(time.DateOnly)
}

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	var err error
	*d, err = ParseDate(string(b))
	return err
}

// hours are times of day.
type hours struct {
	spans    [][2]int // minutes of the day, from and before; empty: always
	weekdays bool
}

// parseHours reads "01:00-04:00,06:00-10:00 weekdays".
func parseHours(s string) (hours, error) {
	var h hours
	if s == "" {
		return h, nil
	}
	list, days, _ := strings.Cut(s, " ")
	if days != "" && days != "weekdays" {
		return h, fmt.Errorf("%.40q can't be read: behind the hours only the word weekdays may stand", s)
	}
	h.weekdays = days == "weekdays"
	for span := range strings.SplitSeq(list, ",") {
		a, b, _ := strings.Cut(span, "-")
		from, err1 := minutes(a)
		to, err2 := minutes(b)
		if err1 != nil || err2 != nil || from >= to {
			return h, fmt.Errorf("%.40q is not a span of hours such as 01:00-04:00", span)
		}
		h.spans = append(h.spans, [2]int{from, to})
	}
	return h, nil
}

func minutes(s string) (int, error) {
	h, m, ok := strings.Cut(s, ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || len(h) != 2 || len(m) != 2 || hour < 0 || minute < 0 || minute > 59 || hour*60+minute > 24*60 {
		return 0, fmt.Errorf("%.10q is not a time of day", s)
	}
	return hour*60 + minute, nil
}

// hold reports whether a moment is within the hours.
func (h hours) hold(t time.Time) bool {
	if len(h.spans) == 0 {
		return true
	}
	t = t.UTC()
	if day := t.Weekday(); h.weekdays && (day == time.Saturday || day == time.Sunday) {
		return false
	}
	now := t.Hour()*60 + t.Minute()
	for _, s := range h.spans {
		if now >= s[0] && now < s[1] {
			return true
		}
	}
	return false
}
