package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posthouse/posthouse/server/store"
)

// writeIdle is the longest wait for a client to take the next piece.
const writeIdle = 30 * time.Second

// backup streams a backup of the data folder, without the key file: whoever
// finds it has no provider key. What fails before the first byte is a problem;
// what fails later breaks the download off, so that half a backup never looks
// like a whole one.
func (s *Server) backup(context.Context, *empty) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		w := &download{hc: hc, name: fmt.Sprintf("posthouse-backup-%s.tar.gz", s.now().UTC().Format("20060102-150405"))}
		err := s.opts.Store.Backup(hc.Context(), store.BackupOptions{W: w})
		if err == nil {
			return
		}
		id := clientFrom(hc.Context()).RequestID
		s.log.ErrorContext(hc.Context(), "the backup failed", "request_id", id, "error", err)
		if w.begun {
			panic(http.ErrAbortHandler)
		}
		p := toProblem(err, place{})
		if p == nil {
			p = problem(http.StatusInternalServerError, "backup_failed", "the backup could not be made; the log has more under the request id %s", id)
		}
		writeProblem(writerOf(hc), p)
	}}, nil
}

// download sends the headers of a file with its first byte.
type download struct {
	hc    huma.Context
	name  string
	begun bool
}

// Write implements io.Writer.
func (d *download) Write(p []byte) (int, error) {
	if !d.begun {
		d.begun = true
		d.hc.SetHeader("Content-Type", "application/gzip")
		d.hc.SetHeader("Content-Disposition", `attachment; filename="`+d.name+`"`)
		d.hc.SetStatus(http.StatusOK)
	}
	// A client that does not read must not hold the backup for ever. A
	// connection that cannot have deadlines (a test's recorder) does without.
	_ = http.NewResponseController(writerOf(d.hc)).SetWriteDeadline(time.Now().Add(writeIdle))
	return d.hc.BodyWriter().Write(p)
}

// writerOf is the connection's writer below a huma context.
func writerOf(hc huma.Context) http.ResponseWriter {
	return hc.BodyWriter().(http.ResponseWriter)
}
