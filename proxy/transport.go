package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"syscall"
	"time"
)

// maxResponseHeader bounds what a vendor may send as headers, in bytes.
const maxResponseHeader = 256 << 10

// transportKey is what makes connections different: providers that agree in it
// share a pool.
type transportKey struct {
	proxy   string
	private bool
	connect time.Duration
}

// transports are the pools of connections to vendors. They outlive snapshots,
// so that a reload does not close the connections of running streams.
type transports struct {
	mu   sync.Mutex
	pool map[transportKey]*http.Transport
}

func newTransports() *transports {
	return &transports{pool: map[transportKey]*http.Transport{}}
}

// get returns the pool for a key, making it on first use.
func (t *transports) get(k transportKey) *http.Transport {
	t.mu.Lock()
	defer t.mu.Unlock()
	if got := t.pool[k]; got != nil {
		return got
	}
	made := k.transport()
	t.pool[k] = made
	return made
}

// close ends idle connections; running ones end with their calls.
func (t *transports) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.pool {
		p.CloseIdleConnections()
	}
}

// transport makes a pool. HTTP/2 stays off: measured on streams it costs twice
// the CPU of HTTP/1.1, and one frozen connection takes all its calls along.
func (k transportKey) transport() *http.Transport {
	guard := &dialGuard{private: k.private}
	guarded := &net.Dialer{Timeout: k.connect, KeepAlive: 30 * time.Second, Control: guard.control}
	plain := &net.Dialer{Timeout: k.connect, KeepAlive: 30 * time.Second}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if guard.isProxy(address) {
			return plain.DialContext(ctx, network, address)
		}
		return guarded.DialContext(ctx, network, address)
	}
	via := http.ProxyFromEnvironment
	if u, err := url.Parse(k.proxy); err == nil && k.proxy != "" {
		via = http.ProxyURL(u)
	}
	return &http.Transport{
		Proxy:                  guard.through(via),
		DialContext:            dial,
		TLSHandshakeTimeout:    max(k.connect, 0),
		MaxIdleConns:           4096,
		MaxIdleConnsPerHost:    1024,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxResponseHeader,
		DisableCompression:     true,
		ForceAttemptHTTP2:      false,
		Protocols:              http1Only(),
		WriteBufferSize:        4 << 10,
		ReadBufferSize:         4 << 10,
	}
}

// GuardedTransport is a pool for other calls to addresses that an admin entered,
// such as webhooks: it refuses what providers are refused.
func GuardedTransport(private bool, connect time.Duration) *http.Transport {
	return transportKey{private: private, connect: connect}.transport()
}

func http1Only() *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	return &p
}

// errGuarded is wrapped by every refusal of the dial guard.
var errGuarded = errors.New("address refused")

// dialGuard keeps an admin's or a vendor's URL from reaching where it must
// not. It looks at the address that is really dialled, after DNS, so that a
// name that resolves to an inner address does not get round it.
type dialGuard struct {
	private bool
	proxies sync.Map // host:port of outbound proxies, which the operator chose
}

// control implements net.Dialer.Control.
func (g *dialGuard) control(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	return g.check(ip)
}

// metadata are the addresses under which clouds hand out machine credentials.
var metadata = []netip.Addr{
	netip.MustParseAddr("100.100.100.200"), // Alibaba Cloud
	netip.MustParseAddr("fd00:ec2::254"),   // AWS
	netip.MustParseAddr("168.63.129.16"),   // Azure
}

// shared is the carrier-grade NAT range (RFC 6598), inner like the private ones.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// nat64 is the well-known prefix (RFC 6052) that has an IPv4 address inside.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func (g *dialGuard) check(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	for _, m := range metadata {
		if ip == m {
			return fmt.Errorf("%w: %s is a cloud's metadata service, never a model", errGuarded, ip)
		}
	}
	switch {
	case ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast(), ip.Is4() && ip.As4()[0] == 0:
		return fmt.Errorf("%w: %s is link-local, multicast or unspecified", errGuarded, ip)
	case g.private:
		return nil
	case ip.IsLoopback(), ip.IsPrivate(), shared.Contains(ip):
		return fmt.Errorf("%w: %s is on this machine or a private network; allow private addresses in its settings if that is meant", errGuarded, ip)
	}
	return nil
}

// through wraps the choice of an outbound proxy. What a proxy resolves can't be
// seen from here, so only literal addresses of the target are checked; the
// proxy's own address is the operator's choice and is dialled unguarded.
func (g *dialGuard) through(via func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		u, err := via(r)
		if err != nil || u == nil {
			return u, err
		}
		if ip, err := netip.ParseAddr(r.URL.Hostname()); err == nil {
			if err := g.check(ip); err != nil {
				return nil, err
			}
		}
		g.proxies.Store(proxyAddress(u), true)
		return u, nil
	}
}

func (g *dialGuard) isProxy(address string) bool {
	_, ok := g.proxies.Load(address)
	return ok
}

// proxyAddress is the host:port that net/http dials for a proxy's URL.
func proxyAddress(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
