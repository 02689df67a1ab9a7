package lab

import (
	"unicode"
	"unicode/utf8"
)

// longestPiece is the number of runes after which a run without a space is
// broken, so that a long base64 text is not one token.
const longestPiece = 16

const (
	tokensPerMessage = 3
	tokensPerAnswer  = 3
	tokensPerImage   = 85
)

// Tokens counts the tokens of a text by the lab's rule. A token is white space
// (if any) followed by one Han, kana or hangul character with the punctuation
// behind it, or by a run of at most 16 other runes that are not white space.
// White space at the end is a token of its own. So Tokens("Hello, world!") is 2
// and Tokens("你好，世界。") is 4. A streamed text is sent one token at a time.
func Tokens(s string) int {
	n := 0
	for len(s) > 0 {
		s = s[pieceLength(s):]
		n++
	}
	return n
}

// pieces splits a text into its tokens; joined they are the text again.
func pieces(s string) []string {
	var out []string
	for len(s) > 0 {
		n := pieceLength(s)
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

// pieceLength is the length in bytes of the first token of a text.
func pieceLength(s string) int {
	i := 0
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsSpace(r) {
			break
		}
		i += size
	}
	if i == len(s) {
		return i
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	i += size
	if isWide(r) {
		return i + punctuation(s[i:])
	}
	for runes := 1; i < len(s) && runes < longestPiece; runes++ {
		r, size := utf8.DecodeRuneInString(s[i:])
		if unicode.IsSpace(r) || isWide(r) {
			break
		}
		i += size
	}
	return i
}

func punctuation(s string) int {
	i := 0
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsPunct(r) {
			break
		}
		i += size
	}
	return i
}

func isWide(r rune) bool {
	return r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

func isChinese(s string) bool {
	for _, r := range s {
		if r >= 0x2E80 && unicode.Is(unicode.Han, r) {
			return true
		}
	}
	return false
}

// usage is what a call used, in chat completions' shape.
type usage struct {
	Prompt            int              `json:"prompt_tokens"`
	Completion        int              `json:"completion_tokens"`
	Total             int              `json:"total_tokens"`
	PromptDetails     promptDetails    `json:"prompt_tokens_details"`
	CompletionDetails completionDetail `json:"completion_tokens_details"`
}

type promptDetails struct {
	Cached int `json:"cached_tokens"`
}

type completionDetail struct {
	Reasoning int `json:"reasoning_tokens"`
}

func newUsage(prompt, completion, reasoning int) usage {
	return usage{Prompt: prompt, Completion: completion, Total: prompt + completion, CompletionDetails: completionDetail{Reasoning: reasoning}}
}
