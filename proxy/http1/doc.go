// Package http1 is a client for HTTP/1.1 at half the cost of net/http's.
//
// net/http gives each connection two goroutines and hands every request and
// answer from one to the other, which is what most of its work on a small call
// is. Here the caller's goroutine writes the request and reads the answer; what
// reads the answer is net/http's own parser (http.ReadResponse). A large body
// is written by a goroutine of its own, so that an answer that comes before all
// of it is sent is not waited for in vain.
//
// It does what a gateway needs of a client and no more: requests whose body has
// a known length, no proxies, no redirects, no HTTP/2, no repetition. Fits says
// which requests those are; net/http does the others.
package http1
