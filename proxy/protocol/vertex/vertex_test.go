package vertex

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	dims := int64(64)
	for _, tt := range []struct {
		name   string
		r      llm.EmbedRequest
		traits protocol.Traits
		want   []string
		lost   string
	}{
		{"plain", llm.EmbedRequest{Inputs: []string{"a", "b"}}, protocol.Traits{}, []string{`{"instances":[{"content":"a"},{"content":"b"}]}`}, ""},
		{"one by one", llm.EmbedRequest{Inputs: []string{"a", "b"}, Task: "query", Dimensions: &dims, User: "u", Extra: map[string]llm.Raw{"autoTruncate": llm.Raw("false"), "title": llm.Raw(`"T"`), "x": llm.Raw("1")}}, protocol.Traits{EmbedBatch: 1}, []string{
			`{"instances":[{"content":"a","task_type":"RETRIEVAL_QUERY","title":"T"}],"parameters":{"outputDimensionality":64,"autoTruncate":false}}`,
			`{"instances":[{"content":"b","task_type":"RETRIEVAL_QUERY","title":"T"}],"parameters":{"outputDimensionality":64,"autoTruncate":false}}`,
		}, "dropped x, user"},
		{"Google's own word", llm.EmbedRequest{Inputs: []string{"a"}, Extra: map[string]llm.Raw{"taskType": llm.Raw(`"CODE_RETRIEVAL_QUERY"`)}}, protocol.Traits{}, []string{`{"instances":[{"content":"a","task_type":"CODE_RETRIEVAL_QUERY"}]}`}, ""},
	} {
		var l llm.Losses
		bodies, failed := predict{}.EncodeEmbed(&tt.r, &protocol.Target{Traits: tt.traits}, &l)
		if failed != nil {
			t.Fatal(failed)
		}
		var got []string
		for _, b := range bodies {
			got = append(got, string(b))
		}
		if d := cmp.Diff(tt.want, got); d != "" || l.String() != tt.lost {
			t.Errorf("%s: lost %q (-want +got)\n%s", tt.name, l.String(), d)
		}
	}
	if _, failed := (predict{}).EncodeEmbed(&llm.EmbedRequest{Tokens: [][]int64{{1}}}, &protocol.Target{}, &llm.Losses{}); failed == nil || failed.Param != "input" {
		t.Errorf("tokens were taken: %v", failed)
	}
}

// TestBatches: every text is in one batch, in order, and none is too large.
func TestBatches(t *testing.T) {
	t.Parallel()
	texts := slices.Repeat([]string{"a", strings.Repeat("b", 15_000), strings.Repeat("c", 50_000)}, 200)
	var all []string
	for _, b := range batches(texts, 0) {
		size := len(strings.Join(b, ""))
		if len(b) == 0 || len(b) > mostInputs || len(b) > 1 && size > mostBytes {
			t.Errorf("a batch of %d texts, %d bytes", len(b), size)
		}
		all = append(all, b...)
	}
	if !slices.Equal(all, texts) {
		t.Errorf("%d texts of %d", len(all), len(texts))
	}
	if n := len(batches(slices.Repeat([]string{"a"}, 501), 0)); n != 3 {
		t.Errorf("%d batches of 501 texts", n)
	}
}

const answerOf = `{"predictions":[{"embeddings":{"values":[1,2],"statistics":{"truncated":false,"token_count":3}}},{"embeddings":{"values":[3,4],"statistics":{"token_count":4.0}}}],"metadata":{"billableCharacterCount":9}}`

func TestDecode(t *testing.T) {
	t.Parallel()
	a, failed := predict{}.DecodeEmbedding([]byte(answerOf), &protocol.Target{Model: "m"})
	if failed != nil || len(a.Vectors) != 2 || a.Vectors[1][0] != 3 || a.Usage.Input != 7 {
		t.Errorf("%+v, %v", a, failed)
	}
	if _, failed = (predict{}).DecodeEmbedding([]byte(`{"predictions":[]}`), &protocol.Target{}); failed == nil || failed.Class != llm.ClassMalformed {
		t.Errorf("no vectors were taken for an answer: %v", failed)
	}
}

// FuzzDecode reads anything as an answer.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(answerOf))
	f.Fuzz(func(t *testing.T, body []byte) {
		if a, failed := (predict{}).DecodeEmbedding(body, &protocol.Target{}); failed == nil && len(a.Vectors) == 0 {
			t.Error("neither vectors nor an error")
		}
	})
}
