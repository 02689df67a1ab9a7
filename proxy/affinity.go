package proxy

import (
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// Affinity says whether a conversation goes back to the target and key where
// it was before, so that the vendor's prompt cache knows its beginning.
type Affinity string

// The values of Affinity. The empty one is AffinityAuto.
const (
	AffinityAuto Affinity = "auto" // among targets that serve the same model
	AffinityOn   Affinity = "on"   // among all targets
	AffinityOff  Affinity = "off"
)

const (
	// bondFor is how long a conversation is remembered after its last turn:
	// vendors keep a cached prompt for five minutes and more.
	bondFor = 15 * time.Minute
	// bondShards spreads the memory, so that calls don't wait for each other.
	bondShards = 16
	// bondMost bounds a shard; beyond twice that the oldest are forgotten.
	bondMost = 2048
	// longPrompt is how long the beginning of a conversation must be, in bytes,
	// for a vendor's cache to hold it (they begin at 64 to 1,024 tokens). A
	// shorter one goes back only once there is an answer in it.
	longPrompt = 1 << 10
)

// bond is where a conversation was.
type bond struct {
	target breakerKey
	key    string // key.live
}

// bonds remember conversations by a hash of their beginnings. They outlive
// snapshots, not the process.
type bonds struct {
	now    func() time.Time
	life   time.Duration
	seed   maphash.Seed
	shards [bondShards]bondShard
}

// bondShard keeps two generations: what is looked for and found in the older
// one moves to the younger, and the older one goes as a whole.
type bondShard struct {
	mu         sync.Mutex
	young, old map[uint64]bond
	turned     time.Time
}

func newBonds(now func() time.Time, life time.Duration) *bonds {
	return &bonds{now: now, life: life, seed: maphash.MakeSeed()}
}

// shard locks and returns the shard of a conversation.
func (b *bonds) shard(key uint64) *bondShard {
	s := &b.shards[key%bondShards]
	s.mu.Lock()
	now := b.now()
	if len(s.young) >= bondMost || now.Sub(s.turned) > b.life {
		if now.Sub(s.turned) > 2*b.life {
			s.young = nil
		}
		s.old, s.young, s.turned = s.young, map[uint64]bond{}, now
	}
	return s
}

func (b *bonds) get(key uint64) (was bond, known bool) {
	s := b.shard(key)
	defer s.mu.Unlock()
	if was, known = s.young[key]; known {
		return was, true
	}
	was, known = s.old[key]
	return was, known
}

func (b *bonds) put(key uint64, is bond) {
	s := b.shard(key)
	defer s.mu.Unlock()
	s.young[key] = is
}

// conversation is by which the turns of one conversation know each other.
type conversation struct {
	key   uint64 // 0: it can't be told
	again bool   // going back is worth it: it goes on, or its beginning is long
}

// nameFields are the fields by which callers say themselves what belongs
// together (OpenAI's API, in the order in which they are looked for).
var nameFields = []string{"prompt_cache_key", "user", "safety_identifier"}

// conversation recognises the call's by what it names, else by its beginning:
// everything up to the first message of the user.
func (c *call) conversation() conversation {
	switch c.entry.endpoint.Op {
	case llm.OpChat, llm.OpCompletion, llm.OpResponses:
	default:
		return conversation{}
	}
	var h maphash.Hash
	h.SetSeed(c.g.bonds.seed)
	write := func(part []byte) {
		_, _ = h.Write(part) // a hash takes everything
		_ = h.WriteByte(0)
	}
	write([]byte(c.rec.ConsumerID))
	write([]byte(c.rec.Route))
	write([]byte(c.peek.model))
	for _, name := range nameFields {
		if v := c.value(name); len(v) > 2 && v[0] == '"' {
			write([]byte(name))
			write(v)
			return conversation{key: h.Sum64() | 1, again: true}
		}
	}
	size, goes := 0, false
	for _, name := range []string{"instructions", "messages", "input", "prompt"} {
		v := c.value(name)
		if len(v) == 0 {
			continue
		}
		start, more := beginning(v)
		write(start)
		size, goes = size+len(start), goes || more
	}
	if size == 0 {
		return conversation{}
	}
	return conversation{key: h.Sum64() | 1, again: goes || size >= longPrompt}
}

// errFound ends a search.
var errFound = errors.New("found")

// beginning is what every turn of a conversation begins with: of a list of
// messages, those up to the first of the user; of a text, its first bytes. more
// says that something follows.
func beginning(value []byte) (start []byte, more bool) {
	if value[0] != '[' {
		return value[:min(len(value), longPrompt)], false
	}
	end, asked := len(value), false
	_ = rawjson.Elements(value, func(from, to int) error { // what is not an array is a beginning as a whole
		if asked {
			more = true
			return errFound
		}
		if asked = fromUser(value[from:to]); asked {
			end = to
		}
		return nil
	})
	return value[:end], more
}

// fromUser reports whether a message is the user's.
func fromUser(message []byte) bool {
	user := false
	_ = rawjson.Fields(message, func(f rawjson.Field) error { // what is no object is nobody's
		if string(f.Key) != "role" {
			return nil
		}
		user = string(f.Value(message)) == `"user"`
		return errFound
	})
	return user
}
