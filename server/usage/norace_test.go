//go:build !race

package usage

import "time"

// lost is how old a record may be that a crash takes along: what is promised.
const lost = time.Second
