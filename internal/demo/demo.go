// Package demo has CloudTrail files, and lands a folder of such in S3 where
// CloudTrail itself puts them:
// AWSLogs/{account}/CloudTrail/{region}/{yyyy}/{MM}/{dd}/. It counts what it lands,
// so that a query can be held against it.
//
// The files in cloudtrail/ are from https://github.com/invictus-ir/aws_dataset,
// under the MIT license that is beside them: a simulated attack on a test
// account, by Stratus Red Team.
package demo

import (
	"embed"
	"io/fs"
)

//go:embed cloudtrail/*.json.gz
var shipped embed.FS

// Shipped are the CloudTrail files that come with the program.
func Shipped() fs.FS {
	sub, err := fs.Sub(shipped, "cloudtrail")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}
