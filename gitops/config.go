package gitops

import (
	"context"
	"os"
	"path/filepath"
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

// boolean reads a value as git does: a key without a value is true.
func (c config) boolean(key string) bool {
	v, ok := c.get(key)
	if !ok {
		return false
	}
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

// loadConfig asks git once for everything; without git it reads the files that git would read.
func loadConfig(ctx context.Context, g git, c *clone) (config, error) {
	if g.path != "" {
		out, err := g.run(ctx, "config", "-z", "-l")
		if err != nil {
			return nil, err
		}
		return parseConfigList(out), nil
	}
	var all config
	for _, f := range configFiles(g, c) {
		data, err := os.ReadFile(f)
		if err != nil {
			continue // absent levels are normal
		}
		part, err := parseConfig(string(data), filepath.Dir(f), 0)
		if err != nil {
			return nil, &NotRepoError{f, err.Error()}
		}
		all = append(all, part...)
	}
	return all, nil
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

// configFiles lists git's configuration files from the weakest to the strongest.
func configFiles(g git, c *clone) []string {
	files := []string{"/etc/gitconfig"}
	if v, ok := g.env("GIT_CONFIG_SYSTEM"); ok {
		files = []string{v}
	}
	if v, ok := g.env("GIT_CONFIG_NOSYSTEM"); ok && v != "" && v != "0" && v != "false" {
		files = nil
	}
	home, _ := g.env("HOME")
	if v, ok := g.env("GIT_CONFIG_GLOBAL"); ok {
		files = append(files, v)
	} else {
		xdg, ok := g.env("XDG_CONFIG_HOME")
		if !ok || xdg == "" {
			xdg = filepath.Join(home, ".config")
		}
		files = append(files, filepath.Join(xdg, "git", "config"), filepath.Join(home, ".gitconfig"))
	}
	if c == nil {
		return files
	}
	files = append(files, filepath.Join(c.common, "config"))
	return append(files, filepath.Join(c.dir, "config.worktree"))
}
