package responses

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// told is a response object as clients get it. Fields that OpenAI writes as
// null are there as null: its clients' types say so.
type told struct {
	ID         string      `json:"id"`
	Object     string      `json:"object"`
	Created    int64       `json:"created_at"`
	Status     string      `json:"status"`
	Completed  *int64      `json:"completed_at,omitzero"`
	Error      *failure    `json:"error"`
	Incomplete *incomplete `json:"incomplete_details"`
	Model      string      `json:"model"`
	Output     []llm.Raw   `json:"output"`
	Usage      *counts     `json:"usage"`
	Store      bool        `json:"store"`
	Tier       string      `json:"service_tier,omitempty"`

	Asked map[string]llm.Raw `json:",embed"` // what the caller asked for, said again
}

// repeated are the fields of a request that an answer says again, with what
// OpenAI writes where the caller wrote nothing.
var repeated = map[string]llm.Raw{
	"background": llm.Raw("false"), "instructions": llm.Raw("null"), "max_output_tokens": llm.Raw("null"),
	"max_tool_calls": llm.Raw("null"), "parallel_tool_calls": llm.Raw("true"), "previous_response_id": llm.Raw("null"),
	"prompt_cache_key": llm.Raw("null"), "reasoning": llm.Raw(`{"effort":null,"summary":null}`), "safety_identifier": llm.Raw("null"),
	"temperature": llm.Raw("1"), "text": llm.Raw(`{"format":{"type":"text"}}`), "tool_choice": llm.Raw(`"auto"`), "tools": llm.Raw("[]"),
	"top_logprobs": llm.Raw("0"), "top_p": llm.Raw("1"), "truncation": llm.Raw(`"disabled"`), "user": llm.Raw("null"), "metadata": llm.Raw("{}"),
}

// frame is the response object before there is an answer.
func frame(reply *protocol.Reply) told {
	w := told{Object: "response", Created: reply.Created, Status: "in_progress", Model: reply.Model, Output: []llm.Raw{}, Asked: map[string]llm.Raw{}}
	var asked map[string]llm.Raw
	read(reply.Body, &asked)
	for name, otherwise := range repeated {
		w.Asked[name] = otherwise
		if said := asked[name]; present(said) {
			w.Asked[name] = said
		}
	}
	w.ID = responseID("", reply)
	w.Store = reply.Stored
	return w
}

// responseID is an answer's id in this dialect: the vendor's own, marked as a
// response where it is another dialect's. An answer that is kept has an id of
// ours, for the vendor's may be anybody's.
func responseID(id string, reply *protocol.Reply) string {
	switch {
	case reply.Stored || id == "":
		return "resp_" + reply.ID
	case strings.HasPrefix(id, "resp_"):
		return id
	}
	return "resp_" + id
}

func (w *told) name(id, model string, created int64, tier string, reply *protocol.Reply) {
	w.ID = responseID(id, reply)
	if model != "" {
		w.Model = model
	}
	if created != 0 {
		w.Created = created
	}
	w.Tier = tier
}

// end sets how an answer ended.
func (w *told) end(stop llm.StopReason, refused bool) {
	w.Status = "completed"
	switch {
	case stop == llm.StopLength:
		w.Status, w.Incomplete = "incomplete", &incomplete{Reason: "max_output_tokens"}
	case stop == llm.StopFilter && !refused:
		w.Status, w.Incomplete = "incomplete", &incomplete{Reason: "content_filter"}
	}
	if w.Status == "completed" {
		at := w.Created // no clock here; clients only show it
		w.Completed = &at
	}
}

// EncodeResponse implements protocol.Inbound. The API gives one answer: of
// several the first is told.
func (Codec) EncodeResponse(r *llm.Response, reply *protocol.Reply) ([]byte, *llm.Error) {
	w := frame(reply)
	w.name(r.ID, r.Model, r.Created, r.Tier, reply)
	w.Usage = countsOf(r.Usage)
	if len(r.Choices) > 0 {
		o := outputs{reply: reply}
		for _, p := range r.Choices[0].Parts {
			o.add(p, r.Choices[0].Logprobs)
		}
		w.Output = o.done()
		w.end(r.Choices[0].Stop, o.refused)
	}
	body, err := json.Marshal(&w, written)
	if err != nil {
		return nil, &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: "the answer can't be written: " + err.Error()}
	}
	return body, nil
}

// outputs builds the items of an answer. Texts in a row are parts of one
// message.
type outputs struct {
	reply   *protocol.Reply
	items   []llm.Raw
	said    []content
	refused bool
}

func (o *outputs) add(p llm.Part, logprobs llm.Raw) {
	switch p := p.(type) {
	case *llm.Text:
		o.said = append(o.said, textContent(p.Text, p.Annotations, logprobs))
		return
	case *llm.Refusal:
		o.refused = true
		o.said = append(o.said, content{Type: "refusal", Refusal: &p.Text})
		return
	case *llm.Thinking, *llm.ToolCall, *llm.Media, *llm.Foreign, *llm.ToolResult:
	}
	o.flush()
	if raw := wholeItem(p, o.reply, len(o.items)); raw != nil {
		o.items = append(o.items, raw)
	}
}

func (o *outputs) flush() {
	if len(o.said) > 0 {
		o.items = append(o.items, value(messageItem(itemID("msg_", o.reply, len(o.items)), "completed", o.said)))
		o.said = nil
	}
}

func (o *outputs) done() []llm.Raw {
	o.flush()
	if o.items == nil {
		return []llm.Raw{}
	}
	return o.items
}

func itemID(prefix string, reply *protocol.Reply, n int) string {
	return prefix + reply.ID + "x" + strconv.Itoa(n)
}

func messageItem(id, status string, said []content) message {
	return message{Type: typeMessage, ID: id, Status: status, Role: "assistant", Content: said}
}

func textContent(words string, notes []llm.Annotation, logprobs llm.Raw) content {
	c := content{Type: "output_text", Text: &words, Annotations: []llm.Raw{}, Logprobs: logprobsOf(logprobs)}
	for i := range notes {
		c.Annotations = append(c.Annotations, toldAnnotation(&notes[i]))
	}
	return c
}

// logprobsOf takes the list out of what chat completions write.
func logprobsOf(raw llm.Raw) []llm.Raw {
	var w struct {
		Content []llm.Raw `json:"content"`
	}
	if !read(raw, &w) || w.Content == nil {
		return []llm.Raw{}
	}
	return w.Content
}

func toldAnnotation(a *llm.Annotation) llm.Raw {
	if a.Dialect == Name && a.Foreign != nil {
		return a.Foreign
	}
	return value(annotation{Type: "url_citation", URL: a.URL, Title: a.Title, Start: a.Start, End: a.End})
}

// wholeItem writes a part that is an item of its own; nil for what only another
// dialect knows.
func wholeItem(p llm.Part, reply *protocol.Reply, n int) llm.Raw {
	switch p := p.(type) {
	case *llm.Thinking:
		return value(reasoningItem(p, p.Text, itemID("rs_", reply, n)))
	case *llm.ToolCall:
		return value(callItem(p, p.Arguments, "completed", reply, n))
	case *llm.Media:
		if p.Kind != llm.Image || p.Data == "" {
			return nil // the API's answers hold no other media
		}
		return value(map[string]string{"type": "image_generation_call", "id": itemID("ig_", reply, n), "status": "completed", "result": p.Data})
	case *llm.Foreign:
		if p.Dialect == Name {
			return p.Raw
		}
	case *llm.Text, *llm.Refusal, *llm.ToolResult:
	}
	return nil
}

// reasoningItem writes reasoning. Its words are told as a summary even where
// they are the reasoning itself: that is what clients show, and send back.
func reasoningItem(p *llm.Thinking, words, id string) item {
	if p.ID != "" {
		id = p.ID
	}
	w := item{Type: typeReasoning, ID: id, Summary: []content{}}
	if words != "" {
		w.Summary = append(w.Summary, content{Type: "summary_text", Text: &words})
	}
	if p.State != nil {
		sealed := p.State.Seal()
		w.Encrypted = &sealed
	}
	return w
}

// callItem writes a call. What its vendor wants back with it travels in the
// call's id.
func callItem(p *llm.ToolCall, arguments, status string, reply *protocol.Reply, n int) item {
	w := item{Status: status, CallID: llm.SealID(p.ID, p.State), Name: p.Name}
	if t := offered(reply.Request, p.Name); t != nil {
		w.Namespace, w.Name = ownName(p.Name, t.Extra)
	}
	if custom(p, reply) {
		if !p.Custom && arguments != "" {
			arguments = llm.FreeText(arguments)
		}
		w.Type, w.ID, w.Text = typeCustom, itemID("ctc_", reply, n), &arguments
		return w
	}
	if arguments == "" && status == "completed" {
		arguments = "{}"
	}
	w.Type, w.ID, w.Arguments = typeCall, itemID("fc_", reply, n), &arguments
	return w
}

// custom reports whether a call is one of a tool of free text.
func custom(p *llm.ToolCall, reply *protocol.Reply) bool {
	return p.Custom || reply.Request.CustomTool(p.Name)
}
