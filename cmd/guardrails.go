package cmd

import (
	"bytes"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/validate/guardrail"
)

func (s *session) guardrailsCommand() *cli.Command {
	return s.command(entry{
		name: "guardrails", args: "[CHECK...]", most: -1, usage: "print checks as policies for the cluster",
		about: `Prints the checks that a cluster can make at admission as manifests, from the same expressions as validate: as
ValidatingAdmissionPolicies with their bindings, or as Gatekeeper's templates and constraints. They hold in the namespaces of
teams. CHECK is an id, such as MO106; without one, all are printed.`,
		examples: []string{"modelops guardrails | kubectl apply -f -", "modelops guardrails MO106 --form gatekeeper > guardrails.yaml"},
		flags: []cli.Flag{
			&cli.StringFlag{Name: "form", Value: "admission", Usage: "`FORM` of the policies: admission or gatekeeper"},
			&cli.BoolFlag{Name: "waivers", Usage: "let an object pass that carries a waiver; the cluster cannot tell when it ends"},
		},
		run: s.guardrails,
	})
}

func (s *session) guardrails(c *cli.Context) error {
	form := c.String("form")
	if form != "admission" && form != "gatekeeper" {
		return &usageError{Message: "flag --form: " + quote(form) + " is neither admission nor gatekeeper"}
	}
	all, err := guardrail.All(guardrail.Options{Waivers: c.Bool("waivers")})
	if err != nil {
		return err
	}
	ids := trimmed(c)
	var documents [][]byte
	for _, p := range all {
		if i := slices.Index(ids, p.Check.ID); i >= 0 {
			ids = slices.Delete(ids, i, i+1)
		} else if c.Args().Present() {
			continue
		}
		data := p.Admission
		if form == "gatekeeper" {
			data = p.Gatekeeper
		}
		documents = append(documents, data)
	}
	if len(ids) > 0 {
		return &usageError{Message: "guardrails: " + quote(ids[0]) + " is no check that a cluster can make", Next: []string{"modelops guardrails prints all that are"}}
	}
	return s.out.Raw(bytes.Join(documents, []byte("---\n")))
}
