package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestProfilingIsForThisMachineOnly(t *testing.T) {
	t.Parallel()
	for addr, ok := range map[string]bool{
		"": true, "127.0.0.1:6060": true, "[::1]:0": true, "localhost:6060": true,
		":6060": false, "0.0.0.0:6060": false, "10.0.0.1:6060": false, "6060": false, "example.com:6060": false,
	} {
		if err := checkProfiling(addr); (err == nil) != ok {
			t.Errorf("--pprof %q: %v", addr, err)
		}
	}
	h := profilingHandler()
	for _, tt := range []struct {
		host, origin string
		status       int
	}{
		{"127.0.0.1:6060", "", http.StatusOK},
		{"localhost:6060", "", http.StatusOK},
		{"[::1]:6060", "", http.StatusOK},
		{"rebound.example.com:6060", "", http.StatusForbidden},
		{"127.0.0.1:6060", "https://example.com", http.StatusForbidden},
	} {
		r := httptest.NewRequest(http.MethodGet, "http://"+tt.host+"/debug/pprof/goroutine?debug=1", nil)
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tt.status {
			t.Errorf("host %s, origin %q: status %d, want %d", tt.host, tt.origin, w.Code, tt.status)
		}
	}
}
