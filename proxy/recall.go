package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol/responses"
)

// maxChain bounds how many answers back a conversation is followed, so that one
// request can't cost without end.
const maxChain = 500

// recall puts what a request of the Responses API refers to into the request,
// where it is kept here: the conversation before, items of earlier answers. What
// is not, a vendor may know.
func (c *call) recall() *llm.Error {
	if c.entry.endpoint.Op != llm.OpResponses {
		return nil
	}
	refs := responses.ReferencesIn(c.body, c.peek.fields)
	c.memo.keep, c.memo.previous = refs.Keep, refs.Previous
	if c.g.memory == nil {
		return nil
	}
	before, failed := c.chain(refs.Previous)
	c.memo.before = len(before) > 0
	if failed != nil {
		return failed
	}
	found := map[string]json.RawMessage{}
	for _, id := range refs.Items {
		if raw, err := c.g.memory.Item(c.ctx, c.owner(), id); err == nil {
			found[id] = raw
		}
	}
	var body []byte
	body, c.memo.input = responses.Resolved(c.body, c.peek.fields, before, found)
	if len(before) == 0 && len(found) == 0 {
		return nil
	}
	c.body = body
	named := c.peek
	peek, failed := peekJSON(body)
	if failed != nil {
		return failed
	}
	peek.model, peek.named, peek.stream = named.model, named.named, named.stream
	c.peek = peek
	return nil
}

// remembered is what is kept of a request, if its answer is.
type remembered struct {
	keep     bool
	previous string
	before   bool // previous is kept here, and was put into the request
	input    []json.RawMessage
}

// owner is whose answers a call may go on from.
func (c *call) owner() string { return c.rec.ConsumerID }

// chain gathers the items of a conversation up to an answer.
func (c *call) chain(id string) ([]json.RawMessage, *llm.Error) {
	var back [][]json.RawMessage
	for at := id; at != "" && len(back) < 2*maxChain; {
		m, err := c.g.memory.Recall(c.ctx, c.owner(), at)
		switch {
		case err == nil:
		case errors.Is(err, ErrForgotten) && len(back) == 0:
			return nil, nil // a vendor may know it
		case errors.Is(err, ErrForgotten):
			return nil, &llm.Error{
				Class: llm.ClassDenied, Status: http.StatusBadRequest, Code: "previous_response_not_found", Param: "previous_response_id",
				Message: fmt.Sprintf("The conversation before %.80s is no longer kept. Send its items in input.", id),
			}
		default:
			return nil, &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: "the earlier answer can't be read: " + err.Error()}
		}
		back = append(back, m.Output, m.Input)
		at = m.Previous
	}
	slices.Reverse(back)
	return slices.Concat(back...), nil
}

// keeps reports whether the answer to this call will be kept.
func (c *call) keeps() bool {
	return c.g.memory != nil && c.entry.endpoint.Op == llm.OpResponses && c.memo.keep
}

// remember keeps an answer that was translated: a whole one, or a stream's last
// event.
func (c *call) remember(answer []byte) {
	if !c.keeps() {
		return
	}
	response, output, id := responses.Told(answer)
	if id == "" {
		return
	}
	err := c.g.memory.Keep(c.ctx, Memo{ID: id, Owner: c.owner(), Previous: c.memo.previous, Input: c.memo.input, Output: output, Response: response})
	if err != nil {
		c.g.log.Warn("an answer is not kept", "request_id", c.rec.ID, "error", err)
	}
}

// serveMemo answers what is asked about an answer that is kept: itself, its
// input, to forget it. Answers of vendors are theirs to tell of.
func (c *call) serveMemo() (served bool, failed *llm.Error) {
	if c.g.memory == nil || c.entry.protocol.Name != responses.Name || c.entry.rest == "" {
		return false, nil
	}
	id, what, _ := strings.Cut(c.entry.rest, "/")
	m, err := c.g.memory.Recall(c.ctx, c.owner(), id)
	if err != nil {
		if c.r.Header.Get(providerHeader) != "" || !strings.HasPrefix(id, "resp_") {
			return false, nil
		}
		return true, &llm.Error{
			Class: llm.ClassDenied, Status: http.StatusNotFound, Code: "response_not_found",
			Message: fmt.Sprintf("Response with id '%.80s' is not kept here. Of an answer that a vendor keeps, name the provider in the header %s.", id, providerHeader),
		}
	}
	switch {
	case c.r.Method == http.MethodGet && what == "":
		return true, c.json(m.Response)
	case c.r.Method == http.MethodGet && what == "input_items":
		return true, c.json(responses.ItemList(m.Input))
	case c.r.Method == http.MethodDelete && what == "":
		if err := c.g.memory.Forget(c.ctx, c.owner(), id); err != nil {
			return true, &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: "the answer can't be forgotten: " + err.Error()}
		}
		return true, c.json(responses.Deleted(id))
	}
	return true, unknownPath(c.r)
}
