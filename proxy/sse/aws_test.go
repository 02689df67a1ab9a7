package sse

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// awsEvent is an event as Bedrock sends it.
func awsEvent(kind, payload string) []byte {
	return AppendAWS(nil, []byte(payload), ":event-type", kind, ":content-type", "application/json", ":message-type", "event")
}

func TestAWS(t *testing.T) {
	t.Parallel()
	stream := awsEvent("messageStart", `{"role":"assistant"}`)
	stream = append(stream, awsEvent("contentBlockDelta", `{"delta":{"text":"`+strings.Repeat("x", 9000)+`"}}`)...)
	stream = AppendAWS(stream, []byte(`{"message":"slow down"}`), ":exception-type", "throttlingException", ":message-type", "exception")
	stream = AppendAWS(stream, nil, ":error-code", "InternalError", ":error-message", `no "x"`, ":message-type", "error")
	for _, src := range []io.Reader{bytes.NewReader(stream), iotest.OneByteReader(bytes.NewReader(stream)), iotest.DataErrReader(bytes.NewReader(stream))} {
		r := NewAWS(src, 1<<20)
		for _, want := range [][2]string{
			{"messageStart", `{"role":"assistant"}`},
			{"contentBlockDelta", `{"delta":{"text":"` + strings.Repeat("x", 9000) + `"}}`},
			{"!throttlingException", `{"message":"slow down"}`},
			{"!InternalError", `{"message":"no \"x\""}`},
		} {
			ev, err := r.Next()
			if err != nil || string(ev.Name) != want[0] || string(ev.Data) != want[1] {
				t.Fatalf("got %s %.50s, %v, want %s", ev.Name, ev.Data, err, want[0])
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %v", err)
		}
	}
}

// TestAWSVectors are messages that others wrote: the published test vectors of
// the encoding, as AWS's SDKs hold them.
func TestAWSVectors(t *testing.T) {
	t.Parallel()
	const payload = "{'foo':'bar'}"
	for _, v := range []struct {
		name, hex, payload string
		headers            []string
	}{
		{"empty", "000000100000000005c248eb7d98c8ff", "", nil},
		{"no headers", "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936", payload, nil},
		{"a string", "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1", payload, []string{"content-type", "application/json"}},
		{"a number", "0000002d0000001041c424b80a6576656e742d74797065040000a00c7b27666f6f273a27626172277d36f480a0", payload, nil},
	} {
		raw, err := hex.DecodeString(v.hex)
		if err != nil {
			t.Fatal(err)
		}
		ev, err := NewAWS(bytes.NewReader(raw), 1<<10).Next()
		if err != nil || string(ev.Data) != v.payload {
			t.Errorf("%s: got %q, %v", v.name, ev.Data, err)
		}
		if v.name == "a number" {
			continue // the writer knows strings alone
		}
		if got := AppendAWS(nil, []byte(v.payload), v.headers...); !bytes.Equal(got, raw) {
			t.Errorf("%s: wrote %x", v.name, got)
		}
	}
}

func TestAWSBroken(t *testing.T) {
	t.Parallel()
	good := awsEvent("x", `{"a":1}`)
	at := func(i int) []byte {
		b := bytes.Clone(good)
		b[i] ^= 1
		return b
	}
	resum := func(change func(b []byte)) []byte { // wrong, with checksums that fit
		b := bytes.Clone(good)
		change(b)
		binary.BigEndian.PutUint32(b[8:], crc32.ChecksumIEEE(b[:8]))
		binary.BigEndian.PutUint32(b[len(b)-4:], crc32.ChecksumIEEE(b[:len(b)-4]))
		return b
	}
	for name, tt := range map[string]struct {
		stream []byte
		want   error
	}{
		"prelude":         {at(1), ErrCorrupt},
		"header":          {at(15), ErrCorrupt},
		"payload":         {at(len(good) - 8), ErrCorrupt},
		"checksum":        {at(len(good) - 1), ErrCorrupt},
		"cut":             {good[:len(good)-1], io.ErrUnexpectedEOF},
		"cut early":       {good[:5], io.ErrUnexpectedEOF},
		"too short":       {resum(func(b []byte) { binary.BigEndian.PutUint32(b, 15) }), ErrCorrupt},
		"headers too big": {resum(func(b []byte) { binary.BigEndian.PutUint32(b[4:], uint32(len(good)-15)) }), ErrCorrupt},
		"header type":     {resum(func(b []byte) { b[12+1+len(":event-type")] = 77 }), ErrCorrupt},
		"header length":   {resum(func(b []byte) { b[12] = 255 }), ErrCorrupt},
		"too large":       {awsEvent("x", strings.Repeat("x", 2000)), ErrTooLarge},
		"claims too much": {resum(func(b []byte) { binary.BigEndian.PutUint32(b, 1<<31) }), ErrTooLarge},
	} {
		if _, err := NewAWS(bytes.NewReader(tt.stream), 1000).Next(); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

func FuzzAWS(f *testing.F) {
	f.Add(awsEvent("messageStart", `{}`))
	f.Add(AppendAWS(nil, nil, ":error-code", "x", ":error-message", "\x00", ":message-type", "error"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := NewAWS(bytes.NewReader(stream), 1<<16)
		var again []byte
		for {
			more := r.More()
			ev, err := r.Next()
			if err != nil {
				if more && !errors.Is(err, ErrCorrupt) {
					t.Fatalf("More promised a message: %v", err)
				}
				break
			}
			again = append(again, ev.Raw...)
			if bytes.HasPrefix(ev.Data, []byte(`{"message":`)) && bytes.Contains(ev.Raw, []byte(":error-code")) && len(ev.Data) > len(ev.Raw) && !json.Valid(ev.Data) {
				t.Fatalf("data of an error: %q", ev.Data)
			}
		}
		if !bytes.HasPrefix(stream, again) {
			t.Fatal("the messages are not what was sent")
		}
	})
}

func BenchmarkAWS(b *testing.B) {
	stream := bytes.Repeat(awsEvent("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":" hello"},"p":"abcdefghijkl"}`), 100)
	b.ReportAllocs()
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		r := NewAWS(bytes.NewReader(stream), 1<<20)
		for {
			if _, err := r.Next(); err != nil {
				break
			}
		}
	}
}
