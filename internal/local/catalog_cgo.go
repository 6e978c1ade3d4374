//go:build cgo

package local

import "net/http"

func (s *Stack) openCatalog(o Options, services map[string]http.Handler) error { return nil }
