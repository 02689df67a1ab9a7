// Package sse reads server-sent events (WHATWG HTML, section "Server-sent
// events") as a relay needs them: each event comes with its raw bytes, so that
// it can be passed on unchanged, and with its data as a parser sees it. Lines
// may end in LF, CR or CRLF, events may span any number of reads, and one
// event may be as large as the caller allows.
package sse
