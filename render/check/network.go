package check

import (
	"fmt"
	"reflect"
)

// networkPolicies compares each policy with the one that the standard renders. Policies only ever allow, on top of the
// tenant's refusal of everything: so fewer rules, peers or ports are fine, and more are not.
func networkPolicies(in Input, found report) {
	const fix = "say whom the model talks to in model.yaml: spec.clients and spec.egress"
	for _, o := range in.After {
		if o.Kind != "NetworkPolicy" {
			continue
		}
		std, ok := same(in.Standard, o)
		if !ok {
			found(o, "", "the standard renders no such policy", fix)
			continue
		}
		for _, path := range [][]string{{"spec", "podSelector"}, {"spec", "policyTypes"}} {
			if !reflect.DeepEqual(at(std.Content, path...), at(o.Content, path...)) {
				found(o, path[0]+"."+path[1], "it is not the standard's", fix)
			}
		}
		for _, side := range []struct{ rules, peers string }{{"ingress", "from"}, {"egress", "to"}} {
			for i, r := range list(at(o.Content, "spec", side.rules)) {
				if !covered(r, list(at(std.Content, "spec", side.rules)), side.peers) {
					found(o, fmt.Sprintf("spec.%s[%d]", side.rules, i), "it allows more than the standard's policy", fix)
				}
			}
		}
	}
}

// covered says whether one of the standard's rules allows everything that this rule does.
func covered(rule any, standard []any, peers string) bool {
	for _, s := range standard {
		if within(list(at(rule, peers)), list(at(s, peers))) && within(list(at(rule, "ports")), list(at(s, "ports"))) {
			return true
		}
	}
	return false
}

// within compares two lists of peers or ports, of which an empty one means everything.
func within(some, of []any) bool {
	if len(of) == 0 {
		return true
	}
	if len(some) == 0 {
		return false
	}
	for _, v := range some {
		ok := false
		for _, o := range of {
			ok = ok || reflect.DeepEqual(v, o)
		}
		if !ok {
			return false
		}
	}
	return true
}
