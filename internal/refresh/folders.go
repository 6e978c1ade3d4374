package refresh

import (
	"strings"
	"sync"

	"athenarefresh/internal/table"
)

// mostFolders bounds the folders that are kept in mind.
const mostFolders = 50_000

// folders is the short way for the many objects of a few folders: a folder
// whose files are all placed alike, and the partition that it was found to be.
// It answers nothing by itself: whether the partition is still known, and by a
// reading that still counts, is its planner's to say.
type folders struct {
	mu sync.RWMutex
	at map[folder]*folderKnown
}

type folder struct{ bucket, path string }

type folderKnown struct {
	t *planner
	k *known
}

// Reroute has objects placed by another router from now on. Those that are placed
// already, and wait, are added where they were placed; what is known of the
// catalog's partitions holds, what was learned of folders doesn't.
func (r *Refresher) Reroute(router *table.Router) {
	r.routing.Lock()
	defer r.routing.Unlock()
	r.o.Router = router
	r.folders.mu.Lock()
	defer r.folders.mu.Unlock()
	clear(r.folders.at)
}

func (r *Refresher) route(o Object) table.Placement {
	r.routing.RLock()
	defer r.routing.RUnlock()
	return r.o.Router.Place(o.Bucket, o.Key)
}

// recall implements asker.
func (r *Refresher) recall(bucket, key string) bool {
	i := strings.LastIndexByte(key, '/') + 1
	r.folders.mu.RLock()
	f := r.folders.at[folder{bucket, key[:i]}]
	r.folders.mu.RUnlock()
	return f != nil && table.PlainFile(key[i:]) && f.t.stillKnown(f.k)
}

// stillKnown says whether a remembered partition counts as being there, and
// notes that it was wanted.
func (t *planner) stillKnown(k *known) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known.byValues[k.identity] == k && t.counts(k)
}

// counts says whether k was read so lately that it counts. Its caller holds t.mu.
func (t *planner) counts(k *known) bool {
	now := wall()
	if !freshAt(now, t.facts.read, factsFor) || !freshAt(now, k.read, confirmedFor) {
		return false
	}
	k.wanted = now
	return true
}

// learn keeps in mind that a key's folder is a partition that is known.
func (r *Refresher) learn(bucket, key string, t *planner, k *known) {
	path, file, alike := r.o.Router.Folder(bucket, key)
	if !alike || !table.PlainFile(file) {
		return
	}
	r.folders.mu.Lock()
	defer r.folders.mu.Unlock()
	if len(r.folders.at) >= mostFolders || r.folders.at == nil {
		r.folders.at = map[folder]*folderKnown{} // the used ones are soon back
	}
	r.folders.at[folder{strings.Clone(bucket), strings.Clone(path)}] = &folderKnown{t, k} // not parts of the body
}
