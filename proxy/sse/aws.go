package sse

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrCorrupt is returned for a message of AWS's event stream that is not what
// was sent: a checksum or a length in it is wrong.
var ErrCorrupt = errors.New("sse: corrupt message of an AWS event stream")

// AWSFault begins the names of messages that are not events: exceptions and
// errors, after which nothing comes.
const AWSFault = '!'

const (
	awsPrelude = 12 // total length, length of headers, checksum of both
	awsLeast   = awsPrelude + 4
)

// AWS reads application/vnd.amazon.eventstream: binary messages with headers,
// a payload and checksums, as events. An event's name is its :event-type; that
// of an exception its :exception-type behind AWSFault, that of an error its
// :error-code behind AWSFault, with {"message":…} as data.
// Source: docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html,
// where the encoding is described for all services.
type AWS struct {
	window
	name []byte
	data []byte
}

// NewAWS makes a reader over src that refuses messages over limit bytes.
func NewAWS(src io.Reader, limit int) *AWS {
	return &AWS{window: window{src: src, limit: limit}}
}

// Next returns the next message. It ends as Reader.Next does.
func (a *AWS) Next() (Event, error) {
	for {
		rest := a.buf[a.start:a.end]
		total, err := a.length(rest)
		if err != nil {
			return Event{}, err
		}
		if total > 0 && total <= len(rest) {
			a.start += total
			return a.message(rest[:total])
		}
		if err := a.fill(); err != nil {
			if err == io.EOF && len(rest) > 0 { //nolint:errorlint // a Reader returns io.EOF itself, by contract
				a.start = a.end
				return Event{Raw: rest}, io.ErrUnexpectedEOF
			}
			return Event{}, err
		}
	}
}

// More reports whether another whole message is waiting in the buffer.
func (a *AWS) More() bool {
	rest := a.buf[a.start:a.end]
	total, err := a.length(rest)
	return err == nil && total > 0 && total <= len(rest)
}

// length is how long the next message is; 0 if its prelude is not there yet.
func (a *AWS) length(rest []byte) (int, error) {
	if len(rest) < awsPrelude {
		return 0, nil
	}
	total, headers := binary.BigEndian.Uint32(rest), binary.BigEndian.Uint32(rest[4:])
	switch {
	case crc32.ChecksumIEEE(rest[:8]) != binary.BigEndian.Uint32(rest[8:]):
		return 0, ErrCorrupt
	case int64(total) > int64(a.limit):
		return 0, ErrTooLarge
	case total < awsLeast || headers > total-awsLeast:
		return 0, ErrCorrupt
	}
	return int(total), nil
}

// message takes a whole message apart.
func (a *AWS) message(raw []byte) (Event, error) {
	end := len(raw) - 4
	if crc32.ChecksumIEEE(raw[:end]) != binary.BigEndian.Uint32(raw[end:]) {
		return Event{}, ErrCorrupt
	}
	split := awsPrelude + int(binary.BigEndian.Uint32(raw[4:]))
	a.name, a.data = a.name[:0], raw[split:end:end]
	var kind, event, exception, code, message []byte
	headers := raw[awsPrelude:split]
	for len(headers) > 0 {
		name, value, rest, ok := awsHeader(headers)
		if !ok {
			return Event{}, ErrCorrupt
		}
		switch string(name) {
		case ":message-type":
			kind = value
		case ":event-type":
			event = value
		case ":exception-type":
			exception = value
		case ":error-code":
			code = value
		case ":error-message":
			message = value
		}
		headers = rest
	}
	switch string(kind) {
	case "exception":
		a.name = append(append(a.name, AWSFault), exception...)
	case "error":
		a.name = append(append(a.name, AWSFault), code...)
		a.data, _ = jsontext.AppendQuote([]byte(`{"message":`), message) // an error only says that bad UTF-8 was mended
		a.data = append(a.data, '}')
	default:
		a.name = append(a.name, event...)
	}
	return Event{Raw: raw, Name: a.name, Data: a.data}, nil
}

// awsHeader reads the first of some headers. Its value is nil unless it is a
// string.
func awsHeader(b []byte) (name, value, rest []byte, ok bool) {
	n := int(b[0])
	if len(b) < 1+n+1 {
		return nil, nil, nil, false
	}
	name, kind := b[1:1+n], b[1+n]
	b = b[2+n:]
	size := 0
	switch kind {
	case 0, 1: // true, false
	case 2: // byte
		size = 1
	case 3: // short
		size = 2
	case 4: // integer
		size = 4
	case 5, 8: // long, timestamp
		size = 8
	case 9: // UUID
		size = 16
	case 6, 7: // bytes, string: their length comes first
		if len(b) < 2 {
			return nil, nil, nil, false
		}
		size = int(binary.BigEndian.Uint16(b))
		b = b[2:]
	default:
		return nil, nil, nil, false
	}
	if len(b) < size {
		return nil, nil, nil, false
	}
	if kind == 7 {
		value = b[:size]
	}
	return name, value, b[size:], true
}

// AppendAWS writes a message of AWS's event stream with headers that are
// strings, given as name, value, name, value, …; names of at most 255 bytes.
func AppendAWS(dst []byte, payload []byte, headers ...string) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, awsPrelude)...)
	for i := 0; i+1 < len(headers); i += 2 {
		dst = append(append(dst, byte(len(headers[i]))), headers[i]...)
		dst = binary.BigEndian.AppendUint16(append(dst, 7), uint16(len(headers[i+1])))
		dst = append(dst, headers[i+1]...)
	}
	m := dst[start:]
	binary.BigEndian.PutUint32(m[4:], uint32(len(m)-awsPrelude))
	binary.BigEndian.PutUint32(m, uint32(len(m)+len(payload)+4))
	binary.BigEndian.PutUint32(m[8:], crc32.ChecksumIEEE(m[:8]))
	dst = append(dst, payload...)
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[start:]))
}
