package openai

import (
	"bytes"
	"strings"

	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// usageOption is stream_options.include_usage.
func usageOption() *protocol.UsageOption {
	return &protocol.UsageOption{Ask: askUsage, Strip: stripUsage, Refused: refusedOption}
}

// askUsage asks for the last chunk that has the counts.
func askUsage(fields []rawjson.Field, body []byte) ([]rawjson.Edit, bool) {
	var stream, options *rawjson.Field
	for i := range fields {
		switch string(fields[i].Key) {
		case "stream":
			stream = &fields[i]
		case "stream_options":
			options = &fields[i]
		}
	}
	switch {
	case options == nil && stream == nil:
		return nil, false
	case options == nil:
		return []rawjson.Edit{rawjson.Set(*stream, string(stream.Value(body))+`,"stream_options":{"include_usage":true}`)}, true
	}
	value := options.Value(body)
	if string(value) == "null" {
		return []rawjson.Edit{rawjson.Set(*options, `{"include_usage":true}`)}, true
	}
	if value[0] != '{' {
		return nil, false // the vendor will say what it thinks of it
	}
	var edits []rawjson.Edit
	asked := false
	empty := true
	_ = rawjson.Fields(value, func(f rawjson.Field) error { // it is an object
		empty = false
		if string(f.Key) == "include_usage" {
			asked = string(f.Value(value)) == "true"
			edits = append(edits, rawjson.Edit{From: options.From + f.From, To: options.From + f.To, With: "true"})
		}
		return nil
	})
	switch {
	case asked || len(edits) > 1:
		return nil, false
	case len(edits) == 1:
		return edits, true
	}
	with := `"include_usage":true`
	if !empty {
		with += ","
	}
	at := options.From + 1
	return []rawjson.Edit{{From: at, To: at, With: with}}, true
}

// stripUsage finds what a stream has only because it was asked for counts: a
// last chunk without choices, and "usage":null in all the others. Counts in a
// chunk with choices are there in any case, from vendors that send them so.
func stripUsage(data []byte) (from, to int) {
	i := bytes.Index(data, []byte(`usage"`))
	if i < 0 {
		return 0, 0
	}
	// As nearly all write it: behind the choices, without spaces.
	const null = `usage":null`
	if i > 1 && string(data[i-2:i]) == `,"` && bytes.HasPrefix(data[i:], []byte(null)) && bytes.IndexByte(data[i:], ']') < 0 {
		return i - 2, i + len(null)
	}
	var fields []rawjson.Field
	usage, choices := -1, false
	err := rawjson.Fields(data, func(f rawjson.Field) error {
		switch string(f.Key) {
		case "usage":
			usage = len(fields)
		case "choices":
			choices = len(bytes.Trim(f.Value(data), "[] \t\r\n")) > 0
		}
		fields = append(fields, f)
		return nil
	})
	if err != nil || usage < 0 {
		return 0, 0
	}
	switch value := fields[usage].Value(data); {
	case string(value) == "null":
		edits := rawjson.Drop(fields, func(i int) bool { return i == usage })
		return edits[0].From, edits[0].To
	case value[0] == '{' && !choices:
		return 0, len(data)
	}
	return 0, 0
}

// refusedOption recognises a refusal: Azure's older versions and strict
// servers name the field they do not know.
func refusedOption(message string) bool {
	return strings.Contains(message, "stream_options") || strings.Contains(message, "include_usage")
}
