package llm

// Op is the kind of work an endpoint does. Endpoints of different protocols
// with the same Op can be translated into each other.
type Op string

// The kinds of work the gateway knows by name. OpPass is everything else that
// is routed by model and relayed as it is.
const (
	OpChat       Op = "chat"
	OpCompletion Op = "completion"
	OpEmbeddings Op = "embeddings"
	OpResponses  Op = "responses"
	OpImages     Op = "images"
	OpAudio      Op = "audio"
	OpRerank     Op = "rerank"
	OpModeration Op = "moderation"
	OpModels     Op = "models"
	OpCount      Op = "count" // of a prompt's tokens
	OpPass       Op = "pass"
)

// GenAI is OpenTelemetry's name for the kind of work (gen_ai.operation.name in
// its semantic conventions), or our own where it has none.
func (o Op) GenAI() string {
	switch o {
	case OpCompletion:
		return "text_completion"
	case OpChat, OpResponses:
		return "chat"
	}
	return string(o)
}
