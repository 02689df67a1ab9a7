package llm

import (
	"strings"
	"testing"
)

func TestCustomToolAsFunction(t *testing.T) {
	t.Parallel()
	tool := Tool{Name: "apply_patch", Description: "Edits files.", Custom: true, Grammar: Raw(`{"type":"grammar","syntax":"lark","definition":"start: line+"}`)}
	f := tool.Function()
	if f.Custom || f.Name != "apply_patch" || !f.Parameters.IsValid() {
		t.Errorf("Function() = %+v", f)
	}
	if !strings.Contains(f.Description, "start: line+") {
		t.Errorf("the grammar is lost: %q", f.Description)
	}
	r := &Request{Tools: []Tool{{Name: "other"}, tool}}
	if !r.CustomTool("apply_patch") || r.CustomTool("other") || (*Request)(nil).CustomTool("x") {
		t.Error("CustomTool does not tell custom tools from others")
	}
}

func TestFreeTextRoundTrip(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "*** Begin Patch\n+\"x\"\n", "{\"input\":1}", "é\u2028"} {
		if got := FreeText(FreeArguments(text)); got != text {
			t.Errorf("FreeText(FreeArguments(%q)) = %q", text, got)
		}
	}
	for _, bare := range []string{"plain words", `{"input":1}`, `{"input":"a","more":"b"}`, `["input"]`} {
		if got := FreeText(bare); got != bare {
			t.Errorf("FreeText(%q) = %q, want it as it is", bare, got)
		}
	}
}
