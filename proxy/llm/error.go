package llm

import (
	"fmt"
	"time"
)

// Error is a failure as the data plane speaks of it. Class decides what
// happens; the other fields are what a caller is told, in the caller's own
// dialect.
type Error struct {
	Class      Class
	Status     int           // HTTP status for the caller
	Type       string        // the dialect's error type, e.g. invalid_request_error
	Code       string        // the dialect's error code, e.g. model_not_found
	Param      string        // the request field at fault, if one is
	Message    string        // what is wrong and what to do
	RetryAfter time.Duration // how long to wait before trying again; 0 if unknown
	Vendor     string        // who said so, when it was a vendor; empty for our own errors
	Raw        []byte        // the vendor's own error body, where it is in the caller's dialect
}

// Error makes *Error an error.
func (e *Error) Error() string {
	if e.Vendor != "" {
		return fmt.Sprintf("%s: %s (%s, status %d)", e.Vendor, e.Message, e.Class, e.Status)
	}
	return fmt.Sprintf("%s (%s, status %d)", e.Message, e.Class, e.Status)
}
