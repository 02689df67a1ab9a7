package lab

import "slices"

// Fault describes one way in which the lab can fail. Ask for it by the model
// fault-NAME or fault-NAME:param=value, or by a Rule.
type Fault struct {
	Name    string
	Summary string
	Params  []Param // besides those of every model
	Streams bool    // it shows on streams only; a whole answer is well
}

// behaviour is a fault and what it does to a reply.
type behaviour struct {
	Fault
	shape shape
	edit  func(*reply, *exchange)
}

// shape is what a fault asks of the answer itself.
type shape struct {
	tool  bool // a tool is called whether one was offered or not
	giant bool // the text begins with one giant word
}

// Faults is the wall: every fault of the lab, sorted by name.
func Faults() []Fault {
	var out []Fault
	for _, b := range wall() {
		out = append(out, b.Fault)
	}
	slices.SortFunc(out, func(a, b Fault) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

// wall is the table of all faults.
func wall() []behaviour {
	return slices.Concat(refusals(), silences(), breaks(), wrongBodies(), wrongEvents(), spellings(), codings(), heads())
}

func row(name, summary string, edit func(*reply, *exchange), p ...Param) behaviour {
	return behaviour{Fault: Fault{Name: name, Summary: summary, Params: p}, edit: edit}
}

func streamRow(name, summary string, edit func(*reply, *exchange), p ...Param) behaviour {
	b := row(name, summary, edit, p...)
	b.Streams = true
	return b
}

// after is the option that says where in an answer a fault strikes.
func after(n, what string) Param {
	return Param{"n", n, what + " after so many content events (text, reasoning, tool arguments); a whole answer breaks in its middle"}
}

func lasting(d, what string) Param {
	return Param{"for", d, what + "; 0: until the client leaves"}
}

func sized(size, what string) Param { return Param{"size", size, what} }
