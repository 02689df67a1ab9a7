package llm

// EmbedRequest asks for vectors.
type EmbedRequest struct {
	Dialect    string
	Model      string
	Inputs     []string
	Tokens     [][]int64 // instead of Inputs, for those who tokenise themselves
	Dimensions *int64
	Task       string // what the vectors are for: "query", "document", "classification", "clustering", "similarity"; empty: not said
	Base64     bool   // the caller wants little-endian float32 in base64 instead of numbers
	User       string
	Extra      map[string]Raw
}

// EmbedResponse is a vector for each input, in order.
type EmbedResponse struct {
	Model   string
	Vectors [][]float32
	Usage   *Usage
}
