package guardrail_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/guardrail"
)

// decoded reads documents into types that know every field.
func decoded(t *testing.T, data []byte, into ...any) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader(data))
	for _, v := range into {
		var content any
		if err := d.Decode(&content); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		strict := json.NewDecoder(bytes.NewReader(text))
		strict.DisallowUnknownFields()
		if err := strict.Decode(v); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	if err := d.Decode(new(any)); err != io.EOF { //nolint:errorlint // that very value
		t.Fatal("more documents than expected", err)
	}
}

// TestPoliciesOfAllGuards reads what is written back into the API's types, and looks for each guard's own words.
func TestPoliciesOfAllGuards(t *testing.T) {
	policies, err := guardrail.All(guardrail.Options{})
	if err != nil {
		t.Fatal(err)
	}
	guards := 0
	for _, c := range catalogue.All() {
		if c.Guard != nil {
			guards++
		}
	}
	if len(policies) != guards || guards == 0 {
		t.Fatalf("%d policies of %d guards", len(policies), guards)
	}
	for _, p := range policies {
		t.Run(p.Check.ID, func(t *testing.T) {
			var policy admissionv1.ValidatingAdmissionPolicy
			var binding admissionv1.ValidatingAdmissionPolicyBinding
			decoded(t, p.Admission, &policy, &binding)
			if binding.Spec.PolicyName != policy.Name || len(policy.Spec.Validations) != 1 ||
				!strings.Contains(policy.Spec.Validations[0].Expression, p.Check.Guard.Expression) {
				t.Errorf("%s", p.Admission)
			}
			matched := 0
			for _, r := range policy.Spec.MatchConstraints.ResourceRules {
				matched += len(r.Resources)
			}
			if want := len(p.Check.Guard.Kinds); matched < want {
				t.Errorf("%d resources of %d kinds: a kind is in no table of this package", matched, want)
			}
			var template, constraint map[string]any
			decoded(t, p.Gatekeeper, &template, &constraint)
			if constraint["kind"] == nil || !strings.EqualFold(constraint["kind"].(string), template["metadata"].(map[string]any)["name"].(string)) { //nolint:forcetypeassert // a failing test either way
				t.Errorf("%s", p.Gatekeeper)
			}
		})
	}
}

// TestSeverityAndWaivers looks at what differs between policies.
func TestSeverityAndWaivers(t *testing.T) {
	strict, err := guardrail.All(guardrail.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lenient, err := guardrail.All(guardrail.Options{Waivers: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range strict {
		deny := strings.Contains(string(p.Admission), "- Deny")
		if want := p.Check.Severity.String() == "error"; deny != want || strings.Contains(string(p.Gatekeeper), "enforcementAction: deny") != want {
			t.Errorf("%s is an %s, and is refused: %v", p.Check.ID, p.Check.Severity, deny)
		}
		waiver := "modelops.dev/ignore." + p.Check.ID
		if strings.Contains(string(p.Admission), waiver) || !strings.Contains(string(lenient[i].Admission), waiver) || !strings.Contains(string(lenient[i].Gatekeeper), waiver) {
			t.Errorf("%s: waivers are where they are not asked for, or not where they are", p.Check.ID)
		}
	}
}
