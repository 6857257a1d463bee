//go:build tools

// Package tools pins Jaeger, which is built from source because no Python package carries it.
package tools

import _ "github.com/jaegertracing/jaeger/cmd/jaeger"
