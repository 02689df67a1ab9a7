package proxy

import (
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// Memory keeps answers of the Responses API that were translated, so that a
// later request can go on from one by its id. Everything is kept for its owner
// alone: another consumer's id is as unknown as one that never was.
type Memory interface {
	// Keep takes an answer. It may be forgotten at any time: when it has become
	// old, or when there is no room.
	Keep(ctx context.Context, m Memo) error
	// Recall finds an answer; the error is ErrForgotten for one that is not there.
	Recall(ctx context.Context, owner, id string) (Memo, error)
	// Item finds an item of an answer, by the item's id.
	Item(ctx context.Context, owner, id string) (json.RawMessage, error)
	// Forget removes an answer, if it is there.
	Forget(ctx context.Context, owner, id string) error
}

// Memo is an answer and what led to it.
type Memo struct {
	ID       string // resp_…
	Owner    string // the consumer's id; empty where callers need no key
	Previous string // the answer that it goes on from; empty: none
	Input    []json.RawMessage
	Output   []json.RawMessage
	Response json.RawMessage // as the caller got it
}

// size is what a memo takes, in bytes.
func (m *Memo) size() (n int) {
	n = len(m.ID) + len(m.Owner) + len(m.Response)
	for _, raw := range m.Input {
		n += len(raw)
	}
	for _, raw := range m.Output {
		n += len(raw)
	}
	return n
}

// ErrForgotten means that an answer is not kept, or no longer.
var ErrForgotten = errors.New("the answer is not kept")

// ShortMemory keeps answers in memory: for a while, and while there is room.
// Nothing of them is written to disk.
type ShortMemory struct {
	most int           // bytes
	life time.Duration // of an answer since it was last used
	now  func() time.Time

	mu    sync.Mutex
	size  int
	order *list.List // of *kept, the one used last in front
	memos map[string]*list.Element
	items map[string]string // the memo's place by the item's
}

// kept is a memo in its place.
type kept struct {
	memo Memo
	used time.Time
}

// NewShortMemory makes a memory of so many bytes for so long. now is the wall
// clock; nil is time.Now.
func NewShortMemory(most int, life time.Duration, now func() time.Time) *ShortMemory {
	if now == nil {
		now = time.Now
	}
	return &ShortMemory{most: most, life: life, now: now, order: list.New(), memos: map[string]*list.Element{}, items: map[string]string{}}
}

// memoAt is where an owner's things are found: ids are known to their owner only.
func memoAt(owner, id string) string { return owner + "\x00" + id }

// itemID reads the id of an item.
func itemID(raw json.RawMessage) string {
	var w struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &w) != nil {
		return ""
	}
	return w.ID
}

// Keep implements Memory. An answer larger than an eighth of the room is not
// kept: it would push out too many others.
func (s *ShortMemory) Keep(_ context.Context, m Memo) error {
	if m.size() > s.most/8 {
		return errors.New("the answer and its question are too large to be kept")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(s.memos[memoAt(m.Owner, m.ID)])
	s.memos[memoAt(m.Owner, m.ID)] = s.order.PushFront(&kept{memo: m, used: s.now()})
	s.size += m.size()
	for _, raw := range m.Output {
		if id := itemID(raw); id != "" {
			s.items[memoAt(m.Owner, id)] = memoAt(m.Owner, m.ID)
		}
	}
	for last := s.order.Back(); last != nil; last = s.order.Back() {
		if s.size <= s.most && s.now().Sub(valueOf(last).used) <= s.life {
			break
		}
		s.drop(last)
	}
	return nil
}

func valueOf(e *list.Element) *kept { return e.Value.(*kept) } //nolint:errcheck // the list holds nothing else

// drop forgets a memo. The caller holds the lock.
func (s *ShortMemory) drop(e *list.Element) {
	if e == nil {
		return
	}
	m := &valueOf(e).memo
	s.order.Remove(e)
	delete(s.memos, memoAt(m.Owner, m.ID))
	s.size -= m.size()
	for _, raw := range m.Output {
		delete(s.items, memoAt(m.Owner, itemID(raw)))
	}
}

// Recall implements Memory.
func (s *ShortMemory) Recall(_ context.Context, owner, id string) (Memo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(memoAt(owner, id))
}

func (s *ShortMemory) find(at string) (Memo, error) {
	e := s.memos[at]
	if e == nil {
		return Memo{}, ErrForgotten
	}
	k := valueOf(e)
	if s.now().Sub(k.used) > s.life {
		s.drop(e)
		return Memo{}, ErrForgotten
	}
	k.used = s.now()
	s.order.MoveToFront(e)
	return k.memo, nil
}

// Item implements Memory.
func (s *ShortMemory) Item(_ context.Context, owner, id string) (json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.items[memoAt(owner, id)]
	if !ok {
		return nil, ErrForgotten
	}
	m, err := s.find(at)
	if err != nil {
		return nil, err
	}
	for _, raw := range m.Output {
		if itemID(raw) == id {
			return raw, nil
		}
	}
	return nil, ErrForgotten
}

// Forget implements Memory.
func (s *ShortMemory) Forget(_ context.Context, owner, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(s.memos[memoAt(owner, id)])
	return nil
}
