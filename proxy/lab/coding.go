package lab

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// coder is a content coding that can be flushed after each event.
type coder interface {
	io.WriteCloser
	Flush() error
}

// newCoder makes the coding of a name; an unknown name leaves bytes as they are.
func newCoder(name string, w io.Writer) coder {
	switch name {
	case "gzip":
		return gzip.NewWriter(w)
	case "deflate":
		return zlib.NewWriter(w)
	case "br":
		return brotli.NewWriter(w)
	case "zstd":
		enc, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil
		}
		return enc
	}
	return nil
}

const bombBlock = 1 << 20

// writeBomb writes a gzip stream that grows to about size bytes: a JSON object,
// or a server-sent event with one, whose text is the letter a again and again.
// One block is compressed and then repeated, so that a gibibyte costs little.
func writeBomb(w io.Writer, size int64, stream bool) error {
	head, tail := `{"choices":[{"index":0,"message":{"role":"assistant","content":"`, `"},"finish_reason":"stop"}]}`
	if stream {
		head, tail = `data: {"choices":[{"index":0,"delta":{"content":"`, `"}}]}`+"\n\ndata: [DONE]\n\n"
	}
	block := bytes.Repeat([]byte("a"), bombBlock)
	packed, err := deflated(block)
	if err != nil {
		return err
	}
	sum, total := uint32(0), uint32(0)
	put := func(plain, packed []byte) error {
		sum = crc32.Update(sum, crc32.IEEETable, plain)
		total += uint32(len(plain))
		_, err := w.Write(packed)
		return err
	}
	if _, err := w.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}); err != nil {
		return fmt.Errorf("bomb: %w", err)
	}
	first, err := deflated([]byte(head))
	if err != nil {
		return err
	}
	if err := put([]byte(head), first); err != nil {
		return fmt.Errorf("bomb: %w", err)
	}
	for range size / bombBlock {
		if err := put(block, packed); err != nil {
			return fmt.Errorf("bomb: %w", err)
		}
	}
	last, err := deflated([]byte(tail))
	if err != nil {
		return err
	}
	if err := put([]byte(tail), last); err != nil {
		return fmt.Errorf("bomb: %w", err)
	}
	// An empty final block, then the checksum and the size.
	end := []byte{3, 0}
	end = binary.LittleEndian.AppendUint32(end, sum)
	end = binary.LittleEndian.AppendUint32(end, total)
	_, err = w.Write(end)
	return err
}

// deflated compresses bytes to blocks that refer to nothing before them and end
// on a byte, so that they can be put one behind the other.
func deflated(plain []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	if _, err := z.Write(plain); err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	if err := z.Flush(); err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	return b.Bytes(), nil
}
