// Package conf is the default configuration, as part of the program.
package conf

import "embed"

// Files are global.json and lambda.json.
//
//go:embed global.json lambda.json
var Files embed.FS
