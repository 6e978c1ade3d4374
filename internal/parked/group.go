package parked

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// mostExamples are shown of a group.
const mostExamples = 3

// Group is copies that are here for the same reason, of one table and bucket. A
// copy of several records may be in several groups.
type Group struct {
	Reason   refresh.Reason `json:"reason"`         // "": nobody knows
	Table    string         `json:"table"`          // "" where the reason names none
	Bucket   string         `json:"bucket"`         // of the objects
	Copies   int            `json:"copies"`         // messages in the dead-letter queue
	Placed   int            `json:"placed"`         // of these: have a place by the configuration of today
	Now      refresh.Reason `json:"now,omitempty"`  // why today's configuration has no place for some of them, if for another reason
	Examples []string       `json:"examples"`       // keys, at most three
	Folder   string         `json:"folder"`         // that all keys have in common, "" or "…/"
	First    time.Time      `json:"first,omitzero"` // when the first of them was parked; of what SQS moved, when it came to the queue
	Last     time.Time      `json:"last,omitzero"`  // likewise, the last of them
}

// Groups sorts copies by why they are here, the largest group first.
func Groups(copies []Copy, router *table.Router) []Group {
	type id struct {
		reason        refresh.Reason
		table, bucket string
	}
	var groups []Group
	at := map[id]int{}
	for i := range copies {
		for _, f := range Describe(&copies[i], router) {
			k := id{f.Reason, f.Table, f.Bucket}
			n, ok := at[k]
			if !ok {
				n = len(groups)
				at[k] = n
				groups = append(groups, Group{Reason: f.Reason, Table: f.Table, Bucket: f.Bucket, Examples: []string{}})
			}
			groups[n].add(f, copies[i].Sent, router)
		}
	}
	for _, g := range groups {
		slices.Sort(g.Examples)
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Copies, a.Copies), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Bucket, b.Bucket))
	})
	return groups
}

// Today says what the configuration of today makes of a group's objects; "" where it
// has no place for them, for the same reason.
func (g *Group) Today() string {
	switch g.Placed {
	case 0:
		return string(g.Now)
	case g.Copies:
		return "has a place"
	}
	return fmt.Sprintf("%d have a place", g.Placed)
}

func (g *Group) add(f Finding, sent time.Time, router *table.Router) {
	folder := f.Key[:strings.LastIndexByte(f.Key, '/')+1]
	if g.Folder = common(g.Folder, folder); g.Copies == 0 {
		g.Folder = folder
	}
	if g.Copies++; !sent.IsZero() {
		if g.First.IsZero() || sent.Before(g.First) {
			g.First = sent
		}
		if sent.After(g.Last) {
			g.Last = sent
		}
	}
	if f.Placed {
		g.Placed++
	} else if f.Key != "" {
		if now := refresh.Reason(router.Place(f.Bucket, f.Key).Reason); now != g.Reason {
			g.Now = now
		}
	}
	if f.Key != "" && len(g.Examples) < mostExamples && !slices.Contains(g.Examples, f.Key) {
		g.Examples = append(g.Examples, f.Key)
	}
}

// common is the folder that two folders lie in.
func common(a, b string) string {
	for !strings.HasPrefix(b, a) {
		a = a[:strings.LastIndexByte(strings.TrimSuffix(a, "/"), '/')+1]
	}
	return a
}

// Origins counts copies by how they came here.
func Origins(copies []Copy) map[Origin]int {
	counts := map[Origin]int{}
	for i := range copies {
		counts[copies[i].Origin()]++
	}
	return counts
}

// ReasonsFor are those that stand beside the copies whose bodies name an object: by
// its file, as a body may have the rest of the key encoded.
func ReasonsFor(copies []Copy, key string) (reasons []string) {
	for _, c := range copies {
		if c.Note == nil || !strings.Contains(c.Body, key[strings.LastIndexByte(key, '/')+1:]) {
			continue
		}
		for _, r := range c.Note.Reasons {
			reasons = append(reasons, string(r))
		}
	}
	return reasons
}
