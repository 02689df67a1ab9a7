package gemini

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }

// appendQuote writes a string as JSON behind dst; what is not UTF-8 in it is
// replaced.
func appendQuote(dst []byte, s string) []byte {
	b, _ := jsontext.AppendQuote(dst, s) // the error tells of what was replaced
	return b
}

// quote writes a string as JSON.
func quote(s string) []byte { return appendQuote(nil, s) }
