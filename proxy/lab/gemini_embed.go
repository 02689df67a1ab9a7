package lab

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxBatch is how many texts batchEmbedContents takes at once.
const maxBatch = 100

func geminiEmbed(x *exchange) (*reply, *apiError) {
	if x.object.has("model") && strings.HasPrefix(x.r.URL.Path, "/v1/projects/") {
		return nil, invalid("model", "", "Invalid JSON payload received. Unknown name \"model\": Cannot find field.") // of Vertex AI: it is in the path
	}
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

// vertexPredict makes vectors as Vertex AI's older models do: up to 250 at once,
// those of gemini-embedding-001 one by one.
func vertexPredict(x *exchange) (*reply, *apiError) {
	if !x.model.embeds || strings.Contains(x.model.name, "embedding-2") {
		return nil, invalid("", "", "Gemini cannot be accessed through Vertex Predict/RawPredict API. Please follow https://cloud.google.com/vertex-ai/docs/generative-ai/start/quickstarts/quickstart-multimodal for Gemini usage.")
	}
	if fail := x.object.only("", "instances", "parameters"); fail != nil {
		return nil, fail
	}
	items, fail := x.object.list("instances", "instances")
	if fail != nil {
		return nil, fail
	}
	most := 250
	if strings.HasPrefix(x.model.name, "gemini-embedding") {
		most = 1
	}
	if len(items) == 0 || len(items) > most {
		return nil, invalid("instances", "", "%d instance(s) is allowed per prediction. Actual: %d", most, len(items))
	}
	p, fail := x.object.child("parameters", "parameters")
	if fail != nil {
		return nil, fail
	}
	if fail := p.only("parameters", "outputDimensionality", "autoTruncate"); fail != nil {
		return nil, fail
	}
	n, fail := p.whole("outputDimensionality", 1, maxDimensions, defaultDimensions)
	if fail != nil {
		return nil, fail
	}
	all, total := []any{}, 0
	for i, raw := range items {
		at := fmt.Sprintf("instances[%d]", i)
		o, _ := asObject(raw)
		if fail := o.only(at, "content", "task_type", "title"); fail != nil {
			return nil, fail
		}
		text, _ := asString(o["content"])
		if text == "" {
			return nil, invalid(at, "", "The text content is empty.")
		}
		total += Tokens(text)
		all = append(all, map[string]any{"embeddings": map[string]any{"values": vector(text, n), "statistics": map[string]any{"truncated": false, "token_count": Tokens(text)}}})
	}
	if total > 20_000 {
		return nil, invalid("instances", "", "The input token count is %d but the model supports up to 20000.", total)
	}
	x.bill(total, 0)
	return jsonReply(map[string]any{"predictions": all}), nil
}
