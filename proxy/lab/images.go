package lab

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

const imageSide = 8 // pixels

func imageGenerations(x *exchange) (*reply, *apiError) {
	prompt, fail := x.object.text("prompt", "prompt")
	if fail != nil {
		return nil, fail
	}
	n, fail := x.object.whole("n", 1, 10, 1)
	if fail != nil {
		return nil, fail
	}
	format, fail := x.object.text("response_format", "response_format")
	if fail != nil {
		return nil, fail
	}
	return x.pictures(prompt, n, format == "url")
}

func imageEdits(x *exchange) (*reply, *apiError) {
	if len(x.form.File["image"]) == 0 && len(x.form.File["image[]"]) == 0 {
		return nil, missing("image")
	}
	prompt := ""
	if v := x.form.Value["prompt"]; len(v) > 0 {
		prompt = v[0]
	}
	return x.pictures(prompt, 1, false)
}

// pictures answers with tiny PNGs, one colour for each prompt.
func (x *exchange) pictures(prompt string, n int, asURL bool) (*reply, *apiError) {
	if prompt == "" {
		return nil, missing("prompt")
	}
	var data []map[string]string
	for i := range n {
		text := base64.StdEncoding.EncodeToString(picture(prompt, i))
		if asURL {
			data = append(data, map[string]string{"url": "data:image/png;base64," + text})
			continue
		}
		data = append(data, map[string]string{"b64_json": text})
	}
	tokens := Tokens(prompt)
	return jsonReply(map[string]any{
		"created": x.created(), "data": data,
		"usage": map[string]int{"input_tokens": tokens, "output_tokens": n, "total_tokens": tokens + n},
	}), nil
}

func picture(prompt string, index int) []byte {
	rng := random("image", prompt, fmt.Sprint(index))
	paint := color.NRGBA{uint8(rng.UintN(256)), uint8(rng.UintN(256)), uint8(rng.UintN(256)), 255}
	img := image.NewNRGBA(image.Rect(0, 0, imageSide, imageSide))
	for i := range imageSide * imageSide {
		img.SetNRGBA(i%imageSide, i/imageSide, paint)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		// A picture of eight by eight pixels in memory can be encoded.
		panic(fmt.Errorf("lab: encode picture: %w", err))
	}
	return b.Bytes()
}
