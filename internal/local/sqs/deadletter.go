package sqs

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// deadLetterQueue is the one that q's redrive policy names; nil if there is no
// policy, or no such queue any more: then messages stay where they are.
func (q *queue) deadLetterQueue() *queue {
	policy := q.settings.Load().redrive
	if policy == nil {
		return nil
	}
	return q.store.byARN(policy.target)
}

// redrive moves messages whose receives are spent, which are nobody's, to the
// dead-letter queue. They keep their ids, their ages and their receives.
func (q *queue) redrive(to *queue, dead []*message) error {
	err := q.store.Update(func(tx *bbolt.Tx) error {
		var numbers []uint64
		contents, _ := q.buckets(tx)
		for _, m := range dead {
			numbers = append(numbers, m.number)
			c, err := readContent(contents, m.number)
			if err != nil {
				return err
			}
			if c == nil {
				continue
			}
			st := m.state
			c.Source, st.visible = q.arn, 0
			if err := to.put(tx, *c, st); err != nil {
				return err
			}
		}
		return q.erase(tx, numbers)
	})
	if err != nil {
		q.restore(dead)
		return fmt.Errorf("move to the dead-letter queue: %w", err)
	}
	return nil
}

// restore gives back messages that were nobody's.
func (q *queue) restore(messages []*message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range messages {
		if q.messages[m.number] == m {
			q.show(m)
		}
	}
}

// exhausted takes those of the next messages whose receives are spent.
func (q *queue) exhausted(r receive) (dead []*message) {
	policy := q.settings.Load().redrive
	if !r.redrive || policy == nil {
		return nil
	}
	e := q.ready.Front()
	for n := r.max; e != nil && n > 0; n-- {
		m := e.Value.(*message)
		e = e.Next()
		if int(m.receives) >= policy.max {
			q.take(m)
			dead = append(dead, m)
		}
	}
	return dead
}
