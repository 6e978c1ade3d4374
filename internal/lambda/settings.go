package lambda

import (
	"fmt"

	"athenarefresh/internal/config"
)

// instances is how many of a function may run at once where the queue is the
// trigger: the least that an event source mapping's maximum concurrency can be
// (docs/aws-facts.md 3.3).
const instances = 2

// Introduce writes the settings to the log, at a cold start.
func (h *Handler) Introduce() {
	h.Log.Info("cold start", "settings", h.Config.Running(h.Version), "statements", statements(h.Config))
}

// statements says how many statements the account may see of this function.
func statements(c *config.Config) string {
	if c.Trigger == config.TriggerQueue {
		return fmt.Sprintf("at most %d in flight in each instance; with the trigger's maximum concurrency of %d at most %d in all", c.StatementsInFlight, instances, instances*c.StatementsInFlight)
	}
	return fmt.Sprintf("at most %d in flight", c.StatementsInFlight)
}
