package alert

import (
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/price"
)

// The rules by name, as events and settings have them.
const (
	RuleProviderDown = "provider_down"
	RuleErrorRate    = "error_rate"
	RuleBudget       = "budget"
	RuleKeyOut       = "key_out"
	RuleDiskLow      = "disk_low"
	RuleRecordsShed  = "records_shed"
	RuleTest         = "test"
)

// Rules say what is worth telling. A zero figure is its default; Off switches a
// rule off.
type Rules struct {
	ProviderDown struct {
		Off bool          `json:"off,omitempty"`
		For time.Duration `json:"for,omitempty"` // a target's breaker has been open for; default 60 s
	} `json:"provider_down,omitzero"`
	ErrorRate struct {
		Off     bool          `json:"off,omitempty"`
		Percent int           `json:"percent,omitempty"` // of the calls failed; default 20
		Within  time.Duration `json:"within,omitempty"`  // default 5 min
		Least   int           `json:"least,omitempty"`   // calls, below which nothing is said; default 20
	} `json:"error_rate,omitzero"`
	Budget struct {
		Nano int64 `json:"nano,omitempty"` // of a day (UTC), in the display currency; 0: none
		Warn int   `json:"warn,omitempty"` // percent at which to warn; default 80
	} `json:"budget,omitzero"`
	KeyOut struct {
		Off bool `json:"off,omitempty"`
	} `json:"key_out,omitzero"`
	DiskLow struct {
		Off   bool  `json:"off,omitempty"`
		Bytes int64 `json:"bytes,omitempty"` // free, below which; default 1 GiB
	} `json:"disk_low,omitzero"`
	RecordsShed struct {
		Off bool `json:"off,omitempty"`
	} `json:"records_shed,omitzero"`

	Remind time.Duration `json:"remind,omitempty"` // of what goes on; default 4 h, negative: never
	Settle time.Duration `json:"settle,omitempty"` // how long it must be gone to be over; default 2 min
}

// With fills in the defaults.
func (r Rules) With() Rules {
	fill(&r.ProviderDown.For, time.Minute)
	fill(&r.ErrorRate.Percent, 20)
	fill(&r.ErrorRate.Within, 5*time.Minute)
	fill(&r.ErrorRate.Least, 20)
	fill(&r.Budget.Warn, 80)
	fill(&r.DiskLow.Bytes, 1<<30)
	fill(&r.Remind, 4*time.Hour)
	fill(&r.Settle, 2*time.Minute)
	return r
}

func fill[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Sources are where the rules look. Nil functions say nothing.
type Sources struct {
	Targets  func() []proxy.TargetState       // whose breaker is open
	Keys     func() map[string]proxy.KeyState // that are out
	DiskFree func() (int64, error)            // bytes, where the data is
	Shed     func() int64                     // records lost since the start
}

// fault is something that is wrong now.
type fault struct {
	rule, subject string
	figures       map[string]string // for the message
}

func (f fault) key() string { return f.rule + " " + f.subject }

// look finds what is wrong now.
func (w *Watcher) look(r Rules, now time.Time) []fault {
	var found []fault
	add := func(rule, subject string, figures map[string]string) {
		found = append(found, fault{rule, subject, figures})
	}
	w.lookAtTargets(r, now, add)
	if !r.ErrorRate.Off {
		for name, c := range w.calls.within(r.ErrorRate.Within, now) {
			if c.all >= int64(r.ErrorRate.Least) && c.failed*100 >= c.all*int64(r.ErrorRate.Percent) {
				add(RuleErrorRate, name, map[string]string{
					"failed": number(c.failed), "all": number(c.all), "percent": number(c.failed * 100 / c.all), "within": r.ErrorRate.Within.String(),
				})
			}
		}
	}
	if r.Budget.Nano > 0 {
		day, spent := w.spending.today(now)
		percent := int64(float64(spent.Nano) / float64(r.Budget.Nano) * 100)
		figures := map[string]string{"spent": money(spent), "budget": money(price.Amount{Nano: r.Budget.Nano, Currency: spent.Currency}), "percent": number(percent)}
		switch {
		case percent >= 100:
			add(RuleBudget, day+" spent", figures)
		case percent >= int64(r.Budget.Warn):
			add(RuleBudget, day+" nearly spent", figures)
		}
	}
	if w.from.DiskFree != nil && !r.DiskLow.Off {
		if free, err := w.from.DiskFree(); err == nil && free < r.DiskLow.Bytes {
			add(RuleDiskLow, "data folder", map[string]string{"free": mebibytes(free), "least": mebibytes(r.DiskLow.Bytes)})
		}
	}
	if w.from.Shed != nil && !r.RecordsShed.Off {
		shed := w.from.Shed()
		if shed > w.shed {
			add(RuleRecordsShed, "records", map[string]string{"lost": number(shed - w.shed)})
		}
		w.shed = shed
	}
	return found
}

// lookAtTargets looks at breakers and keys.
func (w *Watcher) lookAtTargets(r Rules, now time.Time, add func(rule, subject string, figures map[string]string)) {
	if w.from.Targets != nil && !r.ProviderDown.Off {
		for _, t := range w.from.Targets() {
			if down := now.Sub(t.Since); down >= r.ProviderDown.For {
				add(RuleProviderDown, t.Provider+"/"+t.Model, map[string]string{"class": string(t.Class), "down": down.Round(time.Second).String()})
			}
		}
	}
	if w.from.Keys != nil && !r.KeyOut.Off {
		for _, k := range w.from.Keys() {
			if k.State == proxy.KeyBenched {
				add(RuleKeyOut, k.Provider+"/"+k.Name, map[string]string{"class": string(k.Class)})
			}
		}
	}
}
