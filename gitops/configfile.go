package gitops

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const maxIncludes = 10 // as git

// parseConfig reads git's configuration syntax, for where there is no git to ask. It follows plain includes; conditional
// ones need git.
func parseConfig(text, dir string, depth int) (config, error) {
	p := &configParser{rest: strings.TrimPrefix(strings.ReplaceAll(text, "\r\n", "\n"), "\uFEFF"), line: 1}
	var out config
	for {
		s, err := p.next()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", p.line, err)
		}
		if s.key == "" {
			return out, nil
		}
		out = append(out, s)
		if s.key == "include.path" && depth < maxIncludes {
			out = append(out, includeConfig(s.value, dir, depth+1)...)
		}
	}
}

// includeConfig reads an included file; one that is absent or unreadable counts as empty, as it does for git.
func includeConfig(name, dir string, depth int) config {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	c, err := parseConfig(string(data), filepath.Dir(name), depth)
	if err != nil {
		return nil
	}
	return c
}

type configParser struct {
	rest    string
	section string
	line    int
}

// next returns the next setting, or an empty one at the end.
func (p *configParser) next() (setting, error) {
	for {
		p.skipBlank()
		switch {
		case p.rest == "":
			return setting{}, nil
		case p.rest[0] == '[':
			if err := p.header(); err != nil {
				return setting{}, err
			}
		default:
			return p.setting()
		}
	}
}

func (p *configParser) skipBlank() {
	for p.rest != "" {
		switch c := p.rest[0]; {
		case c == '\n':
			p.line++
			p.rest = p.rest[1:]
		case c == ' ' || c == '\t':
			p.rest = p.rest[1:]
		case c == '#' || c == ';':
			i := strings.IndexByte(p.rest, '\n')
			if i < 0 {
				i = len(p.rest)
			}
			p.rest = p.rest[i:]
		default:
			return
		}
	}
}

// header reads [section], [section "sub"] and the old [section.sub].
func (p *configParser) header() error {
	i := strings.IndexAny(p.rest, "]\"\n")
	if i < 0 || p.rest[i] == '\n' {
		return fmt.Errorf("a section is not closed")
	}
	p.section = strings.ToLower(strings.TrimSpace(p.rest[1:i]))
	if p.rest[i] == ']' {
		p.rest = p.rest[i+1:]
		return nil
	}
	var sub strings.Builder
	for i++; i < len(p.rest) && p.rest[i] != '"' && p.rest[i] != '\n'; i++ {
		if p.rest[i] == '\\' && i+1 < len(p.rest) {
			i++
		}
		sub.WriteByte(p.rest[i])
	}
	if i+1 >= len(p.rest) || p.rest[i:i+2] != `"]` {
		return fmt.Errorf("a section is not closed")
	}
	p.section += "." + sub.String()
	p.rest = p.rest[i+2:]
	return nil
}

func (p *configParser) setting() (setting, error) {
	i := strings.IndexAny(p.rest, "=\n#;")
	if i < 0 {
		i = len(p.rest)
	}
	key := strings.ToLower(strings.TrimSpace(p.rest[:i]))
	if p.section == "" || key == "" || strings.ContainsAny(key, " \t[]\"") {
		return setting{}, fmt.Errorf("not a setting")
	}
	s := setting{p.section + "." + key, "true"}
	if i < len(p.rest) && p.rest[i] == '=' {
		p.rest = p.rest[i+1:]
		v, err := p.value()
		s.value = v
		return s, err
	}
	p.rest = p.rest[i:]
	return s, nil
}

// value reads up to the end of the line: quotes, escapes, comments and continued lines included.
func (p *configParser) value() (string, error) {
	var out, space strings.Builder
	quoted, i := false, 0
	for ; i < len(p.rest); i++ {
		c := p.rest[i]
		switch {
		case c == '\n' || !quoted && (c == '#' || c == ';'):
			p.rest = p.rest[i:]
			return out.String(), unclosed(quoted)
		case c == '"':
			quoted = !quoted
			out.WriteString(space.String())
			space.Reset()
		case c == '\\' && i+1 < len(p.rest):
			i++
			out.WriteString(space.String())
			space.Reset()
			out.WriteString(p.escape(p.rest[i]))
		case !quoted && (c == ' ' || c == '\t'):
			if out.Len() > 0 {
				space.WriteByte(c)
			}
		default:
			out.WriteString(space.String())
			space.Reset()
			out.WriteByte(c)
		}
	}
	p.rest = ""
	return out.String(), unclosed(quoted)
}

func unclosed(quoted bool) error {
	if quoted {
		return fmt.Errorf("a quote is not closed")
	}
	return nil
}

func (p *configParser) escape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'b':
		return "\b"
	case '\n':
		p.line++
		return ""
	}
	return string(rune(c))
}
