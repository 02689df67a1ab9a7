//go:build !unix

package http1

// stands can't be told here; a connection that was closed shows at its use.
func (c *conn) stands() bool { return true }
