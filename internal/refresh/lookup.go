package refresh

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// lookMost is the most partitions that one call looks up (BatchGetPartition,
// docs/aws-facts.md 6).
const lookMost = 1000

// lookUp answers the wants whose partitions exist, here or elsewhere, and
// returns those that are missing; with an error, those that it could not look
// up. What is remembered and due is read again on the way, the whole table's
// together.
func (t *planner) lookUp(ctx context.Context, tab Table, batch []*want) (missing []*want, err error) {
	var unread []*want
	for _, w := range batch {
		switch {
		case t.answerKnown(w):
		case w.absent:
			missing = append(missing, w)
		default:
			unread = append(unread, w)
		}
	}
	if len(unread) == 0 {
		return missing, nil
	}
	stale := t.dueAgain(unread)
	values := make([][]string, 0, len(unread)+len(stale))
	for _, w := range unread {
		values = append(values, spellings(&tab, w.part.Keys, w.part.Values)...)
	}
	for _, k := range stale {
		values = append(values, k.values)
	}
	found, err := t.read(ctx, tab, values)
	if err != nil {
		return append(missing, unread...), err
	}
	for _, k := range stale {
		t.reconfirm(k, found[k.identity])
	}
	absent, again := t.compare(ctx, tab, unread, found, false)
	t.putBack(again)
	for _, w := range absent {
		w.absent = true
	}
	return append(missing, absent...), nil
}

// read looks partitions up and returns where they are, by identity. What it
// finds was so at some moment after it began, which is all that its age is
// counted from.
func (t *planner) read(ctx context.Context, tab Table, values [][]string) (map[string]Partition, error) {
	t.asked = wall()
	found := make(map[string]Partition, len(values))
	for chunk := range slices.Chunk(values, lookMost) {
		parts, err := t.partitions(ctx, tab, chunk)
		if err != nil {
			return nil, fmt.Errorf("look up partitions of %s: %w", t.name, err)
		}
		for _, p := range parts {
			id, ok := tab.Identity(p.Values)
			if !ok {
				return nil, fmt.Errorf("look up partitions of %s: the catalog answered with values %q for the keys %s", t.name, p.Values, tab.keyList())
			}
			if at, twice := found[id]; twice && identity(at.Values) == id {
				continue // 1 and 01 are both there: the one that we would write counts
			}
			found[id] = p
		}
	}
	return found, nil
}

func (t *planner) partitions(ctx context.Context, tab Table, values [][]string) ([]Partition, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	return t.r.o.Catalog.Partitions(ctx, tab, values)
}

// Identity tells a partition from the table's others, by its values as the
// catalog has them: 1 and 01 are the same where the key is a number. False if
// these are not as many values as the table has keys.
func (tab *Table) Identity(stored []string) (string, bool) {
	if len(stored) != len(tab.Keys) {
		return "", false
	}
	values := make([]string, len(stored))
	for i, v := range stored {
		values[i] = v
		if s, ok := spell(tab.Keys[i].Type, v); ok { // else some other writer's
			values[i] = s[0]
		}
	}
	return identity(values), true
}

// compare answers the wants that were found, and returns the others. What it
// finds counts only if the table is still the one that was read before: if its
// facts have grown old meanwhile they are read again, and if it is another
// table, the wants start anew, once.
func (t *planner) compare(ctx context.Context, before Table, batch []*want, found map[string]Partition, added bool) (absent, again []*want) {
	if after, err := t.currentFacts(ctx); err != nil || after.ID != before.ID {
		return nil, t.anew(ctx, batch, err)
	}
	for _, w := range batch {
		p, ok := found[w.identity]
		switch {
		case !ok:
			absent = append(absent, w)
		case normalise(p.Location) != w.part.Location:
			t.remember(w, p)
			t.answer(w, conflict(w, p.Location))
		default:
			t.confirm(w, p, added)
		}
	}
	return absent, again
}

// anew returns the wants that start again because their table changed under
// them, and answers those for which that happened twice.
func (t *planner) anew(ctx context.Context, batch []*want, err error) (again []*want) {
	if err == nil {
		err = fmt.Errorf("table %s was re-created meanwhile", t.name)
	}
	for _, w := range batch {
		if w.again {
			t.fail(ctx, []*want{w}, err)
			continue
		}
		w.again, w.absent = true, false
		again = append(again, w)
	}
	return again
}

func conflict(w *want, elsewhere string) answer {
	return answer{reason: LocationConflict, detail: fmt.Sprintf("partition %s of table %s is at %q, the object is in %q",
		valuesText(w), w.part.Table, elsewhere, w.part.Location)}
}

func valuesText(w *want) string {
	var list []string
	for i, k := range w.part.Keys {
		list = append(list, fmt.Sprintf("%s=%q", k, w.part.Values[i]))
	}
	return strings.Join(list, ", ")
}

// confirm answers a want whose partition was read at its location, and
// remembers it.
func (t *planner) confirm(w *want, p Partition, added bool) {
	if added {
		t.r.tally.count(func(c *Tally) { c.added(t.name) })
	}
	t.remember(w, p)
	t.mu.Lock()
	delete(t.wants, w.key)
	delete(t.bad, w.identity)
	t.mu.Unlock()
	w.settle(answer{added: added, at: wall()})
}

// remember keeps what was just read of a want's partition, wherever it is: a
// conflict is not read again for every object either.
func (t *planner) remember(w *want, p Partition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known.remember(&known{
		identity: w.identity, values: p.Values, location: normalise(p.Location),
		keys: w.part.Keys, raw: w.part.Values, parquet: w.parquet, read: t.asked, wanted: wall(),
	})
}

// answerKnown answers a want from memory, if it holds the partition.
func (t *planner) answerKnown(w *want) bool {
	t.mu.Lock()
	k := t.known.byValues[w.identity]
	ok := k != nil && !w.anew && fresh(k.read, confirmedFor)
	if ok {
		k.wanted = wall()
		if k.location == w.part.Location {
			k.keys, k.raw, k.parquet = w.part.Keys, w.part.Values, w.parquet
			t.known.byFolder[k.location] = k
		}
	}
	t.mu.Unlock()
	switch {
	case !ok:
		return false
	case k.location != w.part.Location:
		t.answer(w, conflict(w, k.location))
	default:
		t.answer(w, answer{})
	}
	return true
}

// dueAgain returns what to read again beside the wants: if one of them is
// remembered but due, everything of the table that is in use.
func (t *planner) dueAgain(batch []*want) []*known {
	t.mu.Lock()
	defer t.mu.Unlock()
	asked := make(map[string]bool, len(batch))
	due := false
	for _, w := range batch {
		asked[w.identity] = true
		due = due || t.known.byValues[w.identity] != nil
	}
	if !due {
		return nil
	}
	return slices.DeleteFunc(t.known.inUse(), func(k *known) bool { return asked[k.identity] })
}

// reconfirm notes what was read again of a remembered partition.
func (t *planner) reconfirm(k *known, p Partition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if normalise(p.Location) == k.location {
		k.read = t.asked
		return
	}
	t.known.drop(k)
}

// readBack looks up what was just added, whatever Add said, and returns what
// is not there.
func (t *planner) readBack(ctx context.Context, tab Table, batch []*want) (left []*want, err error) {
	values := make([][]string, 0, len(batch))
	for _, w := range batch {
		values = append(values, spellings(&tab, w.part.Keys, w.part.Values)...)
	}
	found, err := t.read(ctx, tab, values)
	if err != nil {
		return batch, err
	}
	left, again := t.compare(ctx, tab, batch, found, true)
	t.putBack(again)
	return left, nil
}
