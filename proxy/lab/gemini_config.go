package lab

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// googleTools are those that Google runs itself; the lab takes and forgets them.
var googleTools = []string{"googleSearch", "codeExecution", "urlContext", "googleMaps", "fileSearch", "googleSearchRetrieval", "computerUse"}

func (q *geminiRequest) readTools(x *exchange, o object) *apiError {
	tools, fail := o.list("tools", "tools")
	if fail != nil {
		return fail
	}
	for i, raw := range tools {
		at := fmt.Sprintf("tools[%d]", i)
		t, ok := asObject(raw)
		if !ok {
			return wrongType(at, "an object", raw)
		}
		if fail := t.only(at, append([]string{"functionDeclarations"}, googleTools...)...); fail != nil {
			return fail
		}
		functions, fail := t.list("functionDeclarations", at+".functionDeclarations")
		if fail != nil {
			return fail
		}
		for k, raw := range functions {
			f, fail := readFunction(x, raw, fmt.Sprintf("%s.functionDeclarations[%d]", at, k))
			if fail != nil {
				return fail
			}
			q.tools = append(q.tools, f)
			q.toolTokens += Tokens(string(raw))
		}
	}
	return nil
}

func readFunction(x *exchange, raw json.RawMessage, at string) (tool, *apiError) {
	var t tool
	f, ok := asObject(raw)
	if !ok {
		return t, wrongType(at, "an object", raw)
	}
	fields := []string{"name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "behavior"}
	if ancient(x.model) {
		fields = []string{"name", "description", "parameters", "response", "behavior"}
	}
	if fail := f.only(at, fields...); fail != nil {
		return t, fail
	}
	var fail *apiError
	if t.name, fail = f.text("name", at+".name"); fail != nil {
		return t, fail
	}
	if t.name == "" || !goodName(strings.NewReplacer(".", "_", ":", "_").Replace(t.name)) || strings.ContainsAny(t.name[:1], "0123456789-.:") {
		return t, invalid(at+".name", "", "Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.")
	}
	if t.description, fail = f.text("description", at+".description"); fail != nil {
		return t, fail
	}
	if f.has("parameters") && f.has("parametersJsonSchema") {
		return t, invalid(at, "", "Only one of parameters and parameters_json_schema can be set.")
	}
	t.schema = f["parametersJsonSchema"]
	if f.has("parameters") {
		if fail := checkSubset(f["parameters"], at+".parameters", 0); fail != nil {
			return t, fail
		}
		t.schema = lowered(f["parameters"])
	}
	return t, checkJSONSchema(f["parametersJsonSchema"], at+".parametersJsonSchema")
}

// checkJSONSchema refuses what Google refuses in full JSON schemas.
func checkJSONSchema(raw json.RawMessage, at string) *apiError {
	if len(raw) == 0 {
		return nil
	}
	o, ok := asObject(raw)
	if !ok {
		return wrongType(at, "an object", raw)
	}
	if o.has("$schema") {
		return invalid(at, "", "Unknown name \"$schema\" at '%s': Cannot find field.", at)
	}
	return nil
}

// subsetKeywords are those of Google's Schema, the subset of OpenAPI.
var subsetKeywords = []string{
	"type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties", "required", "minProperties",
	"maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf", "propertyOrdering", "default", "items", "minimum", "maximum",
}

// checkSubset is as strict with a schema as Google is.
func checkSubset(raw json.RawMessage, at string, depth int) *apiError {
	s, ok := asObject(raw)
	if !ok || depth > maxDepth*4 {
		return wrongType(at, "an object", raw)
	}
	if fail := s.only(at, subsetKeywords...); fail != nil {
		return fail
	}
	kind, fail := s.text("type", at+".type")
	if fail != nil {
		return fail
	}
	kind = strings.ToUpper(kind)
	if !slices.Contains([]string{"OBJECT", "ARRAY", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "NULL"}, kind) && !s.has("anyOf") {
		return invalid(at+".type", "", "Invalid value at '%s.type' (type.googleapis.com/google.ai.generativelanguage.v1beta.Type), \"%s\"", at, clip(kind, 40))
	}
	switch {
	case kind == "ARRAY" && !s.has("items"):
		return invalid(at+".items", "", "* %s.items: missing field.", at)
	case kind == "OBJECT" && string(s["properties"]) == "{}":
		return invalid(at+".properties", "", "* %s.properties: should be non-empty for OBJECT type", at)
	case s.has("enum") && kind != "STRING":
		return invalid(at+".enum", "", "* %s.enum: only allowed for STRING type", at)
	}
	if values, fail := s.list("enum", at+".enum"); fail != nil {
		return fail
	} else if slices.ContainsFunc(values, func(v json.RawMessage) bool { _, ok := asString(v); return !ok }) {
		return invalid(at+".enum", "", "Invalid value at '%s.enum' (TYPE_STRING)", at)
	}
	return checkInner(s, at, depth)
}

func checkInner(s object, at string, depth int) *apiError {
	props, fail := s.child("properties", at+".properties")
	if fail != nil {
		return fail
	}
	for _, name := range sortedNames(props) {
		if fail := checkSubset(props[name], at+".properties["+name+"]", depth+1); fail != nil {
			return fail
		}
	}
	names, fail := s.list("required", at+".required")
	if fail != nil {
		return fail
	}
	for _, raw := range names {
		if name, _ := asString(raw); props == nil || len(props[name]) == 0 {
			return invalid(at+".required", "", "* %s.required: property is not defined: %s", at, clip(name, 60))
		}
	}
	either, fail := s.list("anyOf", at+".anyOf")
	if fail != nil {
		return fail
	}
	for i, raw := range either {
		if fail := checkSubset(raw, fmt.Sprintf("%s.anyOf[%d]", at, i), depth+1); fail != nil {
			return fail
		}
	}
	if s.has("items") {
		return checkSubset(s["items"], at+".items", depth+1)
	}
	return nil
}

// lowered is a schema with its types in lower case, as the rest of the lab
// reads them.
func lowered(raw json.RawMessage) json.RawMessage {
	s := string(raw)
	for _, kind := range []string{"OBJECT", "ARRAY", "STRING", "NUMBER", "INTEGER", "BOOLEAN"} {
		s = strings.ReplaceAll(s, `"type":"`+kind+`"`, `"type":"`+strings.ToLower(kind)+`"`)
	}
	return json.RawMessage(s)
}

func (q *geminiRequest) readToolConfig(_ *exchange, o object) *apiError {
	c, fail := o.child("toolConfig", "toolConfig")
	if fail != nil || c == nil {
		return fail
	}
	if fail := c.only("toolConfig", "functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations"); fail != nil {
		return fail
	}
	const at = "toolConfig.functionCallingConfig"
	f, fail := c.child("functionCallingConfig", at)
	if fail != nil || f == nil {
		return fail
	}
	if fail := f.only(at, "mode", "allowedFunctionNames", "streamFunctionCallArguments"); fail != nil {
		return fail
	}
	mode, fail := f.text("mode", at+".mode")
	if fail != nil {
		return fail
	}
	modes := map[string]string{"": "auto", "AUTO": "auto", "ANY": "required", "NONE": "none", "VALIDATED": "auto", "MODE_UNSPECIFIED": "auto"}
	meant, known := modes[mode]
	q.choice.mode = meant
	if !known {
		return invalid(at+".mode", "", "Invalid value at '%s.mode', \"%s\"", at, clip(mode, 40))
	}
	if len(q.tools) == 0 {
		return invalid(at, "", "Function calling config is set without function_declarations.")
	}
	allowed, fail := f.texts("allowedFunctionNames")
	if fail != nil || len(allowed) == 0 {
		return fail
	}
	if mode != "ANY" && mode != "VALIDATED" {
		return invalid(at+".allowedFunctionNames", "", "Function calling mode is not ANY or VALIDATED, but allowed_function_names is set.")
	}
	for _, name := range allowed {
		if !slices.ContainsFunc(q.tools, func(t tool) bool { return t.name == name }) {
			return invalid(at+".allowedFunctionNames", "", "allowed_function_names contains an undeclared function: %s", clip(name, 64))
		}
	}
	q.tools = slices.DeleteFunc(q.tools, func(t tool) bool { return !slices.Contains(allowed, t.name) })
	return nil
}

// configFields are those of generationConfig that the lab knows.
var configFields = []string{
	"maxOutputTokens", "temperature", "topP", "topK", "stopSequences", "candidateCount", "seed", "presencePenalty", "frequencyPenalty",
	"responseLogprobs", "logprobs", "responseMimeType", "responseSchema", "responseJsonSchema", "responseModalities", "mediaResolution",
	"speechConfig", "imageConfig", "thinkingConfig", "enableEnhancedCivicAnswers",
}

func (q *geminiRequest) readConfig(x *exchange, o object) *apiError {
	const at = "generationConfig"
	g, fail := o.child(at, at)
	if fail != nil || g == nil {
		return fail
	}
	if fail := g.only(at, configFields...); fail != nil {
		return fail
	}
	for name, most := range map[string]float64{"temperature": 2, "topP": 1} {
		if fail := g.within(name, 0, most); fail != nil {
			return fail
		}
	}
	for _, name := range []string{"presencePenalty", "frequencyPenalty"} {
		if fail := g.within(name, -2, 2); fail != nil {
			return fail
		}
	}
	if q.max, fail = g.whole("maxOutputTokens", 1, math.MaxInt32, 0); fail != nil {
		return fail
	}
	if q.n, fail = g.whole("candidateCount", 1, 8, 1); fail != nil {
		return fail
	}
	if _, fail = g.whole("seed", math.MinInt32, math.MaxInt32, 0); fail != nil {
		return fail
	}
	if q.stop, fail = g.texts("stopSequences"); fail != nil {
		return fail
	}
	if len(q.stop) > 5 {
		return invalid(at+".stopSequences", "", "* GenerateContentRequest.generation_config.stop_sequences: at most 5 are allowed")
	}
	if fail := q.readAnswerFormat(x, g); fail != nil {
		return fail
	}
	return q.readThinking(x, g)
}

func (q *geminiRequest) readAnswerFormat(x *exchange, g object) *apiError {
	const at = "generationConfig"
	mime, fail := g.text("responseMimeType", at+".responseMimeType")
	if fail != nil {
		return fail
	}
	schema := g["responseSchema"]
	if g.has("responseSchema") {
		if fail := checkSubset(schema, at+".responseSchema", 0); fail != nil {
			return fail
		}
		schema = lowered(schema)
	}
	if g.has("responseJsonSchema") {
		if ancient(x.model) {
			return invalid(at, "", "Unknown name \"responseJsonSchema\" at '%s': Cannot find field.", at)
		}
		schema = g["responseJsonSchema"]
		if fail := checkJSONSchema(schema, at+".responseJsonSchema"); fail != nil {
			return fail
		}
	}
	switch {
	case mime == "application/json" && len(q.tools) > 0 && older(x.model) && q.choice.mode != "none":
		return invalid(at+".responseMimeType", "", "Function calling with a response mime type: 'application/json' is unsupported")
	case mime == "application/json" && len(schema) > 0:
		q.format = format{kind: "json_schema", schema: schema}
	case mime == "application/json":
		q.format = format{kind: "json_object"}
	case len(schema) > 0 && mime != "text/x.enum":
		return invalid(at+".responseMimeType", "", "* GenerateContentRequest.generation_config.response_schema: only allowed with response_mime_type 'application/json'")
	case mime != "" && mime != "text/plain" && mime != "text/x.enum":
		return invalid(at+".responseMimeType", "", "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are `text/plain`, `application/json`, and `text/x.enum`")
	}
	return nil
}

func (q *geminiRequest) readThinking(x *exchange, g object) *apiError {
	const at = "generationConfig.thinkingConfig"
	t, fail := g.child("thinkingConfig", at)
	if fail != nil || t == nil {
		return fail
	}
	if fail := t.only(at, "includeThoughts", "thinkingBudget", "thinkingLevel"); fail != nil {
		return fail
	}
	if q.thoughts, fail = t.boolean("includeThoughts"); fail != nil {
		return fail
	}
	if _, fail = t.whole("thinkingBudget", -1, 32768, 0); fail != nil {
		return fail
	}
	level, fail := t.text("thinkingLevel", at+".thinkingLevel")
	if fail != nil {
		return fail
	}
	switch {
	case level != "" && t.has("thinkingBudget"):
		return invalid(at, "", "You can only set only one of thinking budget and thinking level.")
	case level != "" && older(x.model):
		return invalid(at+".thinkingLevel", "", "Thinking level is not supported for this model.")
	case level != "" && !slices.Contains([]string{"minimal", "low", "medium", "high", "MINIMAL", "LOW", "MEDIUM", "HIGH"}, level):
		return invalid(at+".thinkingLevel", "", "Invalid value at '%s.thinkingLevel', \"%s\"", at, clip(level, 40))
	case ancient(x.model):
		return invalid(at, "", "Thinking is not supported by this model.")
	}
	return nil
}
