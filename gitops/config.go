package gitops

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// config is git's configuration in the order in which it was read; keys are "section.sub.key", section and key in lower
// case. For a key given more than once the last value counts.
type config []setting

type setting struct{ key, value string }

func (c config) get(key string) (string, bool) {
	for _, s := range slices.Backward(c) {
		if s.key == key {
			return s.value, true
		}
	}
	return "", false
}

func (c config) str(key string) string {
	v, _ := c.get(key)
	return v
}

func (c config) all(key string) []string {
	var out []string
	for _, s := range c {
		if s.key == key {
			out = append(out, s.value)
		}
	}
	return out
}

// boolean reads a key with two values; one that is absent is false.
func (c config) boolean(key string) bool {
	v, ok := c.get(key)
	return ok && truth(v)
}

// first is the value that counts for what git keeps as a list and uses one of, as URLs.
func (c config) first(key string) string {
	if list := c.all(key); len(list) > 0 {
		return list[0]
	}
	return ""
}

// truth reads a value as git does.
func truth(v string) bool {
	switch strings.ToLower(v) {
	case "true", "yes", "on":
		return true
	case "", "false", "no", "off":
		return false
	}
	n, err := strconv.Atoi(v)
	return err == nil && n != 0
}

// subsections lists the middle parts of "section.X.key", in order, each once.
func (c config) subsections(section string) []string {
	var out []string
	for _, s := range c {
		rest, ok := strings.CutPrefix(s.key, section+".")
		if i := strings.LastIndexByte(rest, '.'); ok && i >= 0 && !slices.Contains(out, rest[:i]) {
			out = append(out, rest[:i])
		}
	}
	return out
}

// loadConfig asks git once for everything; without git it reads the files that git would read. There may be no clone.
func loadConfig(ctx context.Context, g git, c *clone) (config, error) {
	if g.path == "" {
		return readConfig(g, c)
	}
	out, err := g.run(ctx, "config", "-z", "-l")
	if err != nil {
		return nil, err
	}
	return parseConfigList(out), nil
}

// parseConfigList reads the output of git config -z -l: "key\nvalue\0", or "key\0" where there is no value.
func parseConfigList(out []byte) config {
	var c config
	for item := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		key, value, ok := strings.Cut(item, "\n")
		if !ok {
			value = "true"
		}
		if key != "" {
			c = append(c, setting{key, value})
		}
	}
	return c
}
