//go:build race

package usage

import "time"

// lost is how old a record may be that a crash takes along. The program
// promises a second; the race detector makes each write several times longer.
const lost = 2 * time.Second
