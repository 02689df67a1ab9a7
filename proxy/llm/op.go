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
