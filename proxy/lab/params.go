package lab

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Param is an option of a fault, set behind its name: fault-die:n=40.
type Param struct {
	Name    string
	Default string
	Meaning string
}

// params are options by name, with every default filled in. parseParams has
// checked them: the readers cannot fail.
type params map[string]string

const (
	maxWords = 100_000
	maxBytes = 4 << 30
	maxWait  = time.Hour
)

// commonParams are the options of every model.
func commonParams() []Param {
	return []Param{
		{"words", "", "length of the text in words; 60 for lab-* and fault-*"},
		{"think", "20", "length of the reasoning in words, of models that reason"},
		{"pace", "", "time between the words of a stream"},
		{"emoji", "no", "every tenth word is an emoji"},
		{"prefix", "yes", "no: a trailing assistant message is refused with 400"},
		{"overlap", "0", "words repeated when asked to continue"},
		{"times", "0", "the fault hits only the first so many calls of this very name; 0: all"},
	}
}

// parseParams reads "n=40,pace=0ms" over the defaults.
func parseParams(s string, known []Param) (params, error) {
	p := params{}
	for _, k := range known {
		p[k.Name] = k.Default
	}
	if s == "" {
		return p, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, value, ok := strings.Cut(part, "=")
		if _, there := p[name]; !there || !ok {
			return nil, fmt.Errorf("unknown option %q: write option=value with one of %s", part, strings.Join(slices.Sorted(maps.Keys(p)), ", "))
		}
		if err := checkParam(name, value); err != nil {
			return nil, fmt.Errorf("option %s=%s: %w", name, value, err)
		}
		p[name] = value
	}
	return p, nil
}

// checkParam checks a value by what the option of that name means everywhere.
func checkParam(name, value string) error {
	switch name {
	case "words", "think", "n", "overlap", "times", "count":
		return checkNumber(value, 0, maxWords)
	case "code":
		return checkNumber(value, 200, 599)
	case "retry_after":
		return checkNumber(value, 0, 86400)
	case "pace", "after", "for", "down", "up":
		return checkWait(value)
	case "size":
		_, err := parseSize(value)
		return err
	case "emoji", "prefix", "date", "done", "head":
		if value != "yes" && value != "no" {
			return fmt.Errorf("expected yes or no")
		}
	case "how":
		if value != "reset" && value != "fin" {
			return fmt.Errorf("expected reset or fin")
		}
	}
	return nil
}

func checkNumber(value string, low, high int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		return fmt.Errorf("expected a number from %d to %d", low, high)
	}
	return nil
}

func checkWait(value string) error {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > maxWait {
		return fmt.Errorf("expected a duration up to 1h, such as 20s or 0ms")
	}
	return nil
}

// parseSize reads bytes: 100, 64KiB, 2MiB, 1GiB.
func parseSize(value string) (int64, error) {
	digits, unit := value, int64(1)
	for suffix, factor := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if rest, ok := strings.CutSuffix(value, suffix); ok {
			digits, unit = rest, factor
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || n > maxBytes/unit {
		return 0, fmt.Errorf("expected a size up to 4GiB, such as 100, 64KiB or 2MiB")
	}
	return n * unit, nil
}

func (p params) num(name string) int {
	n, err := strconv.Atoi(p[name])
	if err != nil {
		return 0
	}
	return n
}

func (p params) wait(name string) time.Duration {
	d, err := time.ParseDuration(p[name])
	if err != nil {
		return 0
	}
	return d
}

func (p params) size(name string) int64 {
	n, err := parseSize(p[name])
	if err != nil {
		return 0
	}
	return n
}

func (p params) yes(name string) bool { return p[name] == "yes" }
