package gemini

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
)

// request is the body of generateContent. Extra are fields without a name here.
type request struct {
	Model      string             `json:"model,omitempty"` // only within countTokens and batches
	Contents   list[content]      `json:"contents"`
	System     *content           `json:"systemInstruction,omitzero"`
	Tools      list[tool]         `json:"tools,omitempty"`
	ToolConfig *toolConfig        `json:"toolConfig,omitzero"`
	Generation *generation        `json:"generationConfig,omitzero"`
	Extra      map[string]llm.Raw `json:",embed"`
}

type content struct {
	Role  string     `json:"role,omitempty"`
	Parts list[part] `json:"parts"`
}

// part is one of its fields, by Google's rule; Thought and Signature go with
// any of them. What has no name here (code that ran, searches made, video
// settings) is in Extra.
type part struct {
	Text      *string            `json:"text,omitzero"`
	Thought   bool               `json:"thought,omitzero"`
	Inline    *blob              `json:"inlineData,omitzero"`
	File      *file              `json:"fileData,omitzero"`
	Call      *call              `json:"functionCall,omitzero"`
	Result    *result            `json:"functionResponse,omitzero"`
	Signature string             `json:"thoughtSignature,omitempty"`
	Extra     map[string]llm.Raw `json:",embed"`
}

type blob struct {
	MIME string `json:"mimeType,omitempty"`
	Data string `json:"data,omitempty"`
	Name string `json:"displayName,omitempty"`
}

type file struct {
	MIME string `json:"mimeType,omitempty"`
	URI  string `json:"fileUri,omitempty"`
	Name string `json:"displayName,omitempty"`
}

type call struct {
	ID   string  `json:"id,omitempty"`
	Name string  `json:"name"`
	Args llm.Raw `json:"args,omitzero"`
}

type result struct {
	ID       string     `json:"id,omitempty"`
	Name     string     `json:"name"`
	Response llm.Raw    `json:"response,omitzero"`
	Parts    list[part] `json:"parts,omitempty"`
}

// tool is a list of functions, or in Extra one of the tools Google runs.
type tool struct {
	Functions list[function]     `json:"functionDeclarations,omitempty"`
	Extra     map[string]llm.Raw `json:",embed"`
}

type function struct {
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Parameters  llm.Raw `json:"parameters,omitzero"`
	JSONSchema  llm.Raw `json:"parametersJsonSchema,omitzero"`
}

type toolConfig struct {
	Calling *callingConfig     `json:"functionCallingConfig,omitzero"`
	Extra   map[string]llm.Raw `json:",embed"`
}

type callingConfig struct {
	Mode    string             `json:"mode,omitempty"`
	Allowed list[string]       `json:"allowedFunctionNames,omitempty"`
	Extra   map[string]llm.Raw `json:",embed"`
}

type generation struct {
	MaxTokens        *int64             `json:"maxOutputTokens,omitzero"`
	Temperature      *float64           `json:"temperature,omitzero"`
	TopP             *float64           `json:"topP,omitzero"`
	TopK             *float64           `json:"topK,omitzero"` // an integer, written as a float by Google's Go client
	Stop             list[string]       `json:"stopSequences,omitempty"`
	Candidates       *int64             `json:"candidateCount,omitzero"`
	Seed             *int64             `json:"seed,omitzero"`
	PresencePenalty  *float64           `json:"presencePenalty,omitzero"`
	FrequencyPenalty *float64           `json:"frequencyPenalty,omitzero"`
	Logprobs         *bool              `json:"responseLogprobs,omitzero"`
	TopLogprobs      *int64             `json:"logprobs,omitzero"`
	MIME             string             `json:"responseMimeType,omitempty"`
	Schema           llm.Raw            `json:"responseSchema,omitzero"`
	JSONSchema       llm.Raw            `json:"responseJsonSchema,omitzero"`
	Modalities       list[string]       `json:"responseModalities,omitempty"`
	Thinking         *thinking          `json:"thinkingConfig,omitzero"`
	Extra            map[string]llm.Raw `json:",embed"`
}

type thinking struct {
	Include *bool  `json:"includeThoughts,omitzero"`
	Budget  *int64 `json:"thinkingBudget,omitzero"`
	Level   string `json:"thinkingLevel,omitempty"`
}

// response is an answer, or an event of a stream.
type response struct {
	Candidates []candidate   `json:"candidates,omitempty"`
	Feedback   *feedback     `json:"promptFeedback,omitzero"`
	Usage      *wireUsage    `json:"usageMetadata,omitzero"`
	Model      string        `json:"modelVersion,omitempty"`
	ID         string        `json:"responseId,omitempty"`
	Created    string        `json:"createTime,omitempty"` // Vertex
	Error      *errorDetails `json:"error,omitzero"`
}

type candidate struct {
	Content       *content        `json:"content,omitzero"`
	Finish        string          `json:"finishReason,omitempty"`
	FinishMessage string          `json:"finishMessage,omitempty"`
	Index         int             `json:"index"`
	Citations     *citations      `json:"citationMetadata,omitzero"`
	Grounding     *grounding      `json:"groundingMetadata,omitzero"`
	Logprobs      *logprobsResult `json:"logprobsResult,omitzero"`
}

type feedback struct {
	Reason  string `json:"blockReason,omitempty"`
	Message string `json:"blockReasonMessage,omitempty"`
}

// list is a repeated field: like Google's servers it takes one element for a
// list of one, as much of Google's documentation writes it.
type list[T any] []T

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *list[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*l = nil
	switch dec.PeekKind() {
	case '[':
		return json.UnmarshalDecode(dec, (*[]T)(l))
	case 'n':
		return dec.SkipValue()
	}
	var one T
	if err := json.UnmarshalDecode(dec, &one); err != nil {
		return err
	}
	*l = list[T]{one}
	return nil
}

// unmarshal reads JSON as Google's servers do: names in camelCase or
// snake_case, and broken surrogates replaced rather than refused.
func unmarshal(data []byte, v any) error {
	return json.Unmarshal(data, v, json.MatchCaseInsensitiveNames(true), jsontext.AllowInvalidUTF8(true))
}

// marshal writes JSON the same way each time, whatever raw values hold.
func marshal(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
}
