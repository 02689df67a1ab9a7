package lab

import (
	"net"

	"golang.org/x/sys/unix"
)

// drained says whether the other side has acknowledged every byte.
func drained(conn *net.TCPConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return true
	}
	queued := 0
	if err := raw.Control(func(fd uintptr) {
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			queued = n
		}
	}); err != nil {
		return true
	}
	return queued == 0
}
