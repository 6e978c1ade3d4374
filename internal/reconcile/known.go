package reconcile

import (
	"hash/maphash"
	"sync"
)

// known is what the catalog has and S3 shows of all tables' partitions: two
// hashes for each, however long its values and its location are, about 25 bytes.
//
// Of a million partitions the chance that any two are taken for each other is
// one in thirty million, and then both have to be in the same folder to hide
// that one of them is missing.
type known struct {
	seed maphash.Seed

	mu sync.Mutex
	at map[uint64]mark // by table and identity
}

// mark is the hash of a location, but for its last two bits.
type mark uint64

const (
	seen   mark = 1 << iota // S3 shows the partition
	wanted                  // and only S3 does: the catalog didn't have it
	flags  = seen | wanted
)

func newKnown() *known { return &known{seed: maphash.MakeSeed(), at: map[uint64]mark{}} }

func (k *known) partition(table, identity string) uint64 {
	var h maphash.Hash
	h.SetSeed(k.seed)
	h.WriteString(table)
	h.WriteByte(0)
	h.WriteString(identity)
	return h.Sum64()
}

func (k *known) location(folder string) mark {
	return mark(maphash.String(k.seed, folder)) &^ flags
}

// inCatalog notes where the catalog has a partition. If it has the partition twice,
// as 1 and as 01, the one counts that we would write.
func (k *known) inCatalog(table, identity, folder string, canonical bool) {
	h := k.partition(table, identity)
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, twice := k.at[h]; !twice || canonical {
		k.at[h] = k.location(folder)
	}
}

// sighting is what was known of a partition that S3 shows.
type sighting int

const (
	alike   sighting = iota // it is known to be in this folder
	strange                 // the catalog has it elsewhere, or it is new
	rival                   // it is new, and S3 shows it in another folder too
)

// inS3 notes that S3 shows a partition in a folder.
func (k *known) inS3(table, identity, folder string) sighting {
	h, here := k.partition(table, identity), k.location(folder)
	k.mu.Lock()
	defer k.mu.Unlock()
	m, ok := k.at[h]
	switch {
	case ok && m&^flags == here:
		k.at[h] = m | seen
		return alike
	case !ok:
		k.at[h] = here | seen | wanted
		return strange
	case m&wanted != 0:
		return rival
	}
	k.at[h] = m | seen
	return strange
}

// unseen says whether the catalog has a partition that S3 doesn't show.
func (k *known) unseen(table, identity string) bool {
	h := k.partition(table, identity)
	k.mu.Lock()
	defer k.mu.Unlock()
	m, ok := k.at[h]
	return ok && m&seen == 0
}

// anyUnseen says whether there is one at all.
func (k *known) anyUnseen() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range k.at {
		if m&seen == 0 {
			return true
		}
	}
	return false
}
