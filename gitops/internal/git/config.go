package git

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Config is git's configuration in the order in which it was read; keys are "section.sub.key", section and key in lower
// case. For a key given more than once the last value counts.
type Config []Setting

// Setting is one value of a key.
type Setting struct{ Key, Value string }

// Get returns the last value of a key, and whether there is one.
func (c Config) Get(key string) (string, bool) {
	for _, s := range slices.Backward(c) {
		if s.Key == key {
			return s.Value, true
		}
	}
	return "", false
}

// Value is the last value of a key, "" where there is none.
func (c Config) Value(key string) string {
	v, _ := c.Get(key)
	return v
}

// All lists the values of a key in their order.
func (c Config) All(key string) []string {
	var out []string
	for _, s := range c {
		if s.Key == key {
			out = append(out, s.Value)
		}
	}
	return out
}

// Bool reads a key with two values; one that is absent is false.
func (c Config) Bool(key string) bool {
	v, ok := c.Get(key)
	return ok && Truth(v)
}

// First is the value that counts for what git keeps as a list and uses one of, as URLs.
func (c Config) First(key string) string {
	if list := c.All(key); len(list) > 0 {
		return list[0]
	}
	return ""
}

// Truth reads a value as git does.
func Truth(v string) bool {
	switch strings.ToLower(v) {
	case "true", "yes", "on":
		return true
	case "", "false", "no", "off":
		return false
	}
	n, err := strconv.Atoi(v)
	return err == nil && n != 0
}

// Subsections lists the middle parts of "section.X.key", in order, each once.
func (c Config) Subsections(section string) []string {
	var out []string
	for _, s := range c {
		rest, ok := strings.CutPrefix(s.Key, section+".")
		if i := strings.LastIndexByte(rest, '.'); ok && i >= 0 && !slices.Contains(out, rest[:i]) {
			out = append(out, rest[:i])
		}
	}
	return out
}

// LoadConfig asks git once for everything; without git it reads the files that git would read. There may be no clone.
func LoadConfig(ctx context.Context, g Program, c *Place) (Config, error) {
	if g.Path == "" {
		return ReadConfig(g, c)
	}
	out, err := g.Run(ctx, "config", "-z", "-l")
	if err != nil {
		return nil, err
	}
	return parseConfigList(out), nil
}

// parseConfigList reads the output of git config -z -l: "key\nvalue\0", or "key\0" where there is no value.
func parseConfigList(out []byte) Config {
	var c Config
	for item := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		key, value, ok := strings.Cut(item, "\n")
		if !ok {
			value = "true"
		}
		if key != "" {
			c = append(c, Setting{key, value})
		}
	}
	return c
}
