package tally

// Kind is what a series counts.
type Kind int

// The kinds of series. Numbers are stored: they never change.
const (
	// Target counts nothing: it names a provider and a model.
	Target Kind = 0
	// ByModel are calls by route, provider, model and outcome: small enough for
	// a tally a minute.
	ByModel Kind = 1
	// ByConsumer are the same calls by consumer as well.
	ByConsumer Kind = 2
	// ByKey are attempts by provider, model and key; its outcome is that of the
	// attempt.
	ByKey Kind = 3
)

// Outcome is what came of a call from where its caller stands.
type Outcome int

// The outcomes. Numbers are stored: they never change.
const (
	OK      Outcome = 1 // served by the first attempt
	Rescued Outcome = 2 // served although an attempt failed
	Failed  Outcome = 3 // not served, for a reason that is not the caller's
	Refused Outcome = 4 // the caller's own mistake, or not allowed
	Left    Outcome = 5 // the caller went away first
)

// Outcomes lists them in the order they are shown in.
func Outcomes() []Outcome { return []Outcome{OK, Rescued, Failed, Refused, Left} }

var outcomeNames = [...]string{OK: "ok", Rescued: "rescued", Failed: "failed", Refused: "refused", Left: "left"}

// String is the outcome's name in the API.
func (o Outcome) String() string {
	if o < OK || o > Left {
		return ""
	}
	return outcomeNames[o]
}

// ParseOutcome reads a name; 0 is none of them.
func ParseOutcome(s string) Outcome {
	for o, name := range outcomeNames {
		if name == s && s != "" {
			return Outcome(o)
		}
	}
	return 0
}

// Served reports whether the caller got its answer.
func (o Outcome) Served() bool { return o == OK || o == Rescued }

// Series says whose calls a tally holds.
type Series struct {
	Kind     Kind
	Route    string
	Provider string
	Model    string
	Consumer string // ByConsumer only
	KeyID    string // ByKey only
	KeyName  string // ByKey only
	Outcome  Outcome
}

// Other stands for names that are too many to be told apart.
const Other = "other"
