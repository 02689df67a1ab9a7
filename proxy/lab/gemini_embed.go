package lab

import (
	"encoding/json"
	"fmt"
)

// maxBatch is how many texts batchEmbedContents takes at once.
const maxBatch = 100

func geminiEmbed(x *exchange) (*reply, *apiError) {
	v, tokens, fail := embedOne(x, x.object, "")
	if fail != nil {
		return nil, fail
	}
	return jsonReply(map[string]any{"embedding": v, "usageMetadata": map[string]any{"promptTokenCount": tokens}}), nil
}

func geminiBatchEmbed(x *exchange) (*reply, *apiError) {
	if fail := x.object.only("", "requests"); fail != nil {
		return nil, fail
	}
	items, fail := x.object.list("requests", "requests")
	if fail != nil {
		return nil, fail
	}
	if len(items) == 0 || len(items) > maxBatch {
		return nil, invalid("requests", "", "* BatchEmbedContentsRequest.requests: at most %d requests can be in one batch, and at least 1; not %d", maxBatch, len(items))
	}
	var all []any
	total := 0
	for i, raw := range items {
		at := fmt.Sprintf("requests[%d]", i)
		o, ok := asObject(raw)
		if !ok {
			return nil, wrongType(at, "an object", raw)
		}
		if name, _ := asString(o["model"]); name != "models/"+x.model.name {
			return nil, invalid(at+".model", "", "* BatchEmbedContentsRequest.%s.model: it must be models/%s, as in the path", at, x.model.name)
		}
		v, tokens, fail := embedOne(x, o, at)
		if fail != nil {
			return nil, fail
		}
		all, total = append(all, v), total+tokens
	}
	return jsonReply(map[string]any{"embeddings": all, "usageMetadata": map[string]any{"promptTokenCount": total}}), nil
}

func embedOne(x *exchange, o object, at string) (v any, tokens int, fail *apiError) {
	if fail := o.only(at, "model", "content", "taskType", "title", "outputDimensionality"); fail != nil {
		return nil, 0, fail
	}
	c, fail := o.child("content", at+".content")
	if fail != nil {
		return nil, 0, fail
	}
	parts, fail := c.list("parts", at+".content.parts")
	if fail != nil {
		return nil, 0, fail
	}
	text := ""
	for _, raw := range parts {
		var p struct {
			Text *string `json:"text"`
		}
		if json.Unmarshal(raw, &p) != nil || p.Text == nil {
			return nil, 0, invalid(at+".content.parts", "", "* EmbedContentRequest.content: contains no text")
		}
		if text != "" {
			text += "\n"
		}
		text += *p.Text
	}
	if text == "" {
		return nil, 0, invalid(at+".content", "", "* EmbedContentRequest.content: content is required")
	}
	dimensions, fail := o.whole("outputDimensionality", 1, maxDimensions, defaultDimensions)
	if fail != nil {
		return nil, 0, fail
	}
	return map[string]any{"values": vector(text, dimensions)}, Tokens(text), nil
}
