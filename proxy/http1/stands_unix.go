//go:build unix

package http1

import (
	"errors"
	"syscall"
)

// stands reports whether an idle connection can be used: the other side has
// neither closed it nor said anything unasked.
func (c *conn) stands() bool {
	if c.raw == nil {
		return true
	}
	if c.look == nil {
		var one [1]byte
		c.look = func(fd uintptr) bool {
			// Go's sockets don't block. Nothing to read is what is hoped for.
			_, err := syscall.Read(int(fd), one[:])
			c.peeked = errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
			return true
		}
	}
	c.peeked = false
	return c.raw.Read(c.look) == nil && c.peeked
}
