package coverage

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkMap is a page of 1,000 tables, 24 hours and 30 days of them.
func BenchmarkMap(b *testing.B) {
	m := New(rigRouter().Place)
	for i := range 1000 {
		for h := range 720 {
			at := now.Add(time.Duration(h-719) * time.Hour)
			m.placed("data", fmt.Sprintf("table_%03d/%s/x", i, at.Format("2006/01/02/15")), at, at.Add(-time.Second), true)
		}
	}
	for _, s := range Spans {
		b.Run(s.Name, func(b *testing.B) {
			for b.Loop() {
				m.Map(s, now)
			}
		})
	}
}

// BenchmarkNote is an object whose partition is known.
func BenchmarkNote(b *testing.B) {
	m := New(rigRouter().Place)
	for b.Loop() {
		m.placed("data", "table/2026/03/04/05/x", now, now, false)
	}
}
