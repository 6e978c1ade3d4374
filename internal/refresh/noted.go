package refresh

import (
	"log/slog"
	"time"

	"athenarefresh/internal/event"
)

// Noted is a record that was parked or is to be tried again, as the log has it.
// Bucket, key and what is said of them were written by strangers.
type Noted struct {
	At          time.Time
	Outcome     string // "park" or "retry"
	Reason      Reason
	Why         string // what the reason doesn't say; "": nothing
	Message     string // its id
	Bucket, Key string // "" where the body names none
	Records     int    // that are the same: those of a body that is no notification
}

// tell tells who watches of a record. What is ignored is nothing to look into.
func (s *settling) tell(level slog.Level, outcome string, reason Reason, detail string, e *event.Record) {
	if s.noted == nil || level < slog.LevelInfo {
		return
	}
	s.noted(Noted{At: time.Now(), Outcome: outcome, Reason: reason, Why: detail, Message: s.id, Bucket: e.Bucket, Key: e.Key, Records: e.Count})
}
