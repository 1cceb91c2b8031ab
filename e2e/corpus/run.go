package corpus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/modelops/modelops/e2e/stack"
	"github.com/modelops/modelops/internal/validate/schema"
	"github.com/modelops/modelops/internal/validate/server"
)

// target is the version of the API server that stack builds.
const target server.Version = 35

// Result counts where the two verdicts differ.
type Result struct {
	Manifests int
	// OnlyHere passed here and were refused by the API server, OnlyThere the other way round.
	OnlyHere, OnlyThere int
	// Skipped were taken by the API server, and here passed because nobody judges them or a part of them.
	Skipped int
	// Surprises are good manifests that the API server refused, and broken ones that it took: the corpus is wrong there.
	Surprises int
}

func (r Result) String() string {
	return fmt.Sprintf("corpus: %d manifests, %d passed here and refused there, %d refused here and admitted there", r.Manifests, r.OnlyHere, r.OnlyThere)
}

// Err says whether the verdicts agree as far as they must: nothing passes here that the API server refuses.
func (r Result) Err() error {
	if r.OnlyHere > 0 || r.OnlyThere > 2 || r.Surprises > 0 {
		return fmt.Errorf("the offline verdicts are not those of the API server: %d, %d; %d manifests are not what they say", r.OnlyHere, r.OnlyThere, r.Surprises)
	}
	return nil
}

// Compare sends every manifest to an API server and prints each difference.
func Compare(ctx context.Context, api *stack.APIServer, example string, out io.Writer) (Result, error) {
	cases, err := Load(example)
	if err != nil {
		return Result{}, err
	}
	if err := prepare(ctx, api, cases); err != nil {
		return Result{}, err
	}
	var r Result
	for _, c := range cases {
		there, err := r.compare(ctx, api, c, out)
		if err != nil {
			return r, err
		}
		if there.Passed != c.Good {
			r.Surprises++
			fmt.Fprintf(out, "not what it says: %s: admitted is %v: %s\n", c.Name, there.Passed, there.Why)
		}
	}
	return r, nil
}

// CompareOdd does the same with manifests that are made at random, of an API server that Compare has prepared. What it
// refuses for the sake of other objects, which are not there, does not count.
func CompareOdd(ctx context.Context, api *stack.APIServer, example string, seed uint64, n int, out io.Writer) (Result, error) {
	cases, err := Load(example)
	if err != nil {
		return Result{}, err
	}
	odd, err := Odd(cases, seed, n)
	if err != nil {
		return Result{}, err
	}
	var r Result
	for _, c := range odd {
		if _, err := r.compare(ctx, api, c, out); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (r *Result) compare(ctx context.Context, api *stack.APIServer, c Case, out io.Writer) (there Verdict, err error) {
	here, err := Offline(c, target)
	if err != nil {
		return there, err
	}
	if there, err = online(ctx, api, c); err != nil {
		return there, fmt.Errorf("%s: %w", c.Name, err)
	}
	r.Manifests++
	switch {
	case here.Passed && !there.Passed:
		r.OnlyHere++
		fmt.Fprintf(out, "passed here, refused there: %s\n  there: %s\n", c.Name, there.Why)
		if !here.Judged {
			fmt.Fprintf(out, "  not judged here: %s\n", here.Why)
		}
	case !here.Passed && there.Passed:
		r.OnlyThere++
		fmt.Fprintf(out, "refused here, admitted there: %s\n  here: %s\n", c.Name, here.Why)
	case here.Passed && !here.Judged:
		r.Skipped++
		fmt.Fprintf(out, "admitted there, not judged here: %s\n  %s\n", c.Name, here.Why)
	}
	return there, nil
}

// prepare installs the definitions that the offline layers judge by, and makes the namespaces that the manifests are in:
// the corpus's own, and those of the example.
func prepare(ctx context.Context, api *stack.APIServer, cases []Case) error {
	definitions, err := schema.Manifests()
	if err != nil {
		return err
	}
	for _, text := range append(definitions, Setup()) {
		// The rules of a large definition take the server seconds to judge, which is too long for it on a busy machine.
		err := stack.Poll(ctx, time.Second, func(ctx context.Context) (bool, error) {
			err := api.Apply(ctx, text)
			if apierrors.IsTimeout(err) {
				return false, nil
			}
			return err == nil, err
		})
		if err != nil {
			return err
		}
	}
	kinds, err := schema.Carried().Kinds()
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		if _, err := api.Served(ctx, kind); err != nil {
			return err
		}
	}
	for _, c := range cases {
		if strings.HasPrefix(c.Name, "example/") && strings.Contains(c.Text, "\nkind: Namespace\n") {
			if err := api.Apply(ctx, c.Text); err != nil {
				return err
			}
		}
	}
	return nil
}

// online is the verdict of the API server.
func online(ctx context.Context, api *stack.APIServer, c Case) (Verdict, error) {
	var head struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   struct{ Namespace string }
	}
	// What is wrong in other places is for the server to say.
	var wrongTypes *yaml.TypeError
	if err := yaml.Unmarshal([]byte(c.Text), &head); err != nil && !errors.As(err, &wrongTypes) {
		return Verdict{Judged: true, Why: err.Error()}, nil
	}
	namespace := head.Metadata.Namespace
	if namespace == "" {
		namespace = "corpus"
	}
	err := api.Create(ctx, kschema.FromAPIVersionAndKind(head.APIVersion, head.Kind), namespace, []byte(c.Text))
	var refused *stack.Refusal
	switch {
	case err == nil:
		return Verdict{Passed: true, Judged: true}, nil
	case errors.As(err, &refused):
		return Verdict{Judged: true, Why: refused.Error()}, nil
	}
	return Verdict{}, err
}
