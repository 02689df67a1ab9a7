package lab

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
)

const (
	sampleRate     = 8000 // Hz, of the silence in WAV and PCM
	samplesPerWord = 800  // a tenth of a second
	mp3FrameBytes  = 417  // MPEG 1 layer III, 128 kbit/s, 44.1 kHz
)

// speech answers with silence: the longer the text, the longer it is.
func speech(x *exchange) (*reply, *apiError) {
	input, fail := x.object.text("input", "input")
	if fail != nil {
		return nil, fail
	}
	if input == "" {
		return nil, missing("input")
	}
	voice, fail := x.object.text("voice", "voice")
	if fail != nil {
		return nil, fail
	}
	if voice == "" {
		return nil, missing("voice")
	}
	format, fail := x.object.text("response_format", "response_format")
	if fail != nil {
		return nil, fail
	}
	words := Tokens(input)
	switch format {
	case "", "mp3":
		return newReply(http.StatusOK, "audio/mpeg", bytes.Repeat(mp3Frame(), 4*words)), nil
	case "wav":
		return newReply(http.StatusOK, "audio/wav", wav(words)), nil
	case "pcm":
		return newReply(http.StatusOK, "audio/pcm", make([]byte, 2*samplesPerWord*words)), nil
	}
	return nil, invalid("response_format", "invalid_value", "Invalid value: '%s'. This fake vendor speaks 'mp3', 'wav' and 'pcm'.", clip(format, 40))
}

func mp3Frame() []byte {
	frame := make([]byte, mp3FrameBytes)
	copy(frame, []byte{0xFF, 0xFB, 0x90, 0x00})
	return frame
}

func wav(words int) []byte {
	size := uint32(2 * samplesPerWord * words)
	b := []byte("RIFF")
	b = binary.LittleEndian.AppendUint32(b, 36+size)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1) // PCM
	b = binary.LittleEndian.AppendUint16(b, 1) // mono
	b = binary.LittleEndian.AppendUint32(b, sampleRate)
	b = binary.LittleEndian.AppendUint32(b, 2*sampleRate)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, size)
	return append(b, make([]byte, size)...)
}

// transcriptions tells the name, the size and the checksum of the file.
func transcriptions(x *exchange) (*reply, *apiError) {
	files := x.form.File["file"]
	if len(files) == 0 {
		return nil, missing("file")
	}
	f, err := files[0].Open()
	if err != nil {
		return nil, invalid("file", "", "We could not read the file: %v.", err)
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	size, err := io.Copy(sum, f)
	if err != nil {
		return nil, invalid("file", "", "We could not read the file: %v.", err)
	}
	text := fmt.Sprintf("This is the file %s of %d bytes with SHA-256 %x.", files[0].Filename, size, sum.Sum(nil))
	format := "json"
	if v := x.form.Value["response_format"]; len(v) > 0 && v[0] != "" {
		format = v[0]
	}
	switch format {
	case "json":
		return jsonReply(map[string]any{"text": text, "usage": map[string]any{"type": "duration", "seconds": 1}}), nil
	case "verbose_json":
		return jsonReply(map[string]any{"task": "transcribe", "language": "english", "duration": 1.0, "text": text, "segments": []any{}}), nil
	case "text":
		return newReply(http.StatusOK, "text/plain; charset=utf-8", []byte(text+"\n")), nil
	case "srt":
		return newReply(http.StatusOK, "text/plain; charset=utf-8", []byte("1\n00:00:00,000 --> 00:00:01,000\n"+text+"\n\n")), nil
	case "vtt":
		return newReply(http.StatusOK, "text/plain; charset=utf-8", []byte("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n"+text+"\n\n")), nil
	}
	return nil, invalid("response_format", "invalid_value", "Invalid value: '%s'. Supported values are: 'json', 'text', 'srt', 'verbose_json' and 'vtt'.", clip(format, 40))
}
