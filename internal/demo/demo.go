// Package demo shows the whole path: it has CloudTrail files, or takes a folder of
// such, lands them in S3 where CloudTrail itself puts them,
// AWSLogs/{account}/CloudTrail/{region}/{yyyy}/{MM}/{dd}/, waits for the refresh, and
// holds what a query finds against what landed.
//
// The files in cloudtrail/ are from https://github.com/invictus-ir/aws_dataset,
// under the MIT license that is beside them: a simulated attack on a test
// account, by Stratus Red Team.
package demo

import (
	"embed"
	"fmt"
	"io/fs"
	"os"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/table"
)

//go:embed cloudtrail/*.json.gz
var shipped embed.FS

// Files are the CloudTrail files of a folder; "": those that come with the program.
func Files(folder string) (fs.FS, error) {
	if folder == "" {
		return fs.Sub(shipped, "cloudtrail")
	}
	switch info, err := os.Stat(folder); {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s: not a folder", folder)
	}
	return os.DirFS(folder), nil
}

// Table is the table to which the rules send what lands in a bucket.
func Table(rules *table.Router, bucket string) (string, error) {
	p := rules.Place(bucket, "AWSLogs/111122223333/CloudTrail/us-east-1/2023/07/10/x.json.gz")
	if p.Outcome != table.Place {
		return "", faults.Hint(fmt.Errorf("no table for s3://%s/AWSLogs/{account}/CloudTrail/{region}/{yyyy}/{MM}/{dd}/: %s", bucket, p.Reason),
			"where there is no folder conf, demo uses the configuration that it ships with")
	}
	return p.Partition.Table, nil
}
