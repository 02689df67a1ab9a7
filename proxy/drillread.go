package proxy

import (
	"bytes"
	"encoding/json"
	"strings"
)

// drillAnswer is as much of a chat answer as the client of a game day reads.
type drillAnswer struct {
	Choices []struct {
		Message, Delta struct{ Content string }
		Finish         string `json:"finish_reason"`
	}
	Error *struct{ Message, Code string }
}

// read notes what an answer says, as a client would.
func (r *Drilled) read(answer []byte) {
	finished, done, told := false, !r.Stream, ""
	var text strings.Builder
	take := func(data []byte) {
		var a drillAnswer
		if json.Unmarshal(data, &a) != nil {
			return
		}
		for _, c := range a.Choices {
			text.WriteString(c.Message.Content + c.Delta.Content)
			finished = finished || c.Finish != ""
		}
		if a.Error != nil {
			told = strings.TrimPrefix(a.Error.Code+": ", ": ") + a.Error.Message
		}
	}
	if !bytes.HasPrefix(answer, []byte("{")) {
		for line := range bytes.Lines(answer) {
			data, is := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data:"))
			if data = bytes.TrimSpace(data); is && bytes.Equal(data, []byte("[DONE]")) {
				done = true
			} else if is {
				take(data)
			}
		}
	} else {
		take(answer)
	}
	r.Text = text.String()
	if told != "" {
		r.Error = told
	}
	r.Complete = r.Status == 200 && !r.Broken && finished && done && told == ""
}
