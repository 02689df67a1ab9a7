// Package lab is a fake vendor: a real HTTP server that speaks OpenAI's dialect
// and never thinks. It lets people try the product without a key, and lets
// tests ask for any answer, pace or fault by the name of a model. The same
// request always gets the same answer, so a test can compare byte for byte.
//
// # Model names
//
// A name is a base and options: base[:option=value,option=value…].
//
//   - demo-chat, demo-reason, demo-tools2, demo-embed, demo-slow and any other
//     demo-*: talk to people. Asked who they are, they say that no real vendor
//     was asked.
//   - lab-*: for tests. The text is Text(question, words), whatever the name. A
//     name that holds -lab- is the same, such as gemini-2.5-lab-reason: it looks
//     like a vendor's, for what goes by a model's name.
//   - fault-NAME: the same text as lab-*, sent with a fault; see Faults.
//
// A base that holds "reason" sends reasoning_content before the text, one that
// holds "tools2" makes two tool calls at once, one that holds "slow" waits ten
// times as long between words, and one that holds "embed" refuses to chat.
//
// Options for every base: words (length of the text), think (length of the
// reasoning), pace (between the words of a stream, such as 0ms), emoji (every
// tenth word is an emoji), prefix (no: refuse a trailing assistant message),
// overlap (words repeated when asked to continue) and times (a fault only on
// the first so many calls of that name). A fault adds its own.
//
// # Rules
//
// A Rule puts a fault on calls whatever model they name: by SetRule, over HTTP
// where Options.Admin is set (admin.go), or for one call by the header
// FaultHeader where Options.Asked is.
//
// # Continuing
//
// A last message with the role assistant whose text begins the answer gets the
// rest of it. So does a last user message that holds "continue" or "继续" after
// such an assistant message.
//
// # Tokens
//
// A token is what Tokens counts: a word, a Han, kana or hangul character. See
// there. A message costs 3 tokens besides its text and the answer's start costs
// 3, tools cost the tokens of their JSON, an image or a file 85.
package lab
