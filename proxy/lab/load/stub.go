package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

// messagesPath ends the path of Anthropic's API.
const messagesPath = "/messages"

// stubBuffer is what the stub reads at once.
const stubBuffer = 4 << 10

// Stub is a vendor that does nothing but answer: the chat calls for lab-*
// models, with the lab's words, whole or streamed, as OpenAI does, or below
// /messages as Anthropic does. It is to cost so little that
// what stands before it is what gets measured. The zero value is ready.
type Stub struct {
	connections atomic.Int64
	calls       atomic.Int64
	texts       sync.Map // reply by question and model
}

// reply is an answer ready to be sent.
type reply struct {
	whole  []byte   // head and body
	events [][]byte // of a stream, each as a chunk
	pace   time.Duration
}

// Serve answers on a listener until ctx ends.
func (s *Stub) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("stub: %w", err)
		}
		go s.serve(ctx, c)
	}
}

// Stats are what the stub has counted.
func (s *Stub) Stats() lab.Stats {
	return lab.Stats{Connections: s.connections.Load(), Calls: s.calls.Load()}
}

// serve answers the calls of one connection.
func (s *Stub) serve(ctx context.Context, c net.Conn) {
	defer func() { _ = c.Close() }()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	r := bufio.NewReaderSize(c, stubBuffer)
	var body []byte
	for first := true; ; first = false {
		path, length, err := readHead(r)
		if err != nil {
			return
		}
		if path == lab.StatsPath {
			_ = s.sendStats(c) // whoever asked sees that nothing came
			return
		}
		if first {
			s.connections.Add(1)
		}
		if cap(body) < length {
			body = make([]byte, length)
		}
		body = body[:length]
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		s.calls.Add(1)
		if err := s.answer(ctx, c, path, body); err != nil {
			return
		}
	}
}

// readHead reads the head of a request as far as it matters here.
func readHead(r *bufio.Reader) (path string, length int, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return "", 0, err
	}
	_, rest, _ := bytes.Cut(line, []byte(" "))
	target, _, _ := bytes.Cut(rest, []byte(" "))
	for _, known := range []string{lab.StatsPath, messagesPath} {
		if bytes.HasSuffix(target, []byte(known)) {
			path = known
		}
	}
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return "", 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return path, length, nil
		}
		key, value, _ := bytes.Cut(line, []byte(":"))
		if !bytes.EqualFold(key, []byte("Content-Length")) {
			continue
		}
		if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || length < 0 || length > maxPrompt {
			return "", 0, errors.New("content-length out of bounds")
		}
	}
}

func (s *Stub) sendStats(w io.Writer) error {
	b, err := json.Marshal(s.Stats())
	if err != nil {
		return fmt.Errorf("encode the counters: %w", err)
	}
	_, err = fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(b), b)
	return err
}

// answer answers one call.
func (s *Stub) answer(ctx context.Context, c net.Conn, path string, body []byte) error {
	model := lastString(body, `"model":`)
	if len(model) == 0 || !bytes.HasPrefix(model, []byte("lab-")) {
		return refuse(c, "the stub answers chat calls for lab-* models, and finds none in this one")
	}
	question, write, stream := lastString(body, `"content":`), makeReply, body[max(0, len(body)-512):]
	if path == messagesPath {
		write, stream = makeMessage, body
		if question == nil { // written as a list of parts
			question = lastString(body, `"text":`)
		}
	}
	rep, err := s.reply(path, model, question, write)
	if err != nil {
		return refuse(c, err.Error())
	}
	if !bytes.Contains(stream, []byte(`"stream":true`)) {
		_, err := c.Write(rep.whole)
		return err
	}
	return rep.stream(ctx, c)
}

func refuse(w io.Writer, why string) error {
	body := fmt.Sprintf(`{"error":{"message":%q,"type":"invalid_request_error","code":null,"param":null}}`, why)
	_, err := fmt.Fprintf(w, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		http.StatusBadRequest, http.StatusText(http.StatusBadRequest), len(body), body)
	return err
}

// stream sends the events at their times, counted from the first, so that what
// a write takes does not add up.
func (rep *reply) stream(ctx context.Context, c net.Conn) error {
	if rep.pace <= 0 {
		for _, e := range rep.events {
			if _, err := c.Write(e); err != nil {
				return err
			}
		}
		return nil
	}
	began := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i, e := range rep.events {
		timer.Reset(time.Until(began.Add(time.Duration(i) * rep.pace)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := c.Write(e); err != nil {
			return err
		}
	}
	return nil
}

// lastString is the string behind the last occurrence of a key. Prompts of the
// load hold no escapes there.
func lastString(body []byte, key string) []byte {
	i := bytes.LastIndex(body, []byte(key))
	if i < 0 {
		return nil
	}
	rest := bytes.TrimLeft(body[i+len(key):], " ")
	if len(rest) == 0 || rest[0] != '"' {
		return nil
	}
	value, _, _ := bytes.Cut(rest[1:], []byte(`"`))
	return value
}

// reply finds the answer to a question, making it the first time.
func (s *Stub) reply(path string, model, question []byte, write func(model, question string) (*reply, error)) (*reply, error) {
	key := path + "\x00" + string(model) + "\x00" + string(question)
	if got, ok := s.texts.Load(key); ok {
		return got.(*reply), nil //nolint:errcheck // the map holds nothing else
	}
	rep, err := write(string(model), string(question))
	if err != nil {
		return nil, err
	}
	s.texts.Store(key, rep)
	return rep, nil
}

// options reads "words=60,pace=10ms" off a model's name.
func options(model string) (words int, pace time.Duration, err error) {
	words = 60
	_, list, _ := strings.Cut(model, ":")
	for option := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "":
		case "words":
			words, err = strconv.Atoi(value)
		case "pace":
			pace, err = time.ParseDuration(value)
		default:
			err = fmt.Errorf("the stub knows no option %q", name)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	if words < 1 || words > 100_000 {
		return 0, 0, errors.New("words: from 1 to 100,000")
	}
	return words, pace, nil
}
