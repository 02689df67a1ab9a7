package llm

// Complete follows JSON that comes in pieces and says when it is whole: how
// decoders know that a tool call's arguments are all there although the
// dialect does not say so. The zero value is ready.
type Complete struct {
	depth  int
	text   bool // within a string
	escape bool // behind a backslash in it
	begun  bool
	broken bool // it closed more than it opened
}

// Add takes the next piece.
func (c *Complete) Add(piece string) {
	for i := 0; i < len(piece); i++ {
		switch b := piece[i]; {
		case c.escape:
			c.escape = false
		case c.text && b == '\\':
			c.escape = true
		case b == '"':
			c.text = !c.text
			c.begun = true
		case c.text:
		case b == '{' || b == '[':
			c.depth++
			c.begun = true
		case b == '}' || b == ']':
			c.depth--
			c.broken = c.broken || c.depth < 0
		}
	}
}

// Whole reports whether an object or array that was begun is closed.
func (c *Complete) Whole() bool { return c.begun && c.depth == 0 && !c.text && !c.broken }
