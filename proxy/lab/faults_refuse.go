package lab

import (
	"net/http"
	"strconv"
	"time"
)

// refusals answer with an error instead of the answer.
func refusals() []behaviour {
	retry := []Param{{"retry_after", "2", "seconds in Retry-After; 0: no such header"}, {"date", "no", "yes: Retry-After as a date"}}
	return []behaviour{
		row("e400", "400: a parameter is wrong", refuse(400, kindInvalid, "invalid_value", "Invalid value for 'temperature'.")),
		row("e400ctx", "400 context_length_exceeded", refuse(400, kindInvalid, "context_length_exceeded", "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens. Please reduce the length of the messages.")),
		row("e400filter", "400 content_filter", refuse(400, kindInvalid, "content_filter", "The response was filtered due to the prompt triggering the content management policy.")),
		row("e401", "401 invalid_api_key", refuse(401, kindInvalid, "invalid_api_key", "Incorrect API key provided.")),
		row("e402", "402 insufficient_balance", refuse(402, "insufficient_balance_error", "insufficient_balance", "Insufficient Balance")),
		row("e403", "403: the key may not", refuse(403, "permission_error", "permission_denied", "You do not have permission to use this model.")),
		row("e404", "404 model_not_found", refuse(404, kindInvalid, "model_not_found", "The model does not exist or you do not have access to it.")),
		row("e408", "408: the vendor's own timeout", refuse(408, kindServer, "timeout", "Request timed out.")),
		row("e409", "409: a conflict", refuse(409, kindServer, "conflict", "The resource is locked.")),
		row("e422", "422: cannot be processed", refuse(422, kindInvalid, "unprocessable_entity", "The request cannot be processed.")),
		row("e429", "429 rate_limit_exceeded with Retry-After", refuseFor(429, "requests", "rate_limit_exceeded", "Rate limit reached for requests. Please try again later."), retry...),
		row("quota", "429 insufficient_quota", refuse(429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota, please check your plan and billing details.")),
		row("e500", "500 server_error", refuse(500, kindServer, "", "The server had an error while processing your request. Sorry about that!")),
		row("e502", "502 with an HTML page, as from a load balancer", htmlError(502)),
		row("e503", "503 overloaded", refuseFor(503, kindServer, "overloaded", "The engine is currently overloaded, please try again later."), Param{"retry_after", "0", retry[0].Meaning}, retry[1]),
		row("e504", "504 with an HTML page", htmlError(504)),
		row("e529", "529 overloaded_error", refuseFor(529, "overloaded_error", "overloaded_error", "Overloaded"), Param{"retry_after", "0", retry[0].Meaning}, retry[1]),
		row("status", "any status with an error body", func(p *reply, x *exchange) {
			refuse(x.fault.params.num("code"), kindServer, "status", "The fake vendor was asked for this status.")(p, x)
		}, Param{"code", "418", "the status"}),
		row("flap", "fails for a while, is well for a while, by the clock; it begins with the failure when the lab is made", flap,
			Param{"down", "20s", "how long it fails"}, Param{"up", "20s", "how long it is well"}, Param{"with", "e503", "the fault while it fails, with its defaults"}),
	}
}

func refuse(status int, kind, code, message string) func(*reply, *exchange) {
	return func(p *reply, x *exchange) {
		p.replace(x.refusal(&apiError{status: status, kind: kind, code: code, message: message}))
	}
}

// refuseFor refuses with a Retry-After.
func refuseFor(status int, kind, code, message string) func(*reply, *exchange) {
	return func(p *reply, x *exchange) {
		seconds := x.fault.params.num("retry_after")
		e := &apiError{status: status, kind: kind, code: code, message: message, retry: time.Duration(seconds) * time.Second}
		p.replace(x.refusal(e))
		if seconds == 0 {
			return
		}
		value := strconv.Itoa(seconds)
		if x.fault.params.yes("date") {
			at := x.lab.opts.Now().Add(time.Duration(seconds) * time.Second)
			value = at.UTC().Format(http.TimeFormat)
		}
		p.header.Set("Retry-After", value)
		p.header.Set("X-Ratelimit-Reset-Requests", strconv.Itoa(seconds)+"s")
		p.header.Set("X-Ratelimit-Remaining-Requests", "0")
	}
}

func htmlError(status int) func(*reply, *exchange) {
	return func(p *reply, _ *exchange) {
		p.replace(newReply(status, "text/html", []byte(page(http.StatusText(status)))))
	}
}

func page(title string) string {
	return "<!DOCTYPE html>\n<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1><p>edge-17.internal.vendor.example</p></body></html>\n"
}

func flap(p *reply, x *exchange) {
	down, up := x.fault.params.wait("down"), x.fault.params.wait("up")
	if down+up <= 0 {
		return
	}
	if x.lab.opts.Now().Sub(x.lab.born)%(down+up) >= down {
		return
	}
	// parseFault has checked that the name is there and is not flap itself.
	with, err := x.lab.parseFault(x.fault.params["with"])
	if err != nil {
		return
	}
	inner := *x
	inner.fault = with
	with.behaviour.edit(p, &inner)
}
