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

// partition is the part of AWS that a region is in.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
