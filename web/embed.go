// Package web holds the built console, so that the binary needs no files
// beside it. The sources are in this folder; npm run build writes dist.
package web

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist is the built console: index.html and what it loads.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		// Only a malformed path can fail, and this one is a constant.
		panic(fmt.Sprintf("built console: %v", err))
	}
	return sub
}
