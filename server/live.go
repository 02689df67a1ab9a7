package server

import (
	"context"

	"github.com/danielgtaylor/huma/v2/sse"
)

// liveNow sends what goes on, once a second.
func (s *Server) liveNow(_ context.Context, _ *empty, _ sse.Sender) {}

// tail sends requests as they end.
func (s *Server) tail(_ context.Context, _ *tailInput, _ sse.Sender) {}

// tailInput picks the requests to send; the dimensions are those of the list.
type tailInput struct {
	requestFilter
}

// Lost says that requests were left out of a live tail because they came
// faster than they could be sent.
type Lost struct {
	Requests int64 `json:"requests" doc:"How many, since the last such event"`
}
