package git

import (
	"errors"
	"fmt"
	"strings"
)

// parseConfig reads git's configuration syntax, for where there is no git to ask. It takes what git takes, byte for byte,
// and refuses what git refuses; see config.c there.
func parseConfig(text string) (Config, error) {
	p := &configParser{text: strings.TrimPrefix(text, "\uFEFF"), line: 1}
	for p.more() {
		if err := p.step(); err != nil {
			return nil, fmt.Errorf("line %d: %w", p.line, err)
		}
	}
	return p.out, nil
}

var (
	errSection = errors.New("a section's name cannot be read")
	errSetting = errors.New("a setting cannot be read")
	errValue   = errors.New("a quote is not closed, or an escape is not known")
)

type configParser struct {
	text    string
	at      int
	line    int
	section string // with the dot behind it
	out     Config
}

func (p *configParser) more() bool { return p.at < len(p.text) }

// next returns the next byte; a line end is '\n' whichever it was, and the end of the text is one as well.
func (p *configParser) next() byte {
	if !p.more() {
		p.at++
		return '\n'
	}
	c := p.text[p.at]
	p.at++
	if c == '\r' && p.more() && p.text[p.at] == '\n' {
		p.at++
		c = '\n'
	}
	if c == '\n' {
		p.line++
	}
	return c
}

// step reads a blank, a comment, a header or a setting.
func (p *configParser) step() error {
	c := p.next()
	switch {
	case blank(c):
		return nil
	case c == '#' || c == ';':
		p.skipLine()
		return nil
	case c == '[':
		return p.header()
	case alpha(c):
		p.at--
		return p.setting()
	}
	return errSetting
}

func (p *configParser) skipLine() {
	for p.next() != '\n' { //nolint:revive // the loop is the work
	}
}

// header reads [section], [section "sub"] and the old [section.sub].
func (p *configParser) header() error {
	var name strings.Builder
	for {
		if !p.more() {
			return errSection
		}
		c := p.next()
		switch {
		case c == ']' && name.Len() > 0:
			p.section = name.String() + "."
			return nil
		case blank(c):
			return p.subsection(name.String(), c)
		case !keyByte(c) && c != '.':
			return errSection
		}
		name.WriteByte(lower(c))
	}
}

func (p *configParser) subsection(section string, c byte) error {
	for blank(c) {
		if c == '\n' {
			return errSection
		}
		c = p.next()
	}
	if c != '"' {
		return errSection
	}
	var sub strings.Builder
	for c = p.next(); c != '"'; c = p.next() {
		if c == '\\' {
			c = p.next()
		}
		if c == '\n' {
			return errSection
		}
		sub.WriteByte(c)
	}
	if p.next() != ']' {
		return errSection
	}
	p.section = section + "." + sub.String() + "."
	return nil
}

// setting reads "key = value", or a key alone, which is true.
func (p *configParser) setting() error {
	var key strings.Builder
	c := p.next()
	for ; keyByte(c); c = p.next() {
		key.WriteByte(lower(c))
	}
	for c == ' ' || c == '\t' {
		c = p.next()
	}
	s := Setting{p.section + key.String(), "true"}
	switch c {
	case '\n':
	case '=':
		var err error
		if s.Value, err = p.value(); err != nil {
			return err
		}
	default:
		return errSetting
	}
	p.out = append(p.out, s)
	return nil
}

// value reads up to the end of the line: quotes, escapes, comments and continued lines included. Blanks at both ends do
// not count.
func (p *configParser) value() (string, error) {
	var out strings.Builder
	var space []byte
	quoted := false
	for {
		c := p.next()
		switch {
		case c == '\n' && quoted:
			return "", errValue
		case c == '\n':
			return out.String(), nil
		case !quoted && blank(c):
			if out.Len() > 0 {
				space = append(space, c)
			}
			continue
		case !quoted && (c == '#' || c == ';'):
			p.skipLine()
			return out.String(), nil
		}
		out.Write(space)
		space = nil
		switch c {
		case '"':
			quoted = !quoted
		case '\\':
			plain, ok := p.escape()
			if !ok {
				return "", errValue
			}
			out.WriteString(plain)
		default:
			out.WriteByte(c)
		}
	}
}

func (p *configParser) escape() (string, bool) {
	switch c := p.next(); c {
	case '\n':
		return "", true
	case 't':
		return "\t", true
	case 'b':
		return "\b", true
	case 'n':
		return "\n", true
	case '\\', '"':
		return string(c), true
	}
	return "", false
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func alpha(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func keyByte(c byte) bool { return alpha(c) || c >= '0' && c <= '9' || c == '-' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
