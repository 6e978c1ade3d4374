package config

import "strings"

// Running is what the function says that it runs with: the answer to a probe, and
// the log's line at a cold start. Its members' names stay. When the function is
// invoked isn't among them: it doesn't know, its schedule and trigger do.
type Running struct {
	Version            string `json:"version"`
	Function           string `json:"function"`
	Prefix             string `json:"prefix"`
	Region             string `json:"region"`
	Queue              string `json:"queue"`
	DeadLetterQueue    string `json:"dead_letter_queue"`
	Database           string `json:"database"`
	WorkGroup          string `json:"workgroup"`
	ResultsBucket      string `json:"results_bucket"`
	Buckets            int    `json:"buckets"` // how many
	Enabled            bool   `json:"enabled"`
	Trigger            string `json:"trigger"`
	Catalog            string `json:"catalog"`
	StatementsInFlight int    `json:"statements_in_flight"`
	Timeout            int    `json:"timeout"` // seconds
	MemoryMB           int    `json:"memory"`
	LogLevel           string `json:"log_level"`
	EnableMetrics      bool   `json:"enable_metrics"`
}

// Running is what a program of a version says that runs with this configuration.
func (c *Config) Running(version string) Running {
	return Running{
		Version: version, Function: c.FunctionName, Prefix: c.Prefix, Region: c.Region,
		Queue: c.Queue, DeadLetterQueue: c.DeadLetterQueue, Database: c.Database, WorkGroup: c.WorkGroup, ResultsBucket: c.ResultsBucket,
		Buckets: len(c.Buckets), Enabled: c.Enabled, Trigger: string(c.Trigger), Catalog: string(c.Catalog),
		StatementsInFlight: c.StatementsInFlight, Timeout: int(c.Timeout.Seconds()), MemoryMB: c.MemoryMB,
		LogLevel: strings.ToLower(c.LogLevel.String()), EnableMetrics: c.EnableMetrics,
	}
}
