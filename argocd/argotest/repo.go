package argotest

import (
	"context"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/modelops/modelops/argocd"
)

// Repo is a branch in memory: a line of commits, each with the objects of every folder. It serves where a test is about
// Argo CD and not about Git.
type Repo struct {
	mu      sync.Mutex
	commits []commit
}

type commit struct {
	id      string
	folders map[string]string
}

// Commit writes the objects of one folder and gives the new commit's id. Without objects the folder is removed.
func (r *Repo) Commit(path string, objects ...map[string]any) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	folders := map[string]string{}
	if n := len(r.commits); n > 0 {
		for name, content := range r.commits[n-1].folders {
			folders[name] = content
		}
	}
	delete(folders, path)
	if len(objects) > 0 {
		folders[path] = encode(objects)
	}
	id := fmt.Sprintf("%x", sha1.Sum([]byte(fmt.Sprint(len(r.commits), path, folders[path]))))
	r.commits = append(r.commits, commit{id: id, folders: folders})
	return id
}

// Head is the newest commit's id.
func (r *Repo) Head() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.commits) == 0 {
		return ""
	}
	return r.commits[len(r.commits)-1].id
}

// Build is a [Builder]: any name that is no commit's id is the branch.
func (r *Repo) Build(_ context.Context, _, revision, path string) ([]map[string]any, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.index(revision)
	if at < 0 {
		if len(revision) == 40 {
			return nil, "", fmt.Errorf("failed to resolve revision %q", revision)
		}
		at = len(r.commits) - 1
	}
	if at < 0 {
		return nil, "", fmt.Errorf("repository is empty")
	}
	content, ok := r.commits[at].folders[path]
	if !ok {
		return nil, r.commits[at].id, fmt.Errorf("%s: app path does not exist", path)
	}
	var objects []map[string]any
	if err := json.Unmarshal([]byte(content), &objects); err != nil {
		return nil, "", err
	}
	return objects, r.commits[at].id, nil
}

func (r *Repo) index(id string) int {
	for i, c := range r.commits {
		if c.id == id {
			return i
		}
	}
	return -1
}

// Contains gives the function that a [argocd.Want] needs for a folder at a commit.
func (r *Repo) Contains(wanted, path string) func(context.Context, string) (argocd.Relation, error) {
	return func(_ context.Context, revision string) (argocd.Relation, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		ours, at := r.index(wanted), r.index(revision)
		switch {
		case ours < 0 || at < 0:
			return argocd.RelationUnknown, nil
		case at < ours:
			return argocd.RelationOlder, nil
		case at == ours:
			return argocd.RelationSame, nil
		case r.commits[at].folders[path] == r.commits[ours].folders[path]:
			return argocd.RelationDescendant, nil
		}
		return argocd.RelationSuperseded, nil
	}
}

// encode writes a value as JSON with sorted keys, so that equal values are equal text.
func encode(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		// Only what was decoded from JSON or YAML comes here; anything else differs from everything.
		return fmt.Sprintf("%p", v)
	}
	return string(data)
}
