package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/modelops/modelops/e2e/corpus"
)

// column is what one tool makes of the corpus.
type column struct {
	tool  tool
	found map[string]int // by class of fault
	// refused are good manifests that it complains about.
	refused []string
	missed  []string
	took    time.Duration
}

// classes are the kinds of fault, from what every schema tells to what takes an API server.
var classes = []struct{ name, says string }{
	{"unknown field", "unknown or misspelt field"},
	{"wrong type", "value of another type"},
	{"YAML", "text that YAML reads as a number or a truth value; a key twice"},
	{"API version", "API version or kind that is gone, or never was"},
	{"missing", "what must be there is not"},
	{"unknown value", "value outside of a fixed set"},
	{"range", "number that is too small or too large"},
	{"syntax", "name, label, address, path, schedule, time of the wrong form"},
	{"quantity", "quantities and resources"},
	{"contradiction", "fields that exclude, require or bound each other"},
	{"reference", "volume, container or label that is not there"},
	{"CEL", "rules of definitions, expressions of policies"},
	{"Pod Security", "Pod Security of the namespace"},
}

// count compares complaints with what the manifests are. A fault is found where a tool has something against the broken
// manifest that it has not against the good one that it is made from: what it would say of both is about something else.
func count(t tool, cases []corpus.Case, c complaints, took time.Duration) column {
	col := column{tool: t, found: map[string]int{}, took: took}
	good := map[string][]string{}
	for i, k := range cases {
		if said := c[fileName(i)]; k.Good {
			good[k.Name] = said
			if len(said) > 0 {
				col.refused = append(col.refused, k.Name+": "+said[0])
			}
		}
	}
	for i, k := range cases {
		if k.Good {
			continue
		}
		if slices.ContainsFunc(c[fileName(i)], func(s string) bool { return !slices.Contains(good[k.Of], s) }) {
			col.found[k.Class]++
		} else {
			col.missed = append(col.missed, k.Name)
		}
	}
	return col
}

// write writes the table in Markdown.
func write(out io.Writer, cases []corpus.Case, columns []column) {
	total, good := map[string]int{}, 0
	for _, c := range cases {
		if total[c.Class]++; c.Good {
			good++
		}
	}
	row := func(title string, cell func(column) string) {
		cells := []string{title}
		for _, c := range columns {
			cells = append(cells, cell(c))
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
	row("fault", func(c column) string { return c.tool.name })
	fmt.Fprintf(out, "|---|%s\n", strings.Repeat("---:|", len(columns)))
	for _, class := range classes {
		row(class.says, func(c column) string { return fmt.Sprintf("%d/%d", c.found[class.name], total[class.name]) })
	}
	row("**all faults**", func(c column) string {
		sum := 0
		for _, n := range c.found {
			sum += n
		}
		return fmt.Sprintf("**%d/%d**", sum, len(cases)-good)
	})
	row("good manifests refused", func(c column) string { return fmt.Sprintf("%d/%d", len(c.refused), good) })
	row("time for all", func(c column) string { return fmt.Sprintf("%.1f s", c.took.Seconds()) })
}
