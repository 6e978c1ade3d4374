package deploy

import (
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/schedule"
)

// PackageFile is where the function's zip is, in Terraform's folder. It is the
// same on every machine, as it is a part of the state.
const PackageFile = "function.zip"

// Variables are the module's, for a configuration.
func Variables(c *config.Config, region string, a Architecture, b Bundle) map[string]any {
	return map[string]any{
		"prefix": c.Prefix, "account_id": c.Account, "region": region,
		"function_name": c.FunctionName, "queue_name": c.Queue, "dead_letter_queue_name": c.DeadLetterQueue,
		"database_name": c.Database, "workgroup_name": c.WorkGroup, "results_bucket": c.ResultsBucket,
		"data_buckets": slices.Sorted(slices.Values(c.BucketNames())), "tables": tables(c), "notify_from": append([]string{}, c.NotifyFrom...),
		"trigger": c.Trigger, "catalog": c.Catalog, "enabled": c.Enabled, "enable_metrics": c.EnableMetrics,
		"schedule_expression": c.Schedule.String(), "longest_pause_seconds": int(longestPause(c.Schedule) / time.Second),
		"reconcile_every": orNull(c.ReconcileEvery.String()),
		"memory_mb":       c.MemoryMB, "timeout_seconds": int(c.Timeout / time.Second),
		"architecture": a, "package_file": PackageFile, "package_hash": b.Hash,
		"kms_key_arn": orNull(c.KMSKeyARN), "alarm_topic_arn": orNull(c.AlarmTopicARN),
		"tags": map[string]string{"deployed-by": "athena-refresh"}, // whoever finds them in a bill
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// tables are those that the rules name: nil, every table, if a layout captures
// names, and none where every rule ignores.
func tables(c *config.Config) []string {
	names := []string{}
	for _, b := range c.Buckets {
		for _, r := range b.Rules {
			switch {
			case r.Ignore:
			case r.Table == "" || strings.Contains(r.Table, "{"):
				return nil
			case !slices.Contains(names, strings.ToLower(r.Table)):
				names = append(names, strings.ToLower(r.Table))
			}
		}
	}
	slices.Sort(names)
	return names
}

// pauses is how many runs of a schedule are looked at for the longest pause: a
// year of it or a few weeks, whichever is less.
const pauses = 3000

// longestPause is the longest time between two runs. It begins at a time that
// stays the same, so that two deployments find the same.
func longestPause(s schedule.Schedule) time.Duration {
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	longest := time.Minute
	at, ok := s.Next(begin)
	for range pauses {
		next, more := time.Time{}, false
		if ok {
			next, more = s.Next(at)
		}
		if !more || next.Sub(begin) > 366*24*time.Hour {
			break
		}
		longest = max(longest, next.Sub(at))
		at = next
	}
	return longest
}
