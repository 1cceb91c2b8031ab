package git

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/kballard/go-shellquote"

	"github.com/modelops/modelops/gitops/giterr"
)

// Git's configuration where there is no git to ask: every level in git's order, with what they include.

const maxIncludes = 10 // as git

// Place is where the configuration of a clone lies.
type Place struct {
	// Dir is the work tree's own Git folder, and Common the one that all work trees share.
	Dir, Common string
	// HeadBranch returns the branch that HEAD is on, "" when it is detached.
	HeadBranch func() (string, error)
}

type configReader struct {
	git   Program
	clone *Place // nil without one
	// remotes are the URLs that includeIf "hasconfig:remote.*.url:..." is compared with; asked says that one was met.
	remotes []string
	asked   bool
}

// ReadConfig reads every level of the configuration without git. There may be no clone.
func ReadConfig(g Program, c *Place) (Config, error) {
	r := &configReader{git: g, clone: c}
	cfg, err := r.levels()
	if err != nil || !r.asked {
		return cfg, err
	}
	for _, name := range cfg.Subsections("remote") {
		r.remotes = append(r.remotes, cfg.All("remote."+name+".url")...)
	}
	return r.levels()
}

// levels reads everything from the weakest to the strongest.
func (r *configReader) levels() (Config, error) {
	var all Config
	for _, f := range r.files() {
		part, err := r.file(f, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	part, err := r.environment()
	if err != nil {
		return nil, err
	}
	return append(all, part...), nil
}

// LocalConfig reads only the repository's own file. What it cannot parse is left to git.
func LocalConfig(common string) Config {
	data, err := os.ReadFile(filepath.Join(common, "config"))
	if err != nil {
		return nil
	}
	cfg, err := parseConfig(string(data))
	if err != nil {
		return nil
	}
	return cfg
}

func (r *configReader) files() []string {
	var files []string
	if v, ok := r.git.Env("GIT_CONFIG_NOSYSTEM"); !ok || !Truth(v) {
		system, ok := r.git.Env("GIT_CONFIG_SYSTEM")
		if !ok {
			system = "/etc/gitconfig"
		}
		files = append(files, system)
	}
	files = append(files, r.userFiles()...)
	if r.clone == nil {
		return files
	}
	files = append(files, filepath.Join(r.clone.Common, "config"))
	if LocalConfig(r.clone.Common).Bool("extensions.worktreeconfig") {
		files = append(files, filepath.Join(r.clone.Dir, "config.worktree"))
	}
	return files
}

func (r *configReader) userFiles() []string {
	if v, ok := r.git.Env("GIT_CONFIG_GLOBAL"); ok {
		return []string{v}
	}
	var files []string
	home, _ := r.git.Env("HOME")
	xdg, _ := r.git.Env("XDG_CONFIG_HOME")
	if xdg == "" && home != "" {
		xdg = filepath.Join(home, ".config")
	}
	if xdg != "" {
		files = append(files, filepath.Join(xdg, "git", "config"))
	}
	if home != "" {
		files = append(files, filepath.Join(home, ".gitconfig"))
	}
	return files
}

// file reads one file, which need not be there.
func (r *configReader) file(name string, depth int) (Config, error) {
	data, err := os.ReadFile(name) //nolint:gosec // the user's own setting
	if errors.Is(err, fs.ErrNotExist) || name == "" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read git's configuration: %w", err)
	}
	if depth > maxIncludes {
		return nil, fmt.Errorf("read git's configuration: %s: files include each other more than %d deep", name, maxIncludes)
	}
	parsed, err := parseConfig(string(data))
	if err != nil {
		return nil, fmt.Errorf("read git's configuration: %s: %w", name, err)
	}
	return r.include(parsed, name, depth)
}

// include puts the content of included files behind the lines that name them.
func (r *configReader) include(parsed Config, file string, depth int) (Config, error) {
	var out Config
	for _, s := range parsed {
		out = append(out, s)
		if s.Key != "include.path" && !r.included(s.Key, file) {
			continue
		}
		name := r.git.Expand(s.Value)
		switch {
		case filepath.IsAbs(name):
		case file == "":
			return nil, fmt.Errorf("read git's configuration: include %s: only files may include others by a relative path", name)
		default:
			name = filepath.Join(filepath.Dir(file), name)
		}
		part, err := r.file(name, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}

// included evaluates includeIf.CONDITION.path; a condition that is not known does not hold, as in git.
func (r *configReader) included(key, file string) bool {
	rest, ok := strings.CutPrefix(key, "includeif.")
	condition, match := strings.CutSuffix(rest, ".path")
	if !ok || !match {
		return false
	}
	kind, pattern, _ := strings.Cut(condition, ":")
	switch kind {
	case "gitdir", "gitdir/i":
		return r.gitDirIs(pattern, file, kind == "gitdir/i")
	case "onbranch":
		return r.onBranch(pattern)
	case "hasconfig":
		pattern, ok := strings.CutPrefix(pattern, "remote.*.url:")
		r.asked = r.asked || ok
		return ok && r.hasRemote(pattern)
	}
	return false
}

func (r *configReader) gitDirIs(pattern, file string, fold bool) bool {
	if r.clone == nil {
		return false
	}
	dir := r.clone.Dir
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	pattern = r.git.Expand(pattern)
	if rest, here := strings.CutPrefix(pattern, "./"); here && file != "" {
		base := filepath.Dir(file)
		if real, err := filepath.EvalSymlinks(base); err == nil {
			base = real
		}
		pattern = literal(base) + "/" + rest
	} else if !filepath.IsAbs(pattern) {
		pattern = "**/" + pattern
	}
	if fold {
		dir, pattern = strings.ToLower(dir), strings.ToLower(pattern)
	}
	return globs(pattern, dir)
}

func (r *configReader) onBranch(pattern string) bool {
	if r.clone == nil {
		return false
	}
	branch, err := r.clone.HeadBranch()
	return err == nil && branch != "" && globs(pattern, branch)
}

func (r *configReader) hasRemote(pattern string) bool {
	for _, u := range r.remotes {
		if globs(pattern, u) {
			return true
		}
	}
	return false
}

// globs matches as git does: a slash at the end covers everything below, which the folder itself is not.
func globs(pattern, name string) bool {
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	if strings.HasSuffix(pattern, "/**") {
		pattern += "/*"
	}
	ok, err := doublestar.Match(strings.NewReplacer("{", `\{`, "}", `\}`).Replace(pattern), name)
	return ok && err == nil
}

func literal(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}

// environment reads GIT_CONFIG_COUNT with its keys and values, then what git -c passes on.
func (r *configReader) environment() (Config, error) {
	var out Config
	add := func(key, value string) error {
		name, ok := configKey(key)
		if !ok {
			return fmt.Errorf("read git's configuration: the environment sets %q, which is no name of a setting", giterr.Sanitize(key))
		}
		out = append(out, Setting{name, value})
		return nil
	}
	count, _ := r.git.Env("GIT_CONFIG_COUNT")
	n, err := strconv.Atoi(count)
	if count != "" && (err != nil || n < 0) {
		return nil, errors.New("read git's configuration: GIT_CONFIG_COUNT is no number")
	}
	for i := range n {
		key, _ := r.git.Env(fmt.Sprintf("GIT_CONFIG_KEY_%d", i))
		value, ok := r.git.Env(fmt.Sprintf("GIT_CONFIG_VALUE_%d", i))
		if !ok {
			return nil, fmt.Errorf("read git's configuration: GIT_CONFIG_VALUE_%d is not set", i)
		}
		if err := add(key, value); err != nil {
			return nil, err
		}
	}
	passed, _ := r.git.Env("GIT_CONFIG_PARAMETERS")
	words, err := shellquote.Split(passed)
	if err != nil {
		return nil, errors.New("read git's configuration: GIT_CONFIG_PARAMETERS cannot be read")
	}
	for _, w := range words {
		key, value, ok := strings.Cut(w, "=")
		if !ok {
			value = "true"
		}
		if err := add(key, value); err != nil {
			return nil, err
		}
	}
	return r.include(out, "", 0)
}

// configKey brings "Section.Sub.Key" into the form in which it is compared.
func configKey(key string) (string, bool) {
	first, last := strings.IndexByte(key, '.'), strings.LastIndexByte(key, '.')
	if first < 0 || last == len(key)-1 {
		return "", false
	}
	section, name := strings.ToLower(key[:first]), strings.ToLower(key[last+1:])
	for i := range len(section) {
		if !keyByte(section[i]) {
			return "", false
		}
	}
	for i := range len(name) {
		if !keyByte(name[i]) || i == 0 && !alpha(name[i]) {
			return "", false
		}
	}
	return section + key[first:last+1] + name, true
}

// Expand resolves ~/ and ~NAME/ at the beginning of a path.
func (g Program) Expand(path string) string {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok {
		return path
	}
	name, rest, _ := strings.Cut(rest, "/")
	if name == "" {
		home, _ := g.Env("HOME")
		if home == "" {
			return path
		}
		return home + "/" + rest
	}
	u, err := user.Lookup(name)
	if err != nil {
		return path
	}
	return u.HomeDir + "/" + rest
}
