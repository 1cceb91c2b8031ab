package catalogue

import (
	"fmt"
	"slices"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO404", Name: "application-sync-policy", Severity: finding.Warning, Object: syncPolicy,
		What: "An Application that is synced by itself says prune and selfHeal, either way; allowEmpty is not true; with prune it has PruneLast=true; and it has none of Replace=true, Force=true, Validate=false and CreateNamespace=true. " +
			"An ApplicationSet keeps the objects when it is deleted (preserveResourcesOnDeletion: true).",
		Why: "Without selfHeal a change by hand stays until the next commit; allowEmpty and a deleted ApplicationSet take every model away at once; pruning first takes the old Service before the new one answers; " +
			"Replace writes over what autoscalers and others set, and Force deletes and creates what runs; and a namespace that Argo CD makes has no quota, no policies and no Pod Security level.",
		Fix:     "Set syncPolicy.automated: {prune: true, selfHeal: true, allowEmpty: false} and syncOptions: [PruneLast=true, CreateNamespace=false].",
		Sources: []string{"https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/", "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/", "https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Controlling-Resource-Modification/"}})
}

// harmful are sync options, with what comes of them.
var harmful = []struct{ option, what string }{
	{"Replace=true", "it writes over what others set, and may have to create objects anew"},
	{"Force=true", "it deletes and creates what runs"},
	{"Validate=false", "manifests that the API server would refuse are applied"},
	{"CreateNamespace=true", "a namespace that Argo CD makes has no quota, policies or Pod Security level"},
}

func syncPolicy(p *Pass, o *manifest.Object) {
	a, ok := applicationOf(o)
	if !ok {
		return
	}
	options := list(a.get("syncPolicy", "syncOptions"))
	for _, h := range harmful {
		if i := slices.Index(options, any(h.option)); i >= 0 {
			p.Report(o, fmt.Sprintf("sync option %s: %s", h.option, h.what), "take it out", a.in("syncPolicy", "syncOptions", i)...)
		}
	}
	if o.Kind == "ApplicationSet" && o.At("spec", "syncPolicy", "preserveResourcesOnDeletion") != true {
		p.Report(o, "deleting the ApplicationSet deletes every Application of it with all its objects", "set syncPolicy.preserveResourcesOnDeletion: true", "spec", "syncPolicy", "preserveResourcesOnDeletion")
	}
	automated, ok := a.get("syncPolicy", "automated").(map[string]any)
	if !ok || automated["enabled"] == false {
		return
	}
	for _, field := range []string{"prune", "selfHeal"} {
		if automated[field] == nil {
			p.Report(o, "it is synced by itself and does not say "+field+": it is off", "set "+field+": true, or false where that is meant", a.in("syncPolicy", "automated", field)...)
		}
	}
	if automated["allowEmpty"] == true {
		rewrite(p.Report(o, "a folder that builds nothing deletes everything", "set allowEmpty: false", a.in("syncPolicy", "automated", "allowEmpty")...), "allowEmpty", "true", "false")
	}
	if automated["prune"] == true && !slices.Contains(options, any("PruneLast=true")) {
		p.Report(o, "what is no longer in Git is deleted before what replaces it is there", "add the sync option PruneLast=true", a.in("syncPolicy", "syncOptions")...)
	}
}
