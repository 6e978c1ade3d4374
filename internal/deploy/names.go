package deploy

import (
	"fmt"
	"strings"

	"athenarefresh/internal/config"
)

// StateKey is where our state is in the state bucket. StreamAlert's own is
// beside it, and never touched.
const StateKey = "athena-refresh/terraform.tfstate"

// StateBucket is the bucket for Terraform's state, StreamAlert's of old.
func StateBucket(c *config.Config) string { return c.Prefix + ".streamalert.terraform.state" }

// QueueARN is the ARN of the configuration's queue.
func QueueARN(c *config.Config, region string) string {
	return fmt.Sprintf("arn:%s:sqs:%s:%s:%s", partition(region), region, c.Account, c.Queue)
}

// partitions are the parts of AWS that aren't "aws", by how their regions begin
// (the SDK's table of partitions).
var partitions = map[string]string{
	"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc",
	"us-iso-": "aws-iso", "us-isob-": "aws-iso-b", "eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f",
}

// partition is the part of AWS that a region is in.
func partition(region string) string {
	for begin, name := range partitions {
		if strings.HasPrefix(region, begin) {
			return name
		}
	}
	return "aws"
}
