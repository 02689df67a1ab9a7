package main

import (
	"time"

	"github.com/posthouse/posthouse/proxy/lab/load"
)

// benchCase is one load of the standard set.
type benchCase struct {
	name, what string
	plan       load.Plan
	targets    []string // besides posthouse; the first is what ratios refer to
	direct     bool     // the vendor itself takes part, to see what the others add
	fresh      bool     // each run begins with a new process
	oneCore    bool     // processes are limited to one core
	translated bool     // posthouse's vendor speaks another dialect
	rows       []row
}

// row is a figure of a case, and what it is to be.
type row struct {
	what      string
	measure   load.Measure
	unit      string
	must, aim float64
	absolute  bool // the figure itself is to be kept, not its ratio
	atLeast   bool // the more, the better
}

// cases are the standard set: the table of figures to reach in issue 7.
func cases() []benchCase {
	rp, pipe := []string{targetRP}, []string{targetPipe}
	return []benchCase{
		{
			name: "small", what: "64 connections, 1 KB in, 0.7 KB out", targets: rp,
			plan: load.Plan{Conns: 64, Prompt: 1024, Words: 60},
			rows: []row{{what: "CPU per call, 64 connections, 1 KB in, 0.7 KB out", measure: load.CPUPerCall, unit: "µs", must: 0.80, aim: 0.55}},
		},
		{
			name: "core", what: "the same with one core", targets: rp, oneCore: true,
			plan: load.Plan{Conns: 64, Prompt: 1024, Words: 60},
			rows: []row{{what: "calls per second of one core", measure: load.CallsPerCPU, unit: "", must: 1.25, aim: 1.8, atLeast: true}},
		},
		{
			name: "steady", what: "500 calls a second, open loop", targets: rp, direct: true,
			plan: load.Plan{Conns: 64, Prompt: 1024, Words: 60, Rate: 500},
			rows: []row{
				{what: "added latency at 500 calls a second, p50", measure: load.AddedP50, unit: "ms", must: 1.1, aim: 0.8},
				{what: "the same, p99", measure: load.AddedP99, unit: "ms", must: 1.3, aim: 1.0},
			},
		},
		{
			name: "streams", what: "200 streams of 100 chunks a second", targets: rp, direct: true,
			plan: load.Plan{Stream: true, Conns: 200, Prompt: 1024, Words: 200, Pace: 10 * time.Millisecond, Warm: 3 * time.Second},
			rows: []row{
				{what: "CPU per million chunks, 200 streams", measure: load.CPUPer1M, unit: "s", must: 1.15, aim: 0.9},
				{what: "added time to the first token there, p50", measure: load.AddedFirst, unit: "ms", must: 1.2, aim: 0.8},
			},
		},
		{
			name: "slow", what: "2,000 slow streams", targets: rp, fresh: true,
			plan: load.Plan{Stream: true, Conns: 2000, Prompt: 1024, Words: 100, Pace: 150 * time.Millisecond, Warm: 2 * time.Second},
			rows: []row{{what: "memory per slow stream, 2,000 of them", measure: load.KBPerConn, unit: "KB", must: 65, aim: 45, absolute: true}},
		},
		{
			name: "large", what: "256 KB prompts", targets: pipe,
			plan: load.Plan{Conns: 16, Prompt: 256 << 10, Words: 60},
			rows: []row{{what: "CPU per call with a 256 KB prompt (to a ReverseProxy that pipes)", measure: load.CPUPerCall, unit: "µs", must: 0.85, aim: 0.6}},
		},
		{
			name: "translated", what: "200 streams of 100 chunks a second, from a vendor of Anthropic's dialect", targets: rp, translated: true,
			plan: load.Plan{Stream: true, Conns: 200, Prompt: 1024, Words: 200, Pace: 10 * time.Millisecond, Warm: 3 * time.Second},
			rows: []row{{what: "CPU per million chunks translated from Anthropic's dialect (to a ReverseProxy that passes them on)", measure: load.CPUPer1M, unit: "s", must: 2.0, aim: 1.4}},
		},
	}
}

func caseNames() []string {
	var names []string
	for _, c := range cases() {
		names = append(names, c.name)
	}
	return names
}
