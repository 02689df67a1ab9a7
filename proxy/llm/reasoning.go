package llm

// Efforts and what they are worth in tokens. Vendors publish no such table;
// these are the middle of what gateways and SDKs use. A budget is read back by
// the borders between them.
const (
	lowBudget    = 2048
	mediumBudget = 8192
	highBudget   = 24576
	xhighBudget  = 32768

	// leastBudget is the smallest that vendors take (Anthropic).
	leastBudget = 1024
)

// Level is the effort that was asked for, or the one that the budget comes to;
// empty where neither was said.
func (r *Reasoning) Level() string {
	switch {
	case r.Effort != "":
		return r.Effort
	case r.Budget == nil || *r.Budget < 0:
		return "" // Gemini's -1 leaves it to the model
	case *r.Budget == 0:
		return "none"
	case *r.Budget <= lowBudget:
		return "low"
	case *r.Budget <= mediumBudget+(highBudget-mediumBudget)/4:
		return "medium"
	}
	return "high"
}

// Tokens is the budget that was asked for, or the one that the effort comes
// to. It leaves room for the answer below limit, if there is one, but is never
// less than vendors take.
func (r *Reasoning) Tokens(limit *int64) int64 {
	var n int64
	switch {
	case r.Budget != nil && *r.Budget >= 0:
		n = *r.Budget
	default:
		n = map[string]int64{
			"minimal": leastBudget, "low": lowBudget, "medium": mediumBudget,
			"high": highBudget, "xhigh": xhighBudget, "max": xhighBudget,
		}[r.Effort]
		if n == 0 {
			n = mediumBudget
		}
	}
	if limit != nil && n >= *limit {
		n = *limit * 3 / 4
	}
	return max(n, leastBudget)
}
