// Package alert tells people when something needs them: a provider that is
// down, a wave of errors, a day's budget, a key that is out, a disk that runs
// full, records that are lost. Rules are looked at every few seconds; each says
// what is wrong now, by subject. A new fault is told once, reminded of at an
// interval, and told again when it is over, which takes a while without it, so
// that what comes and goes does not ring all night.
//
// Messages go to webhooks in the form that Feishu, DingTalk, WeCom or Slack
// take, or as plain JSON. Their addresses are secrets, as they hold tokens.
package alert
