package load

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/posthouse/posthouse/proxy/lab"
)

// questions is how many different ones a run asks. Each has an answer of its
// own, so that two that were mixed up are told apart.
const questions = 256

// asked is one call that may be made any number of times.
type asked struct {
	request []byte // as sent, head and body
	text    string // that the answer must have; empty: unknown
}

// ask prepares a plan's calls.
func (p *Plan) ask() ([]asked, error) {
	u, err := url.Parse(p.URL)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	n := questions
	if p.Prompt > 64<<10 {
		n = 16 // large prompts are many bytes to keep
	}
	list := make([]asked, n)
	for i := range list {
		question := fmt.Sprintf("question %d", i)
		list[i].request = p.request(u, p.body(question))
		if p.Model == "" {
			list[i].text = lab.Text(question, p.Words)
		}
	}
	return list, nil
}

// body is what OpenAI's Python client sends: the messages first, then the model
// and the rest.
func (p *Plan) body(question string) []byte {
	var b bytes.Buffer
	b.WriteString(`{"messages":[{"role":"system","content":"`)
	tail := `"},{"role":"user","content":` + strconv.Quote(question) + `}],"model":` + strconv.Quote(p.model())
	if p.Stream {
		tail += `,"stream":true,"stream_options":{"include_usage":true}`
	}
	tail += `,"temperature":0.7}`
	const filler = "Answer briefly, in the language of the question, and name your sources. "
	more := max(p.Prompt-b.Len()-len(tail), 0)
	b.WriteString(strings.Repeat(filler, more/len(filler)+1)[:more])
	b.WriteString(tail)
	return b.Bytes()
}

// request is a whole HTTP/1.1 request.
func (p *Plan) request(u *url.URL, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s/chat/completions HTTP/1.1\r\nHost: %s\r\n", strings.TrimSuffix(u.EscapedPath(), "/"), u.Host)
	if p.Key != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", p.Key)
	}
	// The headers of a client library, as far as they matter to a gateway.
	b.WriteString("Accept: application/json\r\nContent-Type: application/json\r\nUser-Agent: posthouse-lab load\r\n")
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(body))
	b.Write(body)
	return b.Bytes()
}
