package protocol

import (
	"net/http"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
)

// codes maps what vendors write into an error's code or type (lower case) to
// its class. Sources: the vendors' error pages as of 2026-11; names that
// several vendors share stand once. An entry ending in "*" fits a prefix.
var codes = map[string]llm.Class{
	// No money or no quota left: waiting does not help.
	"insufficient_quota":           llm.ClassQuotaExhausted, // OpenAI, DashScope
	"billing_hard_limit_reached":   llm.ClassQuotaExhausted, // OpenAI
	"billing_not_active":           llm.ClassQuotaExhausted, // OpenAI
	"billing_error":                llm.ClassQuotaExhausted, // Anthropic
	"arrearage":                    llm.ClassQuotaExhausted, // DashScope, as 400
	"throttling.allocationquota":   llm.ClassQuotaExhausted, // DashScope
	"insufficient_balance":         llm.ClassQuotaExhausted,
	"accountoverdueerror":          llm.ClassQuotaExhausted, // Ark
	"exceeded_current_quota_error": llm.ClassQuotaExhausted, // Moonshot
	"1113":                         llm.ClassQuotaExhausted, // Zhipu
	"1008":                         llm.ClassQuotaExhausted, // MiniMax
	"30001":                        llm.ClassQuotaExhausted, // SiliconFlow
	"11200":                        llm.ClassQuotaExhausted, // Spark

	// Too fast: passes by itself.
	"rate_limit_exceeded":     llm.ClassRateLimited,
	"rate_limit_error":        llm.ClassRateLimited,
	"rate_limit_reached*":     llm.ClassRateLimited, // Moonshot
	"ratelimitexceeded*":      llm.ClassRateLimited, // Ark
	"requestbursttoofast":     llm.ClassRateLimited, // Ark
	"throttling*":             llm.ClassRateLimited, // DashScope
	"limit_requests":          llm.ClassRateLimited, // DashScope
	"rpm_rate_limit_exceeded": llm.ClassRateLimited, // Qianfan
	"tpm_rate_limit_exceeded": llm.ClassRateLimited, // Qianfan
	"1302":                    llm.ClassRateLimited, // Zhipu
	"1002":                    llm.ClassRateLimited, // MiniMax
	"11202":                   llm.ClassRateLimited, // Spark
	"11203":                   llm.ClassRateLimited, // Spark
	"resource_exhausted":      llm.ClassRateLimited, // Google

	"servicequotaexceededexception": llm.ClassQuotaExhausted, // Bedrock, as 400

	// The vendor is busy.
	"modelnotreadyexception":      llm.ClassOverloaded, // Bedrock, as 429
	"serviceunavailableexception": llm.ClassOverloaded, // Bedrock
	"overloaded_error":            llm.ClassOverloaded, // Anthropic
	"engine_overloaded_error":     llm.ClassOverloaded, // Moonshot
	"serveroverloaded":            llm.ClassOverloaded, // Ark, as 429
	"modelunavailable":            llm.ClassOverloaded, // DashScope
	"1305":                        llm.ClassOverloaded, // Zhipu

	// The vendor has trouble.
	"server_error":        llm.ClassServerError,
	"internal_error":      llm.ClassServerError,
	"internalerror":       llm.ClassServerError, // DashScope
	"internalservererror": llm.ClassServerError, // Ark
	"api_error":           llm.ClassServerError, // Anthropic

	"modelerrorexception":       llm.ClassServerError, // Bedrock, as 424
	"modelstreamerrorexception": llm.ClassServerError, // Bedrock, as 424
	"modeltimeoutexception":     llm.ClassServerError, // Bedrock, as 408

	// Our key is refused.
	"unrecognizedclientexception": llm.ClassAuth, // AWS
	"expiredtokenexception":       llm.ClassAuth, // AWS
	"invalidsignatureexception":   llm.ClassAuth, // AWS
	"invalid_api_key":             llm.ClassAuth,
	"invalidapikey":               llm.ClassAuth,
	"api_key_invalid":             llm.ClassAuth, // Google, as 400
	"authentication_error":        llm.ClassAuth,
	"authenticationerror":         llm.ClassAuth, // Ark
	"invalid_iam_token":           llm.ClassAuth, // Qianfan
	"1004":                        llm.ClassAuth, // MiniMax

	// The vendor does not have the model.
	"model_not_found":           llm.ClassModelNotFound,
	"modelnotfound":             llm.ClassModelNotFound,
	"model.accessdenied":        llm.ClassModelNotFound, // DashScope: the key is fine, the model is not its
	"modelnotopen":              llm.ClassModelNotFound, // Ark
	"deploymentnotfound":        llm.ClassModelNotFound, // Azure
	"invalidendpointormodel*":   llm.ClassModelNotFound, // Ark
	"resource_not_found_error":  llm.ClassModelNotFound, // Moonshot
	"resourcenotfoundexception": llm.ClassModelNotFound, // Bedrock
	"1211":                      llm.ClassModelNotFound, // Zhipu
	"20012":                     llm.ClassModelNotFound, // SiliconFlow
	"not_found_error":           llm.ClassModelNotFound, // Anthropic
	"unknown_model":             llm.ClassModelNotFound, // GitHub Models
	"model_not_supported":       llm.ClassModelNotFound, // Hugging Face
	"operationnotsupported":     llm.ClassModelNotFound, // Azure: the deployment's model can't do this
	"unsupported_country*":      llm.ClassAuth,          // OpenAI: nothing about the request
	"account_deactivated":       llm.ClassAuth,          // OpenAI
	"organization_deactivated*": llm.ClassAuth,

	// The prompt is too long for the model.
	"context_length_exceeded":        llm.ClassContextLength,
	"context_window_exceeded":        llm.ClassContextLength,
	"string_above_max_length":        llm.ClassContextLength,
	"exceed_context_size_error":      llm.ClassContextLength, // llama.cpp
	"model_context_window_exceeded*": llm.ClassContextLength, // Zhipu

	// The vendor refuses the content.
	"content_filter":            llm.ClassContentFilter, // Azure
	"content_policy_violation":  llm.ClassContentFilter, // OpenAI
	"data_inspection_failed":    llm.ClassContentFilter, // DashScope
	"datainspectionfailed":      llm.ClassContentFilter, // DashScope
	"sensitivecontentdetected*": llm.ClassContentFilter, // Ark
	"inputtextsensitive*":       llm.ClassContentFilter, // Ark
	"outputtextsensitive*":      llm.ClassContentFilter, // Ark
	"inputimagesensitive*":      llm.ClassContentFilter, // Ark
	"1301":                      llm.ClassContentFilter, // Zhipu
	"1027":                      llm.ClassContentFilter, // MiniMax
	"10013":                     llm.ClassContentFilter, // Spark
	"10014":                     llm.ClassContentFilter, // Spark
	"10019":                     llm.ClassContentFilter, // Spark

	"10907": llm.ClassContextLength, // Spark
}

// phrases maps what vendors write into messages, where they give no telling
// code, to a class. They are looked for only in answers with one of statuses.
var phrases = []struct {
	statuses []int
	words    []string // all must occur, in lower case
	class    llm.Class
}{
	{[]int{400, 413, 422}, []string{"maximum context length"}, llm.ClassContextLength},
	{[]int{400, 413, 422}, []string{"context window"}, llm.ClassContextLength},
	{[]int{400, 413, 422}, []string{"prompt is too long"}, llm.ClassContextLength},
	{[]int{400, 413, 422}, []string{"range of input length"}, llm.ClassContextLength}, // DashScope
	{[]int{400, 413, 422}, []string{"input token count", "exceeds"}, llm.ClassContextLength},
	{[]int{400, 422}, []string{"too many tokens"}, llm.ClassContextLength}, // Cohere
	{[]int{400, 422}, []string{"api key not valid"}, llm.ClassAuth},        // Google
	{[]int{400, 422}, []string{"credit balance is too low"}, llm.ClassQuotaExhausted},
	{[]int{400, 429}, []string{"api usage limits"}, llm.ClassQuotaExhausted}, // Anthropic: the spend limit
	{[]int{400, 422}, []string{"model", "does not exist"}, llm.ClassModelNotFound},
	{[]int{400, 422}, []string{"model", "not found"}, llm.ClassModelNotFound},
	{[]int{400}, []string{"model identifier is invalid"}, llm.ClassModelNotFound}, // Bedrock
	{[]int{400}, []string{"on-demand throughput isn"}, llm.ClassModelNotFound},    // Bedrock: it wants an inference profile
	{[]int{403}, []string{"access to the model"}, llm.ClassModelNotFound},         // Bedrock: the key is fine, the model is not enabled
	{[]int{400, 413, 422}, []string{"input is too long"}, llm.ClassContextLength}, // Bedrock
	{[]int{400, 422}, []string{"not a valid model"}, llm.ClassModelNotFound},      // OpenRouter
	{[]int{403, 429}, []string{"insufficient balance"}, llm.ClassQuotaExhausted},
	{[]int{403, 429}, []string{"insufficient", "quota"}, llm.ClassQuotaExhausted},
	{[]int{403, 429}, []string{"exceeded your current quota"}, llm.ClassQuotaExhausted},
	{[]int{403}, []string{"moderation"}, llm.ClassContentFilter}, // OpenRouter
}

// Classify gives the class of an error answer: by code, by type, by phrase,
// else by status. The words of all dialects stand in one list, because vendors
// borrow from each other and gateways answer in words that are not their own.
func Classify(status int, code, kind, message string) llm.Class {
	for _, word := range []string{code, kind} {
		class, ok := byCode(word)
		if ok && (class != llm.ClassServerError || status < 400) {
			return class // "server error" says less than a status does
		}
	}
	lower := strings.ToLower(message)
	for _, p := range phrases {
		if hasStatus(p.statuses, status) && hasAll(lower, p.words) {
			return p.class
		}
	}
	return byStatus(status)
}

func byCode(word string) (llm.Class, bool) {
	if word == "" {
		return "", false
	}
	word = strings.ToLower(word)
	if class, ok := codes[word]; ok {
		return class, true
	}
	for prefix, class := range codes {
		if stem, ok := strings.CutSuffix(prefix, "*"); ok && strings.HasPrefix(word, stem) {
			return class, true
		}
	}
	return "", false
}

func byStatus(status int) llm.Class {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return llm.ClassAuth
	case http.StatusPaymentRequired:
		return llm.ClassQuotaExhausted
	case http.StatusNotFound:
		return llm.ClassModelNotFound
	case http.StatusTooManyRequests, http.StatusTooEarly, 498: // 498: Groq, flex capacity exceeded
		return llm.ClassRateLimited
	case http.StatusUnavailableForLegalReasons:
		return llm.ClassContentFilter // StepFun
	case http.StatusServiceUnavailable, 529: // 529: Anthropic, overloaded
		return llm.ClassOverloaded
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusFailedDependency: // 424: Bedrock, the model failed
		return llm.ClassServerError // all are documented as worth a retry
	}
	switch {
	case status >= 500:
		return llm.ClassServerError
	case status >= 400:
		return llm.ClassBadRequest
	}
	return llm.ClassMalformed
}

func hasStatus(statuses []int, status int) bool {
	for _, s := range statuses {
		if s == status {
			return true
		}
	}
	return false
}

func hasAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
