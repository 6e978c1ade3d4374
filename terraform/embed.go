// Package terraform holds the Terraform module of everything that the function
// needs in an account, as `lambda deploy` uses it. README.md beside this says
// how to use the module by itself.
package terraform

import "embed"

// Files are the module's files, at the root.
//
//go:embed *.tf *.tf.json
var Files embed.FS
