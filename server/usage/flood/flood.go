// Package flood makes up traffic to measure with: calls as a company's gateway
// sees them, as many as are wanted, always the same for the same seed. It is
// used by tests and benchmarks only.
package flood

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

// target is a model at a provider and what it is like.
type target struct {
	provider, model string
	share           float64 // of all calls
	ttft            float64 // median seconds
	speed           float64 // median tokens per second
	in, out         float64 // yuan per million tokens
	cached          float64 // share of prompt tokens read from the cache
	reasoning       bool
}

// targets are the models of a shop with five vendors: two of them carry most of
// the calls.
var targets = []target{
	{"deepseek", "deepseek-chat", 0.28, 0.6, 60, 2, 8, 0.5, false},
	{"qwen", "qwen-plus", 0.22, 0.4, 80, 0.8, 2, 0.3, false},
	{"qwen", "qwen3-max", 0.12, 0.7, 45, 6, 24, 0.3, false},
	{"deepseek", "deepseek-reasoner", 0.09, 0.8, 50, 4, 16, 0.4, true},
	{"openai", "gpt-5-mini", 0.09, 0.5, 110, 1.8, 14, 0.4, true},
	{"anthropic", "claude-sonnet-4-5", 0.07, 0.9, 70, 21, 105, 0.8, false},
	{"openai", "gpt-5", 0.04, 1.4, 60, 9, 70, 0.4, true},
	{"glm", "glm-4.6", 0.05, 0.5, 55, 2, 8, 0.2, false},
	{"qwen", "text-embedding-v4", 0.03, 0.1, 0, 0.5, 0, 0, false},
	{"glm", "glm-4.5-air", 0.01, 0.4, 70, 0.8, 2, 0.2, false},
}

// Consumers is how many there are; a few of them make most of the calls.
const Consumers = 40

// Source makes calls.
type Source struct {
	random *rand.Rand
	serial uint64
}

// New makes a source; the same seed gives the same calls.
func New(seed uint64) *Source { return &Source{random: rand.New(rand.NewPCG(seed, 7))} }

// Days yields n calls over so many days up to end, in order of time: by day
// thrice as many as by night, at weekends a third.
func (s *Source) Days(n int, days int, end time.Time, f func(*proxy.Record)) {
	weights := make([]float64, days*24)
	sum := 0.0
	begin := end.Add(-time.Duration(days) * 24 * time.Hour)
	for i := range weights {
		at := begin.Add(time.Duration(i) * time.Hour)
		hour := float64((at.Hour() + 8) % 24) // in China
		weights[i] = 1.1 + math.Sin((hour-8)/24*2*math.Pi)
		if day := at.Add(8 * time.Hour).Weekday(); day == time.Saturday || day == time.Sunday {
			weights[i] /= 3
		}
		sum += weights[i]
	}
	owed := 0.0
	for i, w := range weights {
		owed += w / sum * float64(n)
		many := int(owed)
		owed -= float64(many)
		for j := range many {
			f(s.Call(begin.Add(time.Duration(i)*time.Hour + time.Duration(float64(j)/float64(many)*float64(time.Hour)))))
		}
	}
}

// Call makes a call that began at a time.
func (s *Source) Call(at time.Time) *proxy.Record {
	r := s.random
	s.serial++
	consumer := int(float64(Consumers) * math.Pow(r.Float64(), 2.5))
	t := s.pick(consumer)
	record := &proxy.Record{
		ID: fmt.Sprintf("req_%012x%020x", at.UnixMilli(), r.Uint64()), Start: at, ClientIP: fmt.Sprintf("10.0.%d.%d", consumer, r.IntN(4)),
		Method: "POST", Path: "/v1/chat/completions", Op: llm.OpChat, Dialect: "openai", Consumer: fmt.Sprintf("team-%02d", consumer), ConsumerID: fmt.Sprintf("c%02d", consumer),
		Route: "default", Asked: t.model, Stream: r.Float64() < 0.7, RequestLen: int64(s.around(3000, 1)), Status: 200, Provider: t.provider, Model: t.model,
	}
	if consumer%3 == 0 {
		record.Route = "chat"
	}
	if t.speed == 0 {
		record.Op, record.Path, record.Stream = llm.OpEmbeddings, "/v1/embeddings", false
	}
	s.use(record, t)
	s.time(record, t)
	s.attempts(record, t)
	return record
}

// pick chooses a target: each consumer uses four models, one of them most of
// the time, and now and then another.
func (s *Source) pick(consumer int) *target {
	if x := s.random.Float64(); x < 0.98 {
		own := [...]int{consumer * 7 % 5, (consumer*3 + 1) % 8, (consumer*5 + 2) % 10, (consumer + 3) % 10}
		return &targets[own[[...]int{0, 0, 0, 0, 0, 0, 1, 1, 2, 3}[s.random.IntN(10)]]]
	}
	x := s.random.Float64()
	for i := range targets {
		if x -= targets[i].share; x < 0 {
			return &targets[i]
		}
	}
	return &targets[0]
}

// around is a number spread log-normally around a median.
func (s *Source) around(median, sigma float64) float64 {
	return median * math.Exp(s.random.NormFloat64()*sigma)
}

func (s *Source) use(r *proxy.Record, t *target) {
	in := int64(s.around(900, 1.1)) + 1
	cached := int64(float64(in) * t.cached * s.random.Float64() * 2)
	cached = min(cached, in) / 64 * 64
	u := llm.Usage{Input: in - cached, CacheRead: cached, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider}
	if t.speed > 0 {
		u.Output = int64(s.around(250, 1)) + 1
	}
	if t.reasoning {
		u.Reasoning = int64(float64(u.Output) * s.random.Float64())
	}
	u.Total = in + u.Output
	r.Usage, r.UsageSeen = u, true
	nano := int64(float64(u.Input)*t.in*1000 + float64(cached)*t.in*100 + float64(u.Output)*t.out*1000)
	amount := price.Amount{Nano: nano, Currency: "CNY"}
	if s.random.Float64() < 0.99 { // of some nobody knows
		r.Cost = proxy.Cost{Known: true, Amount: amount, Shown: amount}
	}
}

func (s *Source) time(r *proxy.Record, t *target) {
	first := s.around(t.ttft, 0.5)
	whole := first
	if t.speed > 0 {
		whole += float64(r.Usage.Output) / s.around(t.speed, 0.3)
	}
	r.Duration = time.Duration(whole * float64(time.Second))
	r.FirstByte = r.Duration
	if r.Stream {
		r.FirstByte = time.Duration(first * float64(time.Second))
	}
	r.BytesOut = r.Usage.Output*4 + 400
	if r.Stream {
		r.BytesOut = r.Usage.Output * 180
	}
}

// attempts makes the attempts: one call in fifty needs a second one, one in a
// hundred fails or is given up.
func (s *Source) attempts(r *proxy.Record, t *target) {
	x := s.random.Float64()
	good := proxy.Attempt{
		Provider: t.provider, Model: t.model, Dialect: "openai", KeyID: "k-" + t.provider, KeyName: "main", Start: 90 * time.Microsecond, Headers: r.FirstByte - 2*time.Millisecond,
		First: r.FirstByte - time.Millisecond, Duration: r.Duration - time.Millisecond, Status: 200, Reused: true, Usage: r.Usage, UsageSeen: true, Cost: r.Cost,
		BytesOut: r.RequestLen, BytesIn: r.BytesOut, Idle: r.FirstByte, VendorID: fmt.Sprintf("chatcmpl-%024x", s.random.Uint64()),
	}
	bad := proxy.Attempt{Provider: t.provider, Model: t.model, Dialect: "openai", KeyID: "k2-" + t.provider, KeyName: "second", Start: 80 * time.Microsecond, Headers: 50 * time.Millisecond, Duration: 51 * time.Millisecond}
	switch {
	case x < 0.02:
		bad.Status, bad.Class, bad.Message = 429, llm.ClassRateLimited, fmt.Sprintf("Rate limit reached: limit %d, try again in %d ms", 1000*s.random.IntN(60), s.random.IntN(5000))
		good.Start = 60 * time.Millisecond
		r.Attempts = []proxy.Attempt{bad, good}
	case x < 0.025:
		bad.Status, bad.Class, bad.Message = 503, llm.ClassOverloaded, "The engine is currently overloaded, please try again later"
		r.Attempts = []proxy.Attempt{bad}
		r.Status, r.Class, r.Message = 503, bad.Class, t.provider+": "+bad.Message
		s.nothing(r)
	case x < 0.03:
		bad.Status, bad.Class, bad.Message = 400, llm.ClassContextLength, fmt.Sprintf("This model's maximum context length is 65536 tokens. However, you requested %d tokens", 65536+s.random.IntN(99999))
		r.Attempts = []proxy.Attempt{bad}
		r.Status, r.Class, r.Message = 400, bad.Class, bad.Message
		s.nothing(r)
	case x < 0.033:
		r.Status, r.Class, r.Message = 499, llm.ClassClientClosed, "the client closed the connection"
		good.Class, good.Message = r.Class, r.Message
		r.Attempts = []proxy.Attempt{good}
	default:
		r.Attempts = []proxy.Attempt{good}
	}
}

// nothing is what a call that failed used.
func (s *Source) nothing(r *proxy.Record) {
	r.Usage, r.UsageSeen, r.Cost, r.FirstByte, r.Provider, r.Model = llm.Usage{}, false, proxy.Cost{}, 0, "", ""
	r.Duration, r.BytesOut = 60*time.Millisecond, 200
}
