//go:build cgo && linux

package main

// DuckDB's binding has the linker export all of DuckDB from the program, for
// extensions that could be loaded. None ever is, and every start would sort 59,000
// names: half of its time, and 6 MB.

// #cgo LDFLAGS: -Wl,--no-export-dynamic
import "C"
