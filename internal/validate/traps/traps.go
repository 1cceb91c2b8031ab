// Package traps finds what YAML lets people write and tools read in two ways. It needs the text of a file: a decoded
// object shows what one reader made of it.
package traps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/internal/validate/finding"
)

const (
	whyTwice  = "Tools keep one of the two and drop the other without a word, and not all the same one."
	whyTwoWay = "Tools of YAML 1.1, such as kubectl, and of YAML 1.2, such as kustomize, read it as different values."
)

// File looks through the documents of a file. What cannot be parsed is an error of whoever reads the file for its
// content; a tab, the usual cause, is named here.
func File(file string, data []byte) []finding.Finding {
	f := &reader{file: file}
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		switch err := d.Decode(&n); {
		case errors.Is(err, io.EOF):
			return f.found
		case err != nil:
			f.tabs(data)
			return f.found
		}
		f.node(&n, "")
	}
}

type reader struct {
	file  string
	found []finding.Finding
}

func (f *reader) report(s finding.Severity, line, column int, message, why, fix string) {
	f.found = append(f.found, finding.Finding{Check: "MO001", Name: "yaml-clean", Severity: s,
		At: finding.Position{File: f.file, Line: line, Column: column}, Message: message, Why: why, Fix: fix})
}

// node looks at a node and what is below it. Aliases are not followed: what they stand for was seen where it is written.
func (f *reader) node(n *yaml.Node, key string) {
	switch n.Kind {
	case yaml.ScalarNode:
		f.scalar(n, key)
	case yaml.MappingNode:
		f.mapping(n)
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, c := range n.Content {
			f.node(c, key)
		}
	}
}

func (f *reader) mapping(n *yaml.Node) {
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind == yaml.ScalarNode && key.Tag != "!!merge" {
			if at, twice := first[key.Value]; twice {
				f.report(finding.Error, key.Line, key.Column, fmt.Sprintf("the key %q is there twice, first on line %d", key.Value, at.Line), whyTwice, "remove one of the two")
			} else {
				first[key.Value] = key
			}
		}
		f.node(key, "")
		f.node(n.Content[i+1], key.Value)
	}
}

var (
	words       = regexp.MustCompile(`^(y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$`)
	octal       = regexp.MustCompile(`^[-+]?0[0-7]+$`)
	grouped     = regexp.MustCompile(`^[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?$`)
	sexagesimal = regexp.MustCompile(`^[-+]?[1-9][0-9]*(:[0-5]?[0-9])+(\.[0-9]*)?$`)
)

// scalar looks at a plain value; what is in quotes is text to everybody.
func (f *reader) scalar(n *yaml.Node, key string) {
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) != 0 {
		return
	}
	switch {
	case words.MatchString(n.Value):
		f.report(finding.Error, n.Line, n.Column, fmt.Sprintf("%s is a truth value to some tools and text to others", n.Value), whyTwoWay, fmt.Sprintf("write true or false, or %q in quotes", n.Value))
	case octal.MatchString(n.Value) && !strings.HasSuffix(strings.ToLower(key), "mode"):
		f.report(finding.Warning, n.Line, n.Column, fmt.Sprintf("%s is a number to the base of eight", n.Value), whyTwoWay, "put it in quotes, or write the number without zeros before it")
	case grouped.MatchString(n.Value):
		f.report(finding.Warning, n.Line, n.Column, fmt.Sprintf("%s is a number to some tools and text to others", n.Value), whyTwoWay, "leave the underscores out, or put it in quotes")
	case sexagesimal.MatchString(n.Value):
		f.report(finding.Warning, n.Line, n.Column, fmt.Sprintf("%s is a number to the base of sixty to some tools and text to others", n.Value), whyTwoWay, "put it in quotes")
	}
}

// tabs names the first line that is indented by a tab, which YAML does not allow.
func (f *reader) tabs(data []byte) {
	for i, line := range strings.Split(string(data), "\n") {
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if column := strings.IndexByte(indent, '\t'); column >= 0 && strings.TrimSpace(line) != "" {
			f.report(finding.Error, i+1, column+1, "the line is indented by a tab", "YAML is indented by spaces alone; no tool reads the file.", "use spaces")
			return
		}
	}
}
