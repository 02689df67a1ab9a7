package bedrock

import (
	"encoding/base64"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// nothing stands for the words of a tool that said nothing.
const nothing = "(The tool returned nothing.)"

// seeDocument is said where a document comes without a word, which Bedrock
// refuses.
const seeDocument = "(See the document.)"

// conversation writes the system prompt and the turns.
func (e *encoding) conversation() *llm.Error {
	layout := protocol.Layout{Admit: e.admit, Losses: e.lost}
	system, turns, failed := layout.Turns(e.r.Messages)
	if failed != nil {
		return failed
	}
	if e.w.System, failed = e.blocks(system); failed != nil {
		return failed
	}
	for _, t := range turns {
		m := wireMessage{Role: string(t.Role)}
		if m.Content, failed = e.blocks(t.Parts); failed != nil {
			return failed
		}
		if documents, words := contents(m.Content); documents && !words {
			text := seeDocument
			m.Content = append(m.Content, wireBlock{Text: &text})
		}
		e.w.Messages = append(e.w.Messages, m)
	}
	last := e.w.Messages[len(e.w.Messages)-1]
	if b := &last.Content[len(last.Content)-1]; last.Role == "assistant" && b.Text != nil {
		text := strings.TrimRight(*b.Text, " \t\r\n") // Claude lets no unfinished answer end in blanks
		b.Text = &text
	}
	return nil
}

// contents reports whether there are documents and text among blocks.
func contents(blocks []wireBlock) (documents, words bool) {
	for _, b := range blocks {
		documents = documents || b.Document != nil
		words = words || b.Text != nil
	}
	return documents, words
}

// admit decides what of a message is sent.
func (e *encoding) admit(m *llm.Message, p llm.Part, path string) (llm.Part, *llm.Error) {
	switch p := p.(type) {
	case *llm.Thinking:
		// Signatures are the same wherever Claude runs; secret thinking is written
		// otherwise here than at Anthropic, so that its origin must be known.
		_, ok := p.State.For(e.t.Origin, llm.StateSignature)
		if p.Redacted {
			_, ok = p.State.For(e.t.Origin, llm.StateRedacted)
			ok = ok && p.State.Origin != ""
		}
		if !ok {
			e.lost.Drop(path, "reasoning that another vendor or key signed, or nobody")
			return nil, nil
		}
	case *llm.Foreign:
		e.lost.Drop(path, "only another vendor knows what "+p.Type+" is")
		return nil, nil
	case *llm.Refusal:
		return &llm.Text{Text: p.Text}, nil
	case *llm.Media:
		protocol.DropExtra(e.lost, path, p.Extra)
		if m.Role == llm.Assistant {
			e.lost.Drop(path, "Bedrock takes no "+string(p.Kind)+" that the assistant made")
			return nil, nil
		}
	case *llm.ToolCall:
		protocol.DropExtra(e.lost, path, p.Extra)
	case *llm.Text, *llm.ToolResult:
	}
	return p, nil
}

func (e *encoding) blocks(parts []protocol.Placed) ([]wireBlock, *llm.Error) {
	var out []wireBlock
	for _, p := range parts {
		b, cache, failed := e.block(p.Part, p.Path)
		if failed != nil {
			return nil, failed
		}
		out = append(out, b)
		if cache != nil {
			out = append(out, wireBlock{Cache: mark(cache)})
		}
	}
	return out, nil
}

// block writes a part, and says whether a mark for the cache comes behind it.
func (e *encoding) block(p llm.Part, path string) (wireBlock, *llm.Cache, *llm.Error) {
	switch p := p.(type) {
	case *llm.Text:
		return wireBlock{Text: &p.Text}, p.Cache, nil
	case *llm.Thinking:
		if p.Redacted {
			return wireBlock{Reasoning: &wireReasoning{Redacted: p.State.Data}}, nil, nil
		}
		return wireBlock{Reasoning: &wireReasoning{Text: &wireReasoned{Text: p.Text, Signature: p.State.Data}}}, nil, nil
	case *llm.Media:
		b, failed := e.media(p, path)
		return b, p.Cache, failed
	case *llm.ToolCall:
		w := &wireToolUse{ID: protocol.CleanName(p.ID, maxName), Name: protocol.CleanName(p.Name, maxName), Input: llm.Raw(strings.TrimSpace(p.Arguments))}
		switch {
		case p.Custom:
			w.Input = llm.Raw(llm.FreeArguments(p.Arguments))
		case len(w.Input) == 0:
			w.Input = llm.Raw("{}")
		case w.Input[0] != '{' || !w.Input.IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)):
			w.Input = llm.Raw(llm.FreeArguments(p.Arguments))
			e.lost.Change(path+".arguments", "Bedrock takes only objects: what the model wrote was put into one")
		}
		return wireBlock{ToolUse: w}, p.Cache, nil
	case *llm.ToolResult:
		b, failed := e.result(p, path)
		return b, p.Cache, failed
	case *llm.Refusal, *llm.Foreign:
	}
	return wireBlock{}, nil, refuse(path, "the part does not belong here") // admit left it out
}

func (e *encoding) result(p *llm.ToolResult, path string) (wireBlock, *llm.Error) {
	w := &wireResult{ID: protocol.CleanName(p.ID, maxName)}
	if p.Error {
		w.Status = "error"
	}
	for _, part := range p.Parts {
		switch part := part.(type) {
		case *llm.Foreign:
			e.lost.Drop(path, "only another vendor knows what "+part.Type+" is")
			continue
		case *llm.Text:
			if strings.TrimSpace(part.Text) == "" {
				continue
			}
		case *llm.Media, *llm.Thinking, *llm.ToolCall, *llm.ToolResult, *llm.Refusal:
		}
		b, _, failed := e.block(part, path)
		if failed != nil {
			return wireBlock{}, failed
		}
		w.Content = append(w.Content, b)
	}
	if len(w.Content) == 0 {
		text := nothing
		w.Content = []wireBlock{{Text: &text}}
	}
	return wireBlock{Result: w}, nil
}

// formats are the media types that Bedrock takes, by what it calls them.
// Source: docs.aws.amazon.com/bedrock/latest/APIReference, ImageBlock,
// DocumentBlock and VideoBlock.
var formats = map[string]string{
	"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp",
	"application/pdf": "pdf", "text/csv": "csv", "text/html": "html", "text/plain": "txt", "text/markdown": "md",
	"application/msword": "doc", "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
	"application/vnd.ms-excel": "xls", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
	"video/mp4": "mp4", "video/quicktime": "mov", "video/x-matroska": "mkv", "video/webm": "webm",
	"video/x-flv": "flv", "video/mpeg": "mpeg", "video/x-ms-wmv": "wmv", "video/3gpp": "three_gp",
}

// media writes a picture, a document or a film.
func (e *encoding) media(p *llm.Media, where string) (wireBlock, *llm.Error) {
	w := &wireMedia{Format: formats[p.MIME]}
	if w.Format == "" { // an address often says what it leads to
		w.Format = strings.TrimPrefix(strings.ToLower(path.Ext(p.Name+p.URL)), ".")
	}
	switch {
	case p.Kind == llm.Image && e.t.Traits.NoImages:
		return wireBlock{}, refuse(where, "the model takes no images; ask one that does")
	case p.Kind == llm.Document && e.t.Traits.NoFiles:
		return wireBlock{}, refuse(where, "the model takes no documents; send their text")
	case p.Kind == llm.Audio:
		return wireBlock{}, refuse(where, "Bedrock's Converse takes no audio; ask another vendor")
	case p.File != "":
		return wireBlock{}, refuse(where, "a file's id is known only to the vendor it was uploaded to; send the file itself")
	case p.Data == "" && !strings.HasPrefix(p.URL, "s3:"):
		return wireBlock{}, refuse(where, "Bedrock fetches media from S3 alone; send the bytes")
	case p.Data == "":
		w.Source.S3 = &wireS3{p.URL}
	default:
		if _, err := base64.StdEncoding.DecodeString(p.Data); err != nil {
			return wireBlock{}, refuse(where, "the bytes are not base64")
		}
		w.Source.Bytes = p.Data
	}
	if w.Format == "" {
		return wireBlock{}, refuse(where, "Bedrock takes no "+string(p.Kind)+" of type "+p.MIME)
	}
	switch p.Kind {
	case llm.Document:
		w.Name = e.documentName(p.Name)
		return wireBlock{Document: w}, nil
	case llm.Video:
		return wireBlock{Video: w}, nil
	case llm.Image, llm.Audio:
	}
	return wireBlock{Image: w}, nil
}

// notInName is what a document's name may not hold.
var notInName = regexp.MustCompile(`[^a-zA-Z0-9\-()\[\] ]+|\s+`)

// documentName makes a name that Bedrock takes and that no other document of
// the request has.
func (e *encoding) documentName(name string) string {
	name = strings.TrimSpace(notInName.ReplaceAllString(strings.TrimSuffix(name, path.Ext(name)), " "))
	name = strings.Join(strings.Fields(name), " ")
	if name == "" {
		name = "document"
	}
	name = name[:min(len(name), 180)]
	unique := name
	for n := 2; e.named[unique]; n++ {
		unique = name + " " + strconv.Itoa(n)
	}
	e.named[unique] = true
	return unique
}

// Inlines reports whether media has to be sent as bytes: all that is not in S3.
func (converse) Inlines(m *llm.Media, _ *protocol.Target) bool {
	return m.URL != "" && !strings.HasPrefix(m.URL, "s3:")
}
