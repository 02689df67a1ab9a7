package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/posthouse/posthouse/proxy/http1"
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
	mu   sync.RWMutex
	pool map[transportKey]*pool
}

// pool is the connections of providers that agree in their key. Calls go
// through lean, which costs half; what that does not do (outbound proxies, above
// all) goes through full.
type pool struct {
	full *http.Transport
	lean *http1.Pool
	via  func(*http.Request) (*url.URL, error) // the outbound proxy; nil: there is none
}

func newTransports() *transports { return &transports{pool: map[transportKey]*pool{}} }

// get returns net/http's transport for a key, making it on first use.
func (t *transports) get(k transportKey) *http.Transport { return t.of(k).full }

func (t *transports) of(k transportKey) *pool {
	t.mu.RLock()
	got := t.pool[k]
	t.mu.RUnlock()
	if got != nil {
		return got
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if got = t.pool[k]; got == nil {
		got = k.open()
		t.pool[k] = got
	}
	return got
}

// carry sends a request and returns its answer; d learns of the connection.
func (t *transports) carry(k transportKey, r *http.Request, d *dialing) (*http.Response, error) {
	p := t.of(k)
	if !http1.Fits(r) || p.proxied(r) {
		return p.full.RoundTrip(r.WithContext(d.watch(r.Context())))
	}
	resp, reused, err := p.lean.Do(r, d.watch)
	d.reused.Store(reused)
	return resp, err
}

// proxied reports whether a request goes through an outbound proxy, or must not
// go there.
func (p *pool) proxied(r *http.Request) bool {
	if p.via == nil {
		return false
	}
	u, err := p.via(r)
	return u != nil || err != nil
}

// close ends idle connections; running ones end with their calls.
func (t *transports) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.pool {
		p.full.CloseIdleConnections()
		p.lean.CloseIdleConnections()
	}
}

const (
	// idlePerHost and idleFor are how many connections without a call are kept
	// for one host, and how long.
	idlePerHost = 1024
	idleFor     = 90 * time.Second
)

// open makes a pool. HTTP/2 stays off: measured on streams it costs twice the
// CPU of HTTP/1.1, and one frozen connection takes all its calls along.
func (k transportKey) open() *pool {
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
	p := &pool{
		full: &http.Transport{
			Proxy:                  guard.through(via),
			DialContext:            dial,
			TLSHandshakeTimeout:    max(k.connect, 0),
			MaxIdleConns:           4 * idlePerHost,
			MaxIdleConnsPerHost:    idlePerHost,
			IdleConnTimeout:        idleFor,
			MaxResponseHeaderBytes: maxResponseHeader,
			DisableCompression:     true,
			ForceAttemptHTTP2:      false,
			Protocols:              http1Only(),
			WriteBufferSize:        4 << 10,
			ReadBufferSize:         4 << 10,
		},
		lean: &http1.Pool{
			Dial: guarded.DialContext, Handshake: max(k.connect, 0),
			IdleFor: idleFor, IdlePerHost: idlePerHost, HeaderBytes: maxResponseHeader,
		},
		via: via,
	}
	if k.proxy == "" && !proxyInEnvironment(os.LookupEnv) {
		p.via = nil
	}
	return p
}

// proxyInEnvironment reports whether http.ProxyFromEnvironment may find one.
func proxyInEnvironment(env func(string) (string, bool)) bool {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		if v, _ := env(name); v != "" {
			return true
		}
	}
	return false
}

// GuardedTransport is a pool for other calls to addresses that an admin entered,
// such as webhooks: it refuses what providers are refused.
func GuardedTransport(private bool, connect time.Duration) *http.Transport {
	return transportKey{private: private, connect: connect}.open().full
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
