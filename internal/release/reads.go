package release

import (
	"context"
	"path"
	"strings"

	"github.com/modelops/modelops/gitops"
)

// What commands read of a deployment repository, as patterns for gitops.Snapshot.Load. They only say what to fetch
// together from a remote without a clone: what is missing here costs a round trip, and nothing else.

// PlanReads is what deciding a change of the selected models reads; selectors are TEAM, TEAM/MODEL or globs of them.
func PlanReads(selectors []string) []string {
	out := []string{PlatformFile, "standards/**"}
	for _, s := range selectors {
		team, model := splitSelector(s)
		out = append(out, "tenants/"+team+"/team.yaml", "tenants/"+team+"/holds/**", "models/"+team+"/"+model+"/**")
	}
	return out
}

// StatusReads is what the status of the selected models reads: records, releases and specs, not what was rendered.
func StatusReads(selectors []string) []string {
	out := []string{PlatformFile, "standards/**"}
	if len(selectors) == 0 {
		selectors = []string{"*"}
	}
	for _, s := range selectors {
		team, model := splitSelector(s)
		at := "models/" + team + "/" + model
		out = append(out, "tenants/"+team+"/team.yaml", "tenants/"+team+"/holds/**", at+"/model.yaml", at+"/patches/**", at+"/state/*", at+"/*/release.yaml")
	}
	return out
}

func splitSelector(s string) (team, model string) {
	team, model = path.Split(strings.TrimSuffix(s, "/"))
	if team == "" {
		return model, "*"
	}
	return strings.TrimSuffix(team, "/"), model
}

// readerFor reads what a change of some models will be decided on, together.
func readerFor(ctx context.Context, snap *gitops.Snapshot, models ...string) (*Reader, error) {
	if err := snap.Load(ctx, PlanReads(models)...); err != nil {
		return nil, err
	}
	return NewReader(ctx, snap), nil
}
