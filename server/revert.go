package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/posthouse/posthouse/server/store"
)

type revertInput struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		Force bool `json:"force,omitempty" doc:"Also where an item was changed again since; what was done to it since is undone too"`
	}
}

type revertOutput struct {
	Body struct {
		Lost []string `json:"lost" doc:"What could not be brought back, since no revision holds secrets"`
	}
}

// revertRevision undoes one change: its items become what they were before,
// all of them or none.
func (s *Server) revertRevision(ctx context.Context, in *revertInput) (*revertOutput, error) {
	revision, err := s.opts.Store.Revision(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &revertOutput{}
	err = s.change(ctx, fmt.Sprintf("revert change %d: %s", revision.ID, revision.Summary), place{}, func(tx *store.Tx) error {
		out.Body.Lost = []string{}
		for i := len(revision.Items) - 1; i >= 0; i-- {
			lost, err := tx.Revert(revision.Items[i], in.Body.Force)
			if err != nil {
				return err
			}
			out.Body.Lost = append(out.Body.Lost, lost...)
		}
		return nil
	})
	var since *store.ChangedSinceError
	switch {
	case errors.As(err, &since):
		return nil, problem(http.StatusConflict, "changed_since", "%s: revert that first, or say that it is to be undone too", since)
	case errors.Is(err, store.ErrNotRevertible):
		return nil, problem(http.StatusConflict, "not_revertible", "%s", store.ErrNotRevertible)
	case err != nil:
		return nil, err
	}
	return out, nil
}
