package load

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// ReverseProxy is the yardstick: the standard library's reverse proxy and
// nothing else, with connections enough and each event flushed at once. Unless
// pipe is set, it reads a request's body before it passes the request on, as a
// gateway must that wants to send it twice. Piping the body is cheaper for
// large ones, but loses streams now and then (golang/go#40747).
func ReverseProxy(to *url.URL, pipe bool, log *slog.Logger) http.Handler {
	transport := &http.Transport{
		MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, IdleConnTimeout: 90 * time.Second, DisableCompression: true,
	}
	rp := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.URL.Path = r.In.URL.Path // the base URL's /v1 is in it already
		},
		Transport:     transport,
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelError),
	}
	if pipe {
		return rp
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client left
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		rp.ServeHTTP(w, r)
	})
}
