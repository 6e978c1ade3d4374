// Package demo lands CloudTrail files in S3, in three ways at once:
//
//   - as CloudTrail itself lays them out, one document each, under
//     AWSLogs/{account}/CloudTrail/{region}/{yyyy}/{MM}/{dd}/;
//   - as StreamAlert's data bucket holds them, one event a line, under
//     cloudtrail_events/{yyyy}/{MM}/{dd}/{HH}/ by the hour of the event;
//   - as the alerts that a few stated rules make of them, under
//     alerts/{yyyy}/{MM}/{dd}/{HH}/.
//
// It counts what it lands, so that a query can be held against it. Files are
// read one at a time, so a folder of any size fits.
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
