package proxy

import (
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// zstdWindow bounds the memory one compressed answer may ask for, in bytes
// (RFC 8878 recommends decoders to take at least 8 MiB).
const zstdWindow = 8 << 20

// decoded returns the answer's body without its content coding. Identity is
// asked for, but some servers compress all the same. The decoders hand on what
// they have whenever the sender flushes, so streams stay streams.
func decoded(resp *http.Response) (io.ReadCloser, error) {
	coding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding")))
	var open func(io.Reader) (io.Reader, error)
	switch coding {
	case "", "identity":
		return resp.Body, nil
	case "gzip", "x-gzip":
		open = func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	case "deflate":
		open = func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }
	case "br":
		open = func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil }
	case "zstd":
		open = func(r io.Reader) (io.Reader, error) {
			d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
			if err != nil {
				return nil, err
			}
			return d.IOReadCloser(), nil
		}
	default:
		return nil, fmt.Errorf("it answered in an unknown content coding (%.40q)", coding)
	}
	resp.Header.Del("Content-Length")
	resp.ContentLength = -1
	return &decoder{raw: resp.Body, open: open}, nil
}

// decoder opens its decompressor at the first read: some need the first bytes
// to begin, and those may take as long as the model thinks.
type decoder struct {
	raw  io.ReadCloser
	open func(io.Reader) (io.Reader, error)
	r    io.Reader
	err  error
}

// Read implements io.Reader.
func (d *decoder) Read(p []byte) (int, error) {
	if d.r == nil && d.err == nil {
		d.r, d.err = d.open(d.raw)
	}
	if d.err != nil {
		return 0, d.err
	}
	return d.r.Read(p)
}

// Close implements io.Closer.
func (d *decoder) Close() error {
	if c, ok := d.r.(io.Closer); ok {
		_ = c.Close() // what matters is the connection below
	}
	return d.raw.Close()
}
