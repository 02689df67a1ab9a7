package protocol

import (
	"net/http"

	"github.com/posthouse/posthouse/proxy/llm"
)

// NoCallers is the half of an Embedder that faces callers, for dialects in
// which nobody calls the gateway.
type NoCallers struct{}

// DecodeEmbed implements Embedder.
func (NoCallers) DecodeEmbed(*Question) (*llm.EmbedRequest, *llm.Error) { return nil, noCallers() }

// EncodeEmbedding implements Embedder.
func (NoCallers) EncodeEmbedding(*llm.EmbedResponse, *llm.EmbedRequest) ([]byte, *llm.Error) {
	return nil, noCallers()
}

func noCallers() *llm.Error {
	return &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: "nobody calls in this dialect"}
}

// Unwritten is a request that can't be written as JSON.
func Unwritten(t *Target, err error) *llm.Error {
	return &llm.Error{Class: llm.ClassInternal, Status: http.StatusInternalServerError, Message: "the request can't be written for " + t.Vendor + ": " + err.Error()}
}

// Refused is what a vendor can't be told and must not be left out in silence:
// another target may do better.
func Refused(field, why string) *llm.Error {
	return &llm.Error{
		Class: llm.ClassModelNotFound, Status: http.StatusBadRequest, Type: "invalid_request_error", Code: "unsupported_content",
		Param: field, Message: field + ": " + why,
	}
}

// NotIn is an answer that is not in a dialect, what of it is wrong and the
// beginning of what it is instead.
func NotIn(dialect, what string, data []byte) *llm.Error {
	return &llm.Error{Class: llm.ClassMalformed, Message: "the answer is not in " + dialect + "'s protocol: " + what + ": " + PlainText(data)}
}

// CohereInputType is Cohere's word for what vectors are for, at Cohere as at
// Bedrock. It must be said; what nobody said is most often a document.
func CohereInputType(task string) string {
	switch task {
	case "query":
		return "search_query"
	case "classification", "clustering":
		return task
	}
	return "search_document"
}
