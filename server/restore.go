package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/posthouse/posthouse/server/store"
)

// restorePath takes a backup. It is not an operation of the API: the body is a
// file of any size that is written to the disk as it comes.
const restorePath = "/api/restore"

// restoreLimit is the largest backup that is taken, in bytes: far above what
// any installation has.
const restoreLimit = 64 << 30

// RestoreState says whether the next start restores a backup.
type RestoreState struct {
	Staged bool      `json:"staged" doc:"The next start puts a backup in place of what is there"`
	At     time.Time `json:"at,omitzero" doc:"When it was uploaded"`
}

type restoreOutput struct{ Body RestoreState }

// restoreState says whether a restore waits for the next start.
func (s *Server) restoreState(context.Context, *empty) (*restoreOutput, error) {
	at, err := store.StagedRestore(s.opts.DataDir)
	return &restoreOutput{Body: RestoreState{Staged: !at.IsZero(), At: at}}, err
}

// cancelRestore gives up the restore that waits.
func (s *Server) cancelRestore(ctx context.Context, _ *empty) (*restoreOutput, error) {
	if identityFrom(ctx).SessionID == "" {
		return nil, notASession()
	}
	if err := store.UnstageRestore(s.opts.DataDir); err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "the staged restore was given up", "by", identityFrom(ctx).Name, "ip", clientFrom(ctx).IP)
	return s.restoreState(ctx, nil)
}

// stageRestore checks a backup and has the next start put it in place: the
// files it replaces are in use now. Only a person may, and a broken or foreign
// file changes nothing.
func (s *Server) stageRestore(w http.ResponseWriter, r *http.Request) {
	who := identityFrom(r.Context())
	if who.SessionID == "" {
		writeProblem(w, notASession())
		return
	}
	if r.Header.Get("Content-Type") != "application/gzip" {
		writeProblem(w, problem(http.StatusUnsupportedMediaType, "content_type", "send the .tar.gz file with Content-Type: application/gzip"))
		return
	}
	control := http.NewResponseController(w)
	body := &patient{r: http.MaxBytesReader(w, r.Body, restoreLimit), control: control}
	s.staging.Lock()
	err := store.StageRestore(s.opts.DataDir, body)
	s.staging.Unlock()
	// A connection that cannot have deadlines (a test's recorder) has none to clear.
	_ = control.SetReadDeadline(time.Time{})
	var bad *store.BackupError
	switch {
	case errors.As(err, &bad):
		w.Header().Set("Connection", "close") // some of the file may still be on its way
		writeProblem(w, problem(http.StatusBadRequest, "bad_backup", "%s", bad))
		return
	case err != nil:
		s.log.ErrorContext(r.Context(), "the backup could not be staged", "request_id", clientFrom(r.Context()).RequestID, "error", err)
		w.Header().Set("Connection", "close")
		writeProblem(w, problem(http.StatusInternalServerError, "restore_failed", "the backup could not be unpacked: is the disk full? The log has more under the request id %s", clientFrom(r.Context()).RequestID))
		return
	}
	_, _ = io.Copy(io.Discard, body) // what tar leaves unread at the end
	s.log.WarnContext(r.Context(), "a backup was staged: the next start restores it", "by", who.Name, "ip", clientFrom(r.Context()).IP)
	w.WriteHeader(http.StatusNoContent)
}
