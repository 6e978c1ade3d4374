package statuspage

import (
	"fmt"

	"athenarefresh/internal/terminal"
)

// The chart's size, in the page's units: a bar is 12 wide, its room 68 high.
const (
	barWidth = 12
	floor    = 80.0
	room     = 68.0
)

// chart is messages a minute, as bars.
type chart struct {
	Bars []bar
	Most int    // messages in a minute
	From string // when the first begins
}

// bar is a minute: done at the bottom, then parked, then put off.
type bar struct {
	X     int
	Title string
	Parts []part
}

type part struct {
	Class     string
	Y, Height float64
}

func chartOf(list []Minute) (c chart) {
	for _, m := range list {
		c.Most = max(c.Most, m.Done+m.Parked+m.Retried)
	}
	if len(list) > 0 {
		c.From = list[0].Begun.Format("15:04 UTC")
	}
	for i, m := range list {
		b := bar{X: i * barWidth, Title: fmt.Sprintf("%s: %s done, %s parked, %s put off; %s partitions added",
			m.Begun.Format("15:04"), terminal.Thousands(m.Done), terminal.Thousands(m.Parked), terminal.Thousands(m.Retried), terminal.Thousands(m.Partitions))}
		top := floor
		for _, p := range []struct {
			class string
			n     int
		}{{"done", m.Done}, {"parked", m.Parked}, {"retried", m.Retried}} {
			if p.n == 0 {
				continue
			}
			height := max(1.5, room*float64(p.n)/float64(c.Most)) // one among thousands is still seen
			top -= height
			b.Parts = append(b.Parts, part{p.class, top, height})
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}
