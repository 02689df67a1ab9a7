package proxy

import (
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

// Recorder is told of every call exactly once, after its last byte. It must
// not block: a call's connection waits for it.
type Recorder interface {
	Record(*Record)
}

// Record is the account of one call: who asked for what, which attempts were
// made, what came of it. It holds no secrets, and content only where the route
// captures it.
type Record struct {
	ID         string    // the x-request-id the caller was given
	Start      time.Time // when the request's head was read
	ClientIP   string
	Method     string
	Path       string
	Op         llm.Op
	Dialect    string // protocol the client spoke
	Consumer   string // name; empty for callers without a key
	ConsumerID string
	Route      string // name; empty when no written route matched
	Asked      string // model the caller asked for
	Stream     bool
	RequestLen int64

	// What the caller got.
	Status    int           // HTTP status; 499 when the caller left first
	Class     llm.Class     // empty when the call succeeded
	Message   string        // what the caller was told, or the vendor's own words, bounded and redacted
	Provider  string        // who answered
	Model     string        // the model that answered
	FirstByte time.Duration // Start → first content; 0 if none came
	Duration  time.Duration // Start → last byte
	BytesOut  int64

	// BytesDropped is how much of the answer was read after the client had
	// left, for what it used.
	BytesDropped int64

	Usage     llm.Usage
	UsageSeen bool // the vendor said what was used
	Cost      Cost // of all attempts together

	Plan  []Choice // the candidates in the order in which they were to be tried
	Trace Trace

	Attempts []Attempt
	Skipped  []Skip
	Rescued  bool // a stream that broke off was finished by another target

	Content *Content // nil: not captured
}

// Choice is a target as the plan had it.
type Choice struct {
	Step     int // 0 for the route's own targets, then 1, 2, … for fallback steps
	Provider string
	Model    string
	Place    Place // why it stands where it does
}

// Skip is a target that was not even asked.
type Skip struct {
	Provider string
	Model    string
	Why      string
}

// Attempt is one try of one target with one key.
type Attempt struct {
	Provider  string
	Model     string
	Dialect   string // protocol spoken to the vendor
	KeyID     string
	KeyName   string
	Start     time.Duration // since the record's Start
	Headers   time.Duration // attempt start → response headers; 0 if none came
	First     time.Duration // attempt start → first content; 0 if none came
	Idle      time.Duration // the longest silence between two pieces of the answer
	Duration  time.Duration // attempt start → end
	Injected  string        // the fault that was put in its way; "none" where the fake vendor answered well
	Reused    bool          // it went out on a connection that was open already; Connect and TLS are 0 then
	Connect   time.Duration // dialling, name resolution apart; 0 if it did not come to that
	TLS       time.Duration // the handshake
	BytesOut  int64         // of the body sent to the vendor
	BytesIn   int64         // of the body that came, as it came
	VendorID  string        // under which the vendor knows it
	Resumed   bool          // it went on with an answer that another had begun
	Malformed int           // events of its stream that were not in the protocol
	Hedge     bool          // it was started beside another attempt that had not begun to answer
	Status    int           // the vendor's HTTP status; 0 if none came
	Class     llm.Class     // empty when the attempt succeeded
	Message   string        // the vendor's own words, bounded and redacted
	Lossy     string        // what of the request could not be carried over, as the header x-posthouse-lossy has it

	// Usage is what the vendor said this attempt used. Of one that was called
	// off it says nothing; there the prompt is an estimate, for vendors bill it.
	Usage     llm.Usage
	UsageSeen bool
	Cost      Cost

	Span [8]byte // its id in the trace; zero if there is none or vendors are not told
}

// Cost is what something cost. The zero value is not known, which is another
// thing than nothing.
type Cost struct {
	Known  bool
	Amount price.Amount // in the currency of the provider's price list
	Shown  price.Amount // at the exchange rate of the moment in the display currency; no currency: there is no rate
	Price  string       // where the price comes from: price.Entry.Source; empty for what an admin entered without saying
}
