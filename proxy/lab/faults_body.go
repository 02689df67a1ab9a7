package lab

import (
	"encoding/json"
	"net/http"
)

// wrongBodies answer 200 with something that is no answer.
func wrongBodies() []behaviour {
	giant := row("giant", "one event, or one answer, of many bytes", func(*reply, *exchange) {}, sized("2MiB", "of the giant word"))
	giant.shape.giant = true
	return []behaviour{
		row("html200", "200 with an HTML page", htmlError(http.StatusOK)),
		row("err200", "200 with an error as JSON", refuse(http.StatusOK, kindServer, "internal_error", "The server had an error while processing your request.")),
		row("empty200", "200 with nothing in it", func(p *reply, _ *exchange) { p.events, p.body = nil, nil }),
		streamRow("json-for-stream", "a stream was asked for, a whole answer comes", wholeInstead),
		giant,
		row("bomb", "gzip that grows to a great size", func(p *reply, x *exchange) {
			p.bomb = x.fault.params.size("size")
			p.header.Set("Content-Encoding", "gzip")
			if code := x.fault.params.num("code"); code != http.StatusOK {
				p.status, p.stream = code, false
				p.header.Set("Content-Type", "application/json")
			}
		}, sized("1GiB", "after decompression"), Param{"code", "200", "the status"}),
		row("nousage", "no usage is reported", noUsage),
		row("nofinish", "the finish reason is missing; a stream still ends with [DONE]", noFinish),
	}
}

// wholeInstead answers a streamed request as if it had not asked for a stream.
func wholeInstead(p *reply, x *exchange) {
	if !p.stream {
		return
	}
	o := object{}
	for k, v := range x.object {
		o[k] = v
	}
	delete(o, "stream")
	delete(o, "stream_options")
	again := *x
	again.object, again.whole = o, true
	if q, fail := x.op.handle(&again); fail == nil {
		p.replace(q)
	}
}

func noUsage(p *reply, _ *exchange) {
	if p.stream {
		p.drop(eventUsage)
		for i := range p.events {
			p.events[i].data = without(p.events[i].data)
		}
		return
	}
	p.body = without(p.body)
}

// without takes the usage out of a JSON object, or out of the response in it.
func without(data []byte) []byte {
	var o map[string]json.RawMessage
	if json.Unmarshal(data, &o) != nil || o == nil {
		return data
	}
	_, top := o["usage"]
	_, google := o["usageMetadata"]
	within := "response"
	if _, ok := o["message"]; ok {
		within = "message" // Anthropic's message_start
	}
	inner, nested := o[within]
	if !top && !nested && !google {
		return data
	}
	delete(o, "usage")
	delete(o, "usageMetadata")
	if nested {
		o[within] = without(inner)
	}
	return encode(o)
}

func noFinish(p *reply, x *exchange) {
	if p.stream {
		p.drop(eventFinish)
		return
	}
	p.body = x.dialect().unfinished(p.body)
}
