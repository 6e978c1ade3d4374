package lambda

import (
	"fmt"
	"log/slog"

	"athenarefresh/internal/config"
)

// instances is how many of a function may run at once where the queue is the
// trigger: the least that an event source mapping's maximum concurrency can be
// (docs/aws-facts.md 3.3).
const instances = 2

// Settings are the answer to a probe, and the log's line at a cold start. Its
// members' names stay. When the function is invoked isn't among them: it doesn't
// know, its schedule and trigger do.
type Settings struct {
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

// Settings returns what the function runs with.
func (h *Handler) Settings() Settings {
	c := h.Config
	return Settings{
		Version: h.Version, Function: c.FunctionName, Prefix: c.Prefix, Region: c.Region,
		Queue: c.Queue, DeadLetterQueue: c.DeadLetterQueue, Database: c.Database, WorkGroup: c.WorkGroup, ResultsBucket: c.ResultsBucket,
		Buckets: len(c.Buckets), Enabled: c.Enabled, Trigger: string(c.Trigger), Catalog: string(c.Catalog),
		StatementsInFlight: c.StatementsInFlight, Timeout: int(c.Timeout.Seconds()), MemoryMB: c.MemoryMB,
		LogLevel: levelName(c.LogLevel), EnableMetrics: c.EnableMetrics,
	}
}

func levelName(l slog.Level) string {
	if l == slog.LevelDebug {
		return "debug"
	}
	return "info"
}

// Introduce writes the settings to the log, at a cold start.
func (h *Handler) Introduce() {
	h.Log.Info("cold start", "settings", h.Settings(), "statements", statements(h.Config))
}

// statements says how many statements the account may see of this function.
func statements(c *config.Config) string {
	if c.Trigger == config.TriggerQueue {
		return fmt.Sprintf("at most %d in flight in each instance; with the trigger's maximum concurrency of %d at most %d in all", c.StatementsInFlight, instances, instances*c.StatementsInFlight)
	}
	return fmt.Sprintf("at most %d in flight", c.StatementsInFlight)
}
