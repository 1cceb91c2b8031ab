package gitops

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelops/modelops/gitops/internal/git"
)

// Identity returns author and committer as git resolves them: GIT_AUTHOR_NAME and its siblings, then author.* and
// committer.*, then user.*, and EMAIL for addresses. Names are never guessed from the machine. Dates come from
// GIT_AUTHOR_DATE and GIT_COMMITTER_DATE, else from the clock. Git is asked to read such a date where it is there; without
// it dates are read in their plain forms. Error: *IdentityError.
func (r *Repo) Identity(ctx context.Context) (Identity, error) {
	now := time.Now
	if r.now != nil {
		now = r.now
	}
	t := now()
	var id Identity
	var err error
	if id.Author, err = r.identOf(ctx, "author", t); err != nil {
		return Identity{}, err
	}
	if id.Committer, err = r.identOf(ctx, "committer", t); err != nil {
		return Identity{}, err
	}
	return id, ctx.Err()
}

// identOf spares asking git, which takes as long as all the rest of a commit, unless there is a date to read: git takes
// many more forms of those than we do.
func (r *Repo) identOf(ctx context.Context, role string, now time.Time) (Ident, error) {
	if v, _ := r.git.Env("GIT_" + strings.ToUpper(role) + "_DATE"); v != "" && r.git.Path != "" {
		return r.askIdent(ctx, role)
	}
	return r.ident(role, now)
}

// askIdent has git say who it would write, told not to guess.
func (r *Repo) askIdent(ctx context.Context, role string) (Ident, error) {
	g, upper := r.git, strings.ToUpper(role)
	// EMAIL is no guess, but git takes it for one.
	if _, given := r.first("GIT_"+upper+"_EMAIL", role+".email", "user.email"); !given && !r.cfg.Bool("user.useconfigonly") {
		if v, _ := g.Env("EMAIL"); v != "" {
			g.Extra = append(slices.Clone(g.Extra), "GIT_"+upper+"_EMAIL="+v)
		}
	}
	out, err := g.Run(ctx, "-c", "user.useConfigOnly=true", "var", "GIT_"+upper+"_IDENT")
	var refused *git.Error
	switch {
	case ctx.Err() != nil:
		return Ident{}, ctx.Err()
	case errors.As(err, &refused):
		lines := strings.Split(refused.Stderr, "\n")
		reason := strings.TrimPrefix(lines[len(lines)-1], "fatal: ")
		switch {
		case strings.HasPrefix(reason, "invalid date"):
			reason = "GIT_" + upper + "_DATE: " + reason
		case strings.HasPrefix(reason, "empty ident name"):
			reason = "the name is empty"
		}
		return Ident{}, &IdentityError{role, reason}
	case err != nil:
		return Ident{}, err
	}
	return parseIdent(strings.TrimSpace(string(out))), nil
}

func (r *Repo) ident(role string, now time.Time) (Ident, error) {
	prefix := "GIT_" + strings.ToUpper(role) + "_"
	id := Ident{When: now}
	var ok bool
	if id.Name, ok = r.first(prefix+"NAME", role+".name", "user.name"); !ok {
		return id, &IdentityError{role, "no name is configured"}
	}
	if id.Email, ok = r.first(prefix+"EMAIL", role+".email", "user.email"); !ok {
		if id.Email, ok = r.git.Env("EMAIL"); !ok {
			return id, &IdentityError{role, "no e-mail address is configured"}
		}
	}
	if cleanIdent(id.Name) == "" {
		return id, &IdentityError{role, "the name is empty"}
	}
	if v, _ := r.git.Env(prefix + "DATE"); v != "" {
		when, err := parseDate(v, now.Location())
		if err != nil {
			return id, &IdentityError{role, prefix + "DATE: cannot be read as a date: " + Sanitize(v)}
		}
		id.When = when
	}
	return id, nil
}

// first looks into the environment, then into the configuration.
func (r *Repo) first(env string, keys ...string) (string, bool) {
	if v, ok := r.git.Env(env); ok {
		return v, true
	}
	for _, k := range keys {
		if v, ok := r.cfg.Get(k); ok {
			return v, true
		}
	}
	return "", false
}

// dateLayouts are the documented forms of GIT_AUTHOR_DATE beside "seconds zone"; those without a zone are local.
var dateLayouts = [...]string{
	time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05",
	"Mon, 2 Jan 2006 15:04:05 -0700", "Mon Jan 2 15:04:05 2006 -0700", "2 Jan 2006 15:04:05 -0700",
}

func parseDate(s string, local *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	sec, zone, _ := strings.Cut(strings.TrimPrefix(s, "@"), " ")
	n, err := strconv.ParseInt(sec, 10, 64)
	// Eight digits and less could be a date; git asks for an @ before such numbers of seconds.
	if err == nil && (len(sec) > 8 || strings.HasPrefix(s, "@")) {
		if zone == "" {
			return time.Unix(n, 0).In(local), nil
		}
		return time.Unix(n, 0).In(parseZone(zone)), nil
	}
	for _, l := range dateLayouts {
		var t time.Time
		if t, err = time.ParseInLocation(l, s, local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, err
}

// check refuses what git fsck calls a broken identity.
func (id Identity) check() error {
	for role, i := range map[string]Ident{"author": id.Author, "committer": id.Committer} {
		if cleanIdent(i.Name) == "" {
			return &IdentityError{role, "the name is empty"}
		}
		if i.When.Unix() < 0 {
			return &IdentityError{role, "the date lies before 1970"}
		}
	}
	return nil
}
