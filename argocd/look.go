package argocd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
)

// maxPods bounds how many pods of one rollout are read at a look: they fail alike.
const maxPods = 3

// askAgain is how long an answer "unknown" about a revision is kept: asking may mean a fetch.
const askAgain = 5 * time.Second

// look gathers one State. What cannot be read stays unknown in it; only errors that end the call are returned.
func (r *run) look(ctx context.Context, refresh bool) (State, error) {
	app, err := r.get(ctx, r.app, refresh)
	if err != nil {
		var gone *notFoundError
		if errors.As(err, &gone) {
			return State{}, &NoAppError{Query: Query{Name: r.app.Name, Project: r.app.Project, Path: r.app.Path}, Seen: 1, Near: []string{gone.detail}}
		}
		return State{}, err
	}
	s := readApp(app, r.app.Source)
	s.Relation, s.RelationError = r.place(ctx, s.Revision)
	if s.Operation != nil {
		s.Operation.Relation, _ = r.place(ctx, s.Operation.Revision)
	}
	causes, err := r.troubles(ctx, app, &s)
	if err != nil {
		return State{}, err
	}
	s.Findings = r.observe(causes)
	return s, ctx.Err()
}

// place asks the caller how a revision relates to the wanted commit, and keeps the answer.
func (r *run) place(ctx context.Context, revision string) (Relation, string) {
	if revision == "" {
		return RelationUnknown, ""
	}
	if revision == r.want.Commit {
		return RelationSame, ""
	}
	known, ok := r.placed[revision]
	if ok && (known.relation != RelationUnknown || r.opts.Now().Sub(known.asked) < askAgain) {
		return known.relation, known.problem
	}
	relation, err := r.want.Contains(ctx, revision)
	answer := placement{relation: relation, asked: r.opts.Now()}
	if err != nil {
		answer.relation, answer.problem = RelationUnknown, err.Error()
	}
	r.placed[revision] = answer
	return answer.relation, answer.problem
}

type placement struct {
	relation Relation
	problem  string
	asked    time.Time
}

// troubles reads the live workload, and what keeps it from becoming healthy.
func (r *run) troubles(ctx context.Context, app *v1alpha1.Application, s *State) ([]Cause, error) {
	var causes []Cause
	if s.Comparison != "" {
		causes = append(causes, Cause{Kind: CauseComparison, Message: s.Comparison})
	}
	if !s.Relation.Ours() {
		return causes, nil
	}
	if stalled(*s) {
		causes = append(causes, Cause{Kind: CauseStalled, Message: fmt.Sprintf(
			"the operation on %s failed and none follows, since Argo CD sees no difference: somebody has to sync", short(s.Operation.Revision))})
	}
	if unequal(*s) {
		causes = append(causes, Cause{Kind: CauseMismatch, Message: "still OutOfSync after a sync that succeeded: " + names(s.Unequal)})
	}
	own, err := r.readLive(ctx, s)
	if err != nil || s.Workload == nil {
		return causes, err
	}
	if why := mismatch(r.want, s.Workload); why != "" {
		if s.SyncStatus == "Synced" && s.assessed() && !s.Operation.Running() {
			causes = append(causes, Cause{Kind: CauseMismatch, Object: s.Workload.Object, Message: why + ", although it is Synced" + r.overridden()})
		}
		return causes, nil
	}
	causes = append(causes, own...)
	if s.assessed() {
		causes = append(causes, degraded(app)...)
	}
	if ruleReplicas(r.want, r.p, *s) == nil {
		return causes, nil
	}
	more, err := r.readPods(ctx, s.Workload)
	return append(causes, more...), err
}

// overridden points at settings on the Application, which are the likely reason for a mismatch.
func (r *run) overridden() string {
	if len(r.app.Overrides) == 0 {
		return ""
	}
	return " (on the Application: " + strings.Join(r.app.Overrides, ", ") + ")"
}

func (r *run) readLive(ctx context.Context, s *State) ([]Cause, error) {
	o := r.want.object()
	manifest, err := r.resource(ctx, r.app, o, "v1")
	if err != nil {
		s.WorkloadError = err.Error()
		return nil, r.tolerate(err)
	}
	workload, causes, err := readWorkload(manifest, o, r.want.container())
	if err != nil {
		s.WorkloadError = err.Error()
		return nil, nil
	}
	s.Workload = workload
	return causes, nil
}

// readPods reads the newest rollout's pods that are not healthy.
func (r *run) readPods(ctx context.Context, w *Workload) ([]Cause, error) {
	if w.ObservedGeneration != w.Generation {
		return nil, nil
	}
	tree, err := r.tree(ctx, r.app)
	if err != nil {
		return nil, r.tolerate(err)
	}
	r.rollout, r.pods = newest(tree, w), nil
	var causes []Cause
	if rs := r.rollout.replicaSet; rs != nil && rs.degraded {
		causes = append(causes, refusal(rs.Object, rs.message))
	}
	for _, n := range r.rollout.pods {
		if n.healthy || len(r.pods) == maxPods {
			continue
		}
		found, err := r.readPod(ctx, n)
		if err != nil {
			return causes, err
		}
		causes = append(causes, found...)
	}
	return causes, nil
}

func (r *run) readPod(ctx context.Context, n node) ([]Cause, error) {
	manifest, err := r.resource(ctx, r.app, n.Object, "v1")
	if err != nil {
		return nil, r.tolerate(err) // pods come and go
	}
	pod, causes, err := readPod(manifest, n.Object)
	if err != nil {
		r.note("warning", err.Error())
		return nil, nil
	}
	r.pods = append(r.pods, pod)
	if len(causes) > 0 || !pod.starting() {
		return causes, nil
	}
	return r.mountTrouble(ctx, n)
}

// mountTrouble looks for the only place where a volume that cannot be mounted shows: the pod's events.
func (r *run) mountTrouble(ctx context.Context, n node) ([]Cause, error) {
	list, err := r.events(ctx, r.app, n.Object, n.uid)
	if err != nil {
		return nil, r.tolerate(err)
	}
	for _, e := range list.Items {
		switch e.Reason {
		case "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "FailedMapVolume":
			return []Cause{{Kind: CauseContainerConfig, Object: n.Object, Message: e.Reason + ": " + e.Message}}, nil
		}
	}
	return nil, nil
}

// tolerate keeps going where one thing cannot be read: it stays unknown, which is never success. A lost sign-in and an
// unreachable server end the call.
func (r *run) tolerate(err error) error {
	var denied *PermissionError
	if errors.As(err, &denied) {
		r.note("denied", "needs "+denied.Right)
		return nil
	}
	if asType[*ServerError](err) || asType[*notFoundError](err) {
		return nil
	}
	return err
}

// causeKey tells causes apart while pods are replaced by others with the same trouble.
type causeKey struct {
	kind              CauseKind
	object, container string
}

// observe says of each cause how long it has been there.
func (r *run) observe(causes []Cause) []Finding {
	now := r.opts.Now()
	seen := make(map[causeKey]time.Time, len(causes))
	out := make([]Finding, 0, len(causes))
	for _, c := range causes {
		key := causeKey{c.Kind, c.Object.Kind, c.Container}
		since, ok := r.seen[key]
		if !ok {
			since = now
		}
		seen[key] = since
		out = append(out, Finding{Cause: c, Seen: now.Sub(since)})
	}
	r.seen = seen
	return out
}

func names(objects []Object) string {
	var out []string
	for _, o := range objects {
		out = append(out, o.String())
	}
	return orText(strings.Join(out, ", "), "objects are not named")
}
