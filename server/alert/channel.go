package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy"
)

// The kinds of channel.
const (
	KindFeishu   = "feishu"
	KindDingTalk = "dingtalk"
	KindWeCom    = "wecom"
	KindSlack    = "slack"
	KindGeneric  = "generic"
)

// Kinds lists them.
func Kinds() []string { return []string{KindFeishu, KindDingTalk, KindWeCom, KindSlack, KindGeneric} }

// Channel is a webhook.
type Channel struct {
	Name         string
	Kind         string
	URL          proxy.Secret // holds a token
	Secret       proxy.Secret // signs messages: Feishu, DingTalk and generic; empty: unsigned
	AllowPrivate bool         // it is on this machine or a private network
	Off          bool
}

const (
	// sendTimeout bounds one try.
	sendTimeout = 10 * time.Second
	// maxReply is how much of a webhook's answer is read.
	maxReply = 4 << 10
)

// deliver sends a message. Errors never hold the channel's address.
func deliver(ctx context.Context, c Channel, m message) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	r, err := request(ctx, c, m, time.Now())
	if err != nil {
		return err
	}
	transport := proxy.GuardedTransport(c.AllowPrivate, sendTimeout)
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r) // redirects are not followed: they would take the token along
	if err != nil {
		return withoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return fmt.Errorf("the answer of the webhook: %w", withoutURL(err))
	}
	return c.verdict(resp.StatusCode, reply)
}

// withoutURL takes the address out of an error of net/http.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// request makes what is sent, in the form that the kind takes.
func request(ctx context.Context, c Channel, m message, now time.Time) (*http.Request, error) {
	address := c.URL.Reveal()
	var body any
	switch c.Kind {
	case KindFeishu: // open.feishu.cn, custom bots
		text := map[string]any{"msg_type": "text", "content": map[string]string{"text": m.title + "\n" + m.text}}
		if c.Secret != "" {
			at := signedAt(now, time.Second)
			text["timestamp"], text["sign"] = at, sign(at+"\n"+c.Secret.Reveal(), "")
		}
		body = text
	case KindDingTalk: // open.dingtalk.com, custom robots
		body = map[string]any{"msgtype": "markdown", "markdown": map[string]string{"title": m.title, "text": "**" + m.title + "**\n\n" + strings.ReplaceAll(m.text, "\n", "\n\n")}}
		if c.Secret != "" {
			at := signedAt(now, time.Millisecond)
			address = withQuery(address, url.Values{"timestamp": {at}, "sign": {sign(c.Secret.Reveal(), at+"\n"+c.Secret.Reveal())}})
		}
	case KindWeCom: // developer.work.weixin.qq.com, group robots
		body = map[string]any{"msgtype": "markdown", "markdown": map[string]string{"content": "**" + m.title + "**\n" + m.text}}
	case KindSlack: // api.slack.com, incoming webhooks
		body = map[string]any{"text": "*" + escapeSlack(m.title) + "*\n" + escapeSlack(m.text)}
	default:
		body = generic(m)
	}
	data, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write the message: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(data))
	if err != nil {
		return nil, errors.New("the address of the webhook is not a URL") // the error would quote it
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	if c.Kind == KindGeneric && c.Secret != "" {
		mac := hmac.New(sha256.New, []byte(c.Secret.Reveal()))
		_, _ = mac.Write(data) // never fails
		r.Header.Set("X-Posthouse-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	return r, nil
}

// generic is the plain form.
func generic(m message) any {
	type event struct {
		Rule    string    `json:"rule"`
		Subject string    `json:"subject"`
		State   string    `json:"state"`
		Message string    `json:"message"`
		At      time.Time `json:"at"`
	}
	out := struct {
		Title  string  `json:"title"`
		Text   string  `json:"text"`
		Events []event `json:"events"`
	}{Title: m.title, Text: m.text}
	for _, e := range m.events {
		out.Events = append(out.Events, event{e.Rule, e.Subject, e.State, e.Message, e.At.UTC()})
	}
	return out
}

// sign is HMAC-SHA256 as base64, which Feishu and DingTalk take with key and
// text the other way round.
func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(text)) // never fails
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func withQuery(address string, more url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // the request will say so
	}
	q := u.Query()
	for name, values := range more {
		q[name] = values
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func escapeSlack(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// verdict reads what the webhook says: the Chinese ones answer 200 with a code.
func (c Channel) verdict(status int, reply []byte) error {
	if status < 200 || status > 299 {
		return fmt.Errorf("the webhook answered %d: %s", status, c.clean(reply))
	}
	var got struct {
		Code    *int `json:"code"`    // Feishu
		ErrCode *int `json:"errcode"` // DingTalk, WeCom
	}
	if c.Kind == KindSlack || c.Kind == KindGeneric || json.Unmarshal(reply, &got) != nil {
		return nil //nolint:nilerr // a 2xx without a code in JSON is how the others say yes
	}
	for _, code := range []*int{got.Code, got.ErrCode} {
		if code != nil && *code != 0 {
			return fmt.Errorf("the webhook refused it: %s", c.clean(reply))
		}
	}
	return nil
}

// clean makes an answer safe to show: short, one line, without our secrets.
func (c Channel) clean(reply []byte) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(reply), "")), " ")
	for _, secret := range append(c.tokens(), c.Secret.Reveal()) {
		if len(secret) > 5 {
			s = strings.ReplaceAll(s, secret, "****")
		}
	}
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}

// tokens are the parts of the address that may be secret.
func (c Channel) tokens() []string {
	u, err := url.Parse(c.URL.Reveal())
	if err != nil {
		return []string{c.URL.Reveal()}
	}
	out := strings.Split(strings.Trim(u.Path, "/"), "/")
	for _, values := range u.Query() {
		out = append(out, values...)
	}
	return out
}
