package alert

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/price"
)

// message is what a channel is sent.
type message struct {
	title  string
	text   string // lines, as plain text
	events []Event
}

// sentences say what is wrong, by language and rule. %{name} is a figure or the
// subject.
func sentences(language string) map[string]string {
	if language == "en" {
		return map[string]string{
			RuleProviderDown: "%{subject} is down: it failed too often (%{class}) and has been left alone for %{down}",
			RuleErrorRate:    "Many errors, %{subject}: %{failed} of %{all} (%{percent} %) within %{within}",
			RuleBudget:       "Budget %{subject}: %{spent} of %{budget} (%{percent} %)",
			RuleKeyOut:       "The key %{subject} is out of service: %{class}",
			RuleDiskLow:      "The disk is nearly full (%{subject}): %{free} are free, less than %{least}",
			RuleRecordsShed:  "%{lost} records of calls were lost: the database could not keep up. Totals stay exact",
			RuleTest:         "This is a test. Alerts of Posthouse will look like this",
		}
	}
	return map[string]string{
		RuleProviderDown: "%{subject} 不可用：失败过多（%{class}），已熔断 %{down}",
		RuleErrorRate:    "错误率过高（%{subject}）：%{within} 内 %{all} 次中有 %{failed} 次失败（%{percent} %）",
		RuleBudget:       "预算提醒（%{subject}）：已用 %{spent}，预算 %{budget}（%{percent} %）",
		RuleKeyOut:       "密钥 %{subject} 已停用：%{class}",
		RuleDiskLow:      "磁盘空间不足（%{subject}）：剩余 %{free}，低于 %{least}",
		RuleRecordsShed:  "丢失 %{lost} 条请求明细：数据库写入跟不上；汇总数据不受影响",
		RuleTest:         "这是一条测试消息，驿站的告警就是这个样子",
	}
}

// words are the states and the name by language.
func words(language string) map[string]string {
	if language == "en" {
		return map[string]string{Fired: "Alert", Reminded: "Still", Resolved: "Over", "name": "Posthouse"}
	}
	return map[string]string{Fired: "告警", Reminded: "持续", Resolved: "恢复", "name": "驿站 Posthouse"}
}

// describe says what is wrong.
func describe(language string, f fault) string {
	pairs := []string{"%{subject}", f.subject}
	for name, value := range f.figures {
		pairs = append(pairs, "%{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(sentences(language)[f.rule])
}

// compose makes one message of the events of one look.
func compose(language string, events []Event) message {
	word := words(language)
	m := message{title: fmt.Sprintf("%s: %s", word["name"], word[events[0].State]), events: events}
	if len(events) > 1 {
		m.title += fmt.Sprintf(" (%d)", len(events))
	}
	lines := make([]string, 0, len(events)+1)
	for _, e := range events {
		lines = append(lines, "["+word[e.State]+"] "+e.Message)
	}
	lines = append(lines, events[0].At.UTC().Format("2006-01-02 15:04:05 UTC"))
	m.text = strings.Join(lines, "\n")
	return m
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func mebibytes(n int64) string { return strconv.FormatInt(n>>20, 10) + " MiB" }

// money writes an amount to the cent.
func money(a price.Amount) string {
	const cent = 10_000_000
	return price.Amount{Nano: a.Nano / cent * cent, Currency: a.Currency}.String()
}

// signedAt is a time as the vendors' signatures take it.
func signedAt(t time.Time, unit time.Duration) string {
	return strconv.FormatInt(t.UnixNano()/int64(unit), 10)
}
