package spec

import (
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// parse reads the plain part of YAML in which records and releases are written: block mappings and lists, one line a
// scalar. It makes the same nodes as the YAML parser, comments aside, in a tenth of its time, which counts where a status
// reads ten thousands of documents. It returns nil for whatever it does not know for certain; the YAML parser then
// decides. Everything is checked on the nodes afterwards, whoever made them.
func (p *quickParser) parse(data []byte) *yaml.Node {
	if !p.split(string(data)) || len(p.lines) == 0 {
		return nil
	}
	root := p.mapping(0)
	if p.failed || len(p.lines) > 0 {
		return nil
	}
	return root
}

// DecodePlain reads a document of the plain part of YAML in which modelops writes manifests, where no two readers differ:
// block mappings and lists, with texts, truth values and whole numbers, which become string, bool and int. False means that
// there is something else, or the same key twice.
func DecodePlain(data []byte) (map[string]any, bool) {
	w := &walker{}
	if w.check(data); len(w.problems) > 0 {
		return nil, false
	}
	p := newQuickParser()
	defer p.done()
	root := p.parse(data)
	if root == nil {
		return nil, false
	}
	v, ok := plainValue(root)
	document, isMap := v.(map[string]any)
	return document, ok && isMap
}

func plainValue(n *yaml.Node) (any, bool) {
	switch n.Tag {
	case "!!map":
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := strings.Clone(n.Content[i].Value)
			_, twice := m[key]
			v, ok := plainValue(n.Content[i+1])
			if m[key] = v; twice || !ok {
				return nil, false
			}
		}
		return m, true
	case "!!seq":
		l := make([]any, len(n.Content))
		for i, c := range n.Content {
			var ok bool
			if l[i], ok = plainValue(c); !ok {
				return nil, false
			}
		}
		return l, true
	case "!!str":
		return strings.Clone(n.Value), true
	case "!!bool":
		return n.Value == "true", true
	case "!!int":
		v, err := strconv.Atoi(n.Value)
		return v, err == nil
	}
	return nil, false
}

// quickParsers are used again, with their nodes: those are most of what a document would allocate.
var quickParsers = sync.Pool{New: func() any { return &quickParser{} }}

func newQuickParser() *quickParser {
	p := quickParsers.Get().(*quickParser) //nolint:forcetypeassert // nothing else is put there
	p.used, p.depth, p.failed = 0, 0, false
	return p
}

// done gives the nodes back; nobody may hold one any more.
func (p *quickParser) done() { quickParsers.Put(p) }

// quickLine is a line that is neither empty nor a comment.
type quickLine struct {
	number, indent int
	text           string
}

// split cuts a text into the lines that matter; false where one has characters that are not for us.
func (p *quickParser) split(s string) bool {
	p.all = p.all[:0]
	for number := 1; s != ""; number++ {
		var line string
		line, s, _ = strings.Cut(s, "\n")
		text := strings.TrimLeft(line, " ")
		if text == "" {
			continue
		}
		if !quickText(text) {
			return false
		}
		if text[0] != '#' {
			p.all = append(p.all, quickLine{number, len(line) - len(text), text})
		}
	}
	p.lines = p.all
	return true
}

// quickText takes printable ASCII and letters of two bytes, with no space at the end. Other characters may end a line in
// YAML, or not be allowed at all.
func quickText(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= ' ' && c < 0x7f:
		case c >= 0xc3 && c < 0xe0:
			i++ // the text is valid UTF-8
		default:
			return false
		}
	}
	return s[len(s)-1] != ' '
}

type quickParser struct {
	all    []quickLine
	lines  []quickLine // those that are left
	depth  int
	failed bool
	nodes  [][]yaml.Node
	used   int
}

func (p *quickParser) fail() *yaml.Node {
	p.failed = true
	return &yaml.Node{}
}

const nodesAtOnce = 64

// node takes the next node.
func (p *quickParser) node(kind yaml.Kind, tag string, line, indent int) *yaml.Node {
	if p.used == nodesAtOnce*len(p.nodes) {
		p.nodes = append(p.nodes, make([]yaml.Node, nodesAtOnce))
	}
	n := &p.nodes[p.used/nodesAtOnce][p.used%nodesAtOnce]
	p.used++
	*n = yaml.Node{Kind: kind, Tag: tag, Line: line, Column: indent + 1, Content: n.Content[:0]}
	return n
}

// block reads what stands below a key at some indentation: a mapping or a list that is indented further, or a list that
// is not.
func (p *quickParser) block(above int) *yaml.Node {
	p.depth++
	defer func() { p.depth-- }()
	if len(p.lines) == 0 || p.depth > maxDepth {
		return p.fail()
	}
	l := p.lines[0]
	switch item := strings.HasPrefix(l.text, "- "); {
	case item && l.indent >= above:
		return p.list(l.indent)
	case !item && l.indent > above:
		return p.mapping(l.indent)
	}
	return p.fail() // the key has no value
}

func (p *quickParser) mapping(indent int) *yaml.Node {
	n := p.node(yaml.MappingNode, "!!map", p.lines[0].number, indent)
	for !p.failed && len(p.lines) > 0 && p.lines[0].indent == indent {
		l := p.lines[0]
		key, rest, ok := quickKey(l.text)
		if !ok {
			if len(n.Content) > 0 && strings.HasPrefix(l.text, "- ") {
				break // the next item of the list that this mapping is in
			}
			return p.fail()
		}
		k := p.node(yaml.ScalarNode, "!!str", l.number, indent)
		k.Value = key
		p.lines = p.lines[1:]
		var v *yaml.Node
		if rest == "" {
			v = p.block(indent)
		} else {
			v = p.scalar(rest, l.number, indent+len(l.text)-len(rest), indent)
		}
		n.Content = append(n.Content, k, v)
	}
	return n
}

func (p *quickParser) list(indent int) *yaml.Node {
	n := p.node(yaml.SequenceNode, "!!seq", p.lines[0].number, indent)
	for !p.failed && len(p.lines) > 0 && p.lines[0].indent == indent && strings.HasPrefix(p.lines[0].text, "- ") {
		l := &p.lines[0]
		l.text, l.indent = l.text[2:], indent+2
		if _, _, ok := quickKey(l.text); ok {
			n.Content = append(n.Content, p.mapping(l.indent))
			continue
		}
		p.lines = p.lines[1:]
		n.Content = append(n.Content, p.scalar(l.text, l.number, l.indent, indent))
	}
	return n
}

// quickKey cuts a line after its key, which is a plain word.
func quickKey(s string) (key, rest string, ok bool) {
	i := 0
	for i < len(s) && i < 64 && (isLetter(s[i]) || i > 0 && (isDigit(s[i]) || strings.IndexByte("-_./", s[i]) >= 0)) {
		i++
	}
	if i == 0 || i == len(s) || s[i] != ':' || plainTag(s[:i]) != "!!str" {
		return "", "", false
	}
	if i+1 == len(s) {
		return s[:i], "", true
	}
	if i+2 == len(s) || s[i+1] != ' ' || s[i+2] == ' ' {
		return "", "", false
	}
	return s[:i], s[i+2:], true
}

// scalar reads a value that stands on one line. One that goes on below it, further in than its parent, is not for us.
func (p *quickParser) scalar(s string, line, indent, parent int) *yaml.Node {
	if len(p.lines) > 0 && p.lines[0].indent > parent {
		return p.fail()
	}
	if s[0] == '{' || s[0] == '[' {
		return p.flow(s, line, indent)
	}
	n := p.node(yaml.ScalarNode, "!!str", line, indent)
	switch quote := s[0]; {
	case quote == '"' || quote == '\'':
		n.Style = yaml.DoubleQuotedStyle
		if quote == '\'' {
			n.Style = yaml.SingleQuotedStyle
		}
		if len(s) < 2 || strings.IndexByte(s[1:], quote) != len(s)-2 || strings.IndexByte(s, '\\') >= 0 {
			return p.fail()
		}
		n.Value = s[1 : len(s)-1]
	case !isLetter(quote) && !isDigit(quote) && quote != '/' && !isFlag(s):
		return p.fail()
	case strings.Contains(s, ": ") || strings.Contains(s, " #") || s[len(s)-1] == ':':
		return p.fail()
	default:
		n.Value, n.Tag = s, plainTag(s)
		if n.Tag == "" {
			return p.fail()
		}
	}
	return n
}

// flow reads a mapping or list of plain words on one line, such as {http: 8080, grpc: 8081}.
func (p *quickParser) flow(s string, line, indent int) *yaml.Node {
	end := s[len(s)-1]
	if len(s) < 3 || s[0] == '{' && end != '}' || s[0] == '[' && end != ']' || strings.ContainsAny(s[1:len(s)-1], "{}[]#&*!|>%@`?\\") {
		return p.fail()
	}
	n := p.node(yaml.MappingNode, "!!map", line, indent)
	if s[0] == '[' {
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
	}
	n.Style = yaml.FlowStyle
	for at := 1; at < len(s)-1; {
		part, _, _ := strings.Cut(s[at:len(s)-1], ",")
		word := strings.TrimLeft(part, " ")
		column := indent + at + len(part) - len(word)
		at += len(part) + 1
		if n.Kind == yaml.MappingNode {
			key, rest, ok := quickKey(word)
			if !ok || rest == "" {
				return p.fail()
			}
			k := p.node(yaml.ScalarNode, "!!str", line, column)
			k.Value = key
			n.Content = append(n.Content, k)
			column, word = column+len(word)-len(rest), rest
		}
		if word == "" || word[len(word)-1] == ' ' || strings.Contains(word, ":") || at == len(s)-1 {
			return p.fail()
		}
		n.Content = append(n.Content, p.scalar(word, line, column, maxColumn))
	}
	return n
}

// maxColumn is further in than any line, which cannot go on below it then.
const maxColumn = MaxSize + 1

// quickWords are those that mean something else than themselves to some reader of YAML.
var quickWords = map[string]bool{"true": true, "false": true, "null": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true}

// plainTag is the type that the YAML parser gives to a word without quotes; "" where that is not for us to say.
func plainTag(s string) string {
	switch {
	case s == "true" || s == "false":
		return "!!bool"
	case len(s) <= 5 && strings.IndexByte("tfnyoTFNYO", s[0]) >= 0 && quickWords[strings.ToLower(s)]:
		return ""
	case isLetter(s[0]) || s[0] == '/' || isFlag(s):
		return "!!str"
	case isQuickTime(s):
		return "!!timestamp"
	case strings.Trim(s, "0123456789") == "" && len(s) < 18 && (s[0] != '0' || len(s) == 1):
		return "!!int"
	}
	return quickMixed(s)
}

// quickMixed is about words that begin with a digit. Two dots, or a letter that is in no number, make text of them.
func quickMixed(s string) string {
	if strings.ContainsAny(s, "_:") || len(s) > 4 && s[4] == '-' {
		return ""
	}
	if s[0] == '0' && len(s) > 1 && strings.IndexByte("xXoObB", s[1]) >= 0 {
		return ""
	}
	if strings.Count(s, ".") > 1 {
		return "!!str"
	}
	for i := range len(s) {
		if isLetter(s[i]) && s[i] != 'e' && s[i] != 'E' {
			return "!!str"
		}
	}
	return ""
}

// IsText says whether every reader of YAML takes a word without quotes for text.
func IsText(s string) bool { return s != "" && plainTag(s) == "!!str" }

// isFlag is true for an argument such as --port, which is no number either.
func isFlag(s string) bool { return len(s) > 2 && s[:2] == "--" && isLetter(s[2]) }

// isQuickTime is true for a time in the one form that records have, on a day that every month has.
func isQuickTime(s string) bool {
	const form = "0000-00-00T00:00:00Z"
	if len(s) != len(form) {
		return false
	}
	for i := range len(form) {
		if form[i] == '0' && !isDigit(s[i]) || form[i] != '0' && s[i] != form[i] {
			return false
		}
	}
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	month, day := two(5), two(8)
	return s[:4] != "0000" && month >= 1 && month <= 12 && day >= 1 && day <= 28 && two(11) < 24 && two(14) < 60 && two(17) < 60
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
