package lab

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// answer is what a model says, before it is cut into chunks or put in a body.
type answer struct {
	reasoning string
	text      string
	calls     []toolCall
	finish    string // stop, length, tool_calls
	stopped   string // the stop sequence that was met
	giant     int    // bytes at the beginning of the text that are sent as one piece
}

// maxGiant bounds the giant word: whoever may call the lab may ask for it.
const maxGiant = 64 << 20

// textPieces are the pieces of the text as they are streamed.
func (a answer) textPieces() []string {
	if a.giant == 0 || a.giant > len(a.text) {
		return pieces(a.text)
	}
	return append([]string{a.text[:a.giant]}, pieces(a.text[a.giant:])...)
}

func (a answer) tokens() (all, reasoning int) {
	reasoning = Tokens(a.reasoning)
	all = reasoning + Tokens(a.text)
	for _, c := range a.calls {
		all += Tokens(c.name) + Tokens(c.arguments)
	}
	return all, reasoning
}

// compose makes the answer of one choice.
func (x *exchange) compose(q *chatRequest, choice int) (answer, *apiError) {
	m := x.model
	a := answer{finish: "stop"}
	ask := question(q.messages)
	if m.reasons {
		a.reasoning = reasoning(ask, m.params.num("think"))
	}
	a.calls = q.toolCalls(m.twins)
	if x.shape().tool && len(a.calls) == 0 {
		a.calls = []toolCall{newToolCall(tool{name: "lab_lookup", schema: []byte(lookupSchema)}, ask, 0)}
	}
	if len(a.calls) > 0 {
		if n := exactIDs(m); n > 0 {
			for i, c := range a.calls {
				a.calls[i].id = c.id[len(c.id)-n:] // hexadecimal digits
			}
		}
		a.finish = "tool_calls"
		return a, nil
	}
	var fail *apiError
	if a.text, fail = x.say(q, ask, choice); fail != nil {
		return a, fail
	}
	if x.shape().giant && choice == 0 {
		a.giant = int(min(x.fault.params.size("size"), maxGiant))
		a.text = strings.Repeat("a", a.giant) + " " + a.text
	}
	a.limit(q.stop, q.max)
	return a, nil
}

// talk makes the only answer to a request of a vendor's own dialect and bills
// it; think says whether to show reasoning, nil leaves it to the model.
func (x *exchange) talk(q *chatRequest, think *bool) (answer, *apiError) {
	if fail := x.affordable(1); fail != nil {
		return answer{}, fail
	}
	a, fail := x.compose(q, 0)
	if fail != nil {
		return answer{}, fail
	}
	switch {
	case think == nil:
	case !*think:
		a.reasoning = ""
	case a.reasoning == "":
		a.reasoning = reasoning(question(q.messages), x.model.params.num("think"))
	}
	output, _ := a.tokens()
	x.bill(q.promptTokens(), output)
	return a, nil
}

const lookupSchema = `{"type":"object","properties":{"city":{"type":"string"},"day":{"type":"string"},"unit":{"type":"string"}},"required":["city","day","unit"]}`

// say makes the text: what tools said, JSON, the text of a test, or small talk.
func (x *exchange) say(q *chatRequest, ask string, choice int) (string, *apiError) {
	if said := toolResults(q.messages, isChinese(ask)); said != "" {
		return said, nil
	}
	switch q.format.kind {
	case "json_schema":
		return string(example(q.format.schema)), nil
	case "json_object":
		return string(encode(map[string]string{"answer": x.speech(ask, choice), "model": x.model.name})), nil
	}
	return x.carryOn(q, choice)
}

// speech is the whole text for a question.
func (x *exchange) speech(ask string, choice int) string {
	m := x.model
	if m.words == 0 && m.params["words"] == "" {
		return smallTalk(m.name, ask)
	}
	if choice > 0 {
		ask = fmt.Sprintf("%s\x00%d", ask, choice)
	}
	return makeText(ask, m.words, m.params.yes("emoji"))
}

// carryOn answers the last question, from where an assistant message leaves it.
func (x *exchange) carryOn(q *chatRequest, choice int) (string, *apiError) {
	last := q.messages[len(q.messages)-1]
	if last.role == "assistant" {
		if !x.model.params.yes("prefix") {
			return "", invalid("messages", "unsupported_value", "The last message must not have the role 'assistant': this model does not continue a prefix.")
		}
		text := x.speech(question(q.messages), choice)
		if rest, ok := strings.CutPrefix(text, last.text); ok {
			return rest, nil
		}
		return text, nil
	}
	if rest, ok := x.continued(q.messages, choice); ok {
		return rest, nil
	}
	return x.speech(question(q.messages), choice), nil
}

// continued serves "please continue" after an assistant message that is the
// beginning of an answer; the overlap option repeats its last words.
func (x *exchange) continued(messages []message, choice int) (string, bool) {
	n := len(messages)
	if n < 3 || messages[n-1].role != "user" || messages[n-2].role != "assistant" || messages[n-2].text == "" {
		return "", false
	}
	wish := strings.ToLower(messages[n-1].text)
	if !strings.Contains(wish, "continue") && !strings.Contains(wish, "继续") {
		return "", false
	}
	text := x.speech(question(messages[:n-2]), choice)
	rest, ok := strings.CutPrefix(text, messages[n-2].text)
	if !ok {
		return "", false
	}
	said := pieces(messages[n-2].text)
	repeated := min(x.model.params.num("overlap"), len(said))
	return strings.Join(said[len(said)-repeated:], "") + rest, true
}

// limit ends the text at a stop sequence or after so many tokens.
func (a *answer) limit(stops []string, most int) {
	for _, stop := range stops {
		if i := strings.Index(a.text, stop); i >= 0 && stop != "" {
			a.text, a.stopped = a.text[:i], stop
		}
	}
	if most == 0 {
		return
	}
	thought := pieces(a.reasoning)
	if len(thought) >= most {
		a.reasoning, a.text, a.finish = strings.Join(thought[:most], ""), "", "length"
		return
	}
	if text := pieces(a.text); len(text) > most-len(thought) {
		a.text, a.finish = strings.Join(text[:most-len(thought)], ""), "length"
	}
}

// toolResults quotes the tool messages at the end of a conversation.
func toolResults(messages []message, chinese bool) string {
	i := len(messages)
	for i > 0 && messages[i-1].role == "tool" {
		i--
	}
	var quotes []string
	for _, m := range messages[i:] {
		quotes = append(quotes, m.text)
	}
	if len(quotes) == 0 {
		return ""
	}
	if chinese {
		return "工具的回答是：" + strings.Join(quotes, "；") + "。"
	}
	return "The tool answered: " + strings.Join(quotes, "; ") + "."
}

func reasoning(ask string, words int) string {
	if isChinese(ask) {
		return makeText("思考\x00"+ask, words, false)
	}
	return makeText("think\x00"+ask, words, false)
}

const quotedRunes = 200

// smallTalk is the answer of a demo model to a person.
func smallTalk(name, ask string) string {
	chinese := isChinese(ask)
	if asksWho(ask) {
		if chinese {
			return fmt.Sprintf("我是 Posthouse 自带的演示模型 %s。这个回答由 Posthouse 自己生成，没有请求任何真实的厂商。要使用真实的模型：打开控制台，在“服务提供者”里添加您的密钥，然后把请求里的 model 换成该厂商的模型名。", name)
		}
		return fmt.Sprintf("I am %s, Posthouse's demo model. This answer was made by Posthouse itself: no real vendor was asked. To use a real model, open the console, add your key under Providers, and put one of that vendor's models in the request.", name)
	}
	quote := clip(strings.TrimSpace(ask), quotedRunes)
	if chinese {
		return fmt.Sprintf("您说的是：“%s”。我是演示模型 %s，不会真正思考，只会复述。在控制台添加厂商密钥后，就能得到真实模型的回答。", quote, name)
	}
	if quote == "" {
		return fmt.Sprintf("Hello. I am the demo model %s. You sent no text, so there is nothing to answer.", name)
	}
	return fmt.Sprintf("You said: \"%s\". I am the demo model %s and do not think, I only repeat. Add a vendor's key in the console to get the answer of a real model.", quote, name)
}

func asksWho(ask string) bool {
	if utf8.RuneCountInString(ask) > quotedRunes {
		return false
	}
	ask = strings.ToLower(ask)
	for _, phrase := range []string{"你是谁", "您是谁", "你是什么模型", "你叫什么", "介绍一下你自己", "自我介绍", "who are you", "what are you", "what model", "which model", "your name", "introduce yourself"} {
		if strings.Contains(ask, phrase) {
			return true
		}
	}
	return false
}
