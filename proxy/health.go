package proxy

import (
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// KeyState is the live state of one provider key.
type KeyState struct {
	Provider string // whose key it is, and what it is called
	Name     string

	State  string    // "ok", "cooling" (rate limited, comes back by itself) or "benched" (refused or out of quota)
	Class  llm.Class // what put it out
	Reason string    // the vendor's own words, bounded and redacted
	Since  time.Time
	Until  time.Time // when it is tried again
}

// The values of KeyState.State.
const (
	KeyOK      = "ok"
	KeyCooling = "cooling"
	KeyBenched = "benched"
)
