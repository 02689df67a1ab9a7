package proxy

import (
	"hash/maphash"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// heldFor is how long it is remembered which target an answer is kept at.
// OpenAI keeps answers for 30 days, but conversations seldom rest for longer
// than this; of those that do, every target is asked (see elsewhere).
const heldFor = 24 * time.Hour

// codeNoPrevious is what OpenAI and Azure say of a previous_response_id that
// they do not know.
const codeNoPrevious = "previous_response_not_found"

// heldKey is by which an answer is found that a vendor keeps.
func (c *call) heldKey(id string) uint64 {
	var h maphash.Hash
	h.SetSeed(c.g.held.seed)
	for _, part := range []string{c.owner(), id} {
		_, _ = h.WriteString(part) // a hash takes everything
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// keptThere notes where an answer is kept that was passed on, so that the call
// that goes on from it is sent there.
func (t *try) keptThere(data []byte) {
	read := t.entry.endpoint.Answer.ID
	if read == nil || !t.speech.passes || !t.memo.keep {
		return
	}
	id := read(data)
	if id == "" {
		return
	}
	is := bond{target: t.cand.breaker()}
	if t.key != nil {
		is.key = t.key.live
	}
	t.g.held.put(t.heldKey(id), is)
	if t.memo.previous != "" && !t.memo.before {
		t.g.held.put(t.heldKey(t.memo.previous), is) // it answered, so it keeps that too
	}
}

// goBack keeps a call that goes on from an answer which a vendor keeps to the
// target and the key that made it: nobody else knows of it, and their saying so
// would hide why the one that does could not be asked.
func (c *call) goBack(plan []candidate) {
	if c.memo.previous == "" || c.memo.before {
		return
	}
	was, known := c.g.held.get(c.heldKey(c.memo.previous))
	if !known {
		return
	}
	at := -1
	for i := range plan {
		if plan[i].provider != nil && plan[i].breaker() == was.target {
			at = i
			break
		}
	}
	if at < 0 {
		return // the route has changed; somebody may know it all the same
	}
	for i := range plan {
		if i != at {
			plan[i].lacks = "the conversation so far is kept at " + plan[at].name + "/" + plan[at].model
		}
	}
	plan[at].lacks, plan[at].key, plan[at].place.Kept = "", was.key, true
}

// elsewhere reports whether a failure only says that an answer is kept by
// another target or under another key, which is then looked for.
func elsewhere(err *llm.Error) bool { return err.Code == codeNoPrevious }
