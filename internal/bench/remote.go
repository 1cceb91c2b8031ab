package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/modelops/modelops/gitops/gittest"
)

// shape is a repository that remote figures are measured on: so many teams of so many models in two environments with
// four files each. One model of one team is a real one.
type shape struct {
	name                    string
	teams, models, branches int
}

const remoteSubject = "team007/subject"

// remoteRuns is less than for local figures, since each run of theirs is a clone.
const remoteRuns = 3

// remote measures promote and revert on a URL, beside a clone, a commit and a push.
func (b *bench) remote(ctx context.Context) error {
	large := shape{"", 100, 100, 0}
	url, stop, err := b.served(ctx, large)
	if err != nil {
		return err
	}
	defer stop()
	if err := b.remotePromote(ctx, url); err != nil {
		return err
	}
	if err := b.remoteRevert(ctx, url); err != nil {
		return err
	}
	for _, s := range []shape{{"600-branches", 100, 100, 600}, {"2000-branches", 100, 100, 2000}, {"5000-models", 2, 5000, 0}} {
		if err := b.remoteShape(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// served makes the repository and serves it with the partial fetches that the large hosts allow, and no others.
func (b *bench) served(ctx context.Context, s shape) (string, func(), error) {
	root := filepath.Join(b.dir, "remote"+s.name)
	bare := filepath.Join(root, "deploy.git")
	if err := s.generate(ctx, bare); err != nil {
		return "", nil, err
	}
	for _, kv := range [][]string{{"http.receivepack", "true"}, {"gc.auto", "0"}, {"receive.autogc", "false"}} {
		if err := git(ctx, bare, "config", kv[0], kv[1]); err != nil {
			return "", nil, err
		}
	}
	program, err := gittest.Find()
	if err == nil {
		err = gittest.AllowPartialFetch(ctx, &gittest.Repo{Dir: bare, Git: program, Env: gittest.Environ(root)})
	}
	if err != nil {
		return "", nil, err
	}
	server, err := gittest.Serve(gittest.Options{Root: root, Home: root})
	if err != nil {
		return "", nil, err
	}
	return server.URL + "/deploy.git", func() { server.Close() }, nil
}

func (b *bench) there(url string, args ...string) command {
	return command{args: append(append([]string{b.modelops, "-v"}, args...), "--repo", url), env: identity, dir: b.dir}
}

func (b *bench) promoteThere(url string, run int) command {
	v, image := version(run)
	return b.there(url, "promote", remoteSubject, "--env", "staging", "--version", v, "--image", image)
}

// blobless and shallow are what a script does today where it has no clone.
func (b *bench) blobless(url string, run int) command {
	dir := filepath.Join(b.dir, fmt.Sprintf("blobless%d", run))
	script := fmt.Sprintf(`git clone -q --filter=blob:none --no-checkout %s %s && cd %s && git read-tree HEAD &&
id=$(echo version: %d | git hash-object -w --stdin) && git update-index --add --cacheinfo 100644,$id,models/team007/model042/prod/release.yaml &&
git commit -q -m promote && git push -q origin HEAD:main; code=$?; rm -rf %s; exit $code`, url, dir, dir, run, dir)
	return command{args: []string{"sh", "-c", script}, env: identity, dir: b.dir}
}

func (b *bench) shallow(url string, run int) command {
	dir := filepath.Join(b.dir, fmt.Sprintf("shallow%d", run))
	script := fmt.Sprintf(`git clone -q --depth 1 %s %s && cd %s && echo version: %d > models/team007/model042/prod/release.yaml &&
git commit -q -a -m promote && git push -q origin HEAD:main; code=$?; rm -rf %s; exit $code`, url, dir, dir, run, dir)
	return command{args: []string{"sh", "-c", script}, env: identity, dir: b.dir}
}

func (b *bench) remotePromote(ctx context.Context, url string) error {
	made := func(f func(string, int) command) func(int) (command, error) {
		return func(run int) (command, error) { return f(url, run), nil }
	}
	s, err := sideBySide(ctx, remoteRuns, made(b.promoteThere),
		made(func(url string, run int) command { return b.blobless(url, 2*run) }), made(func(url string, run int) command { return b.shallow(url, 2*run+1) }))
	if err != nil {
		return err
	}
	return b.beside("remote-promote", s)
}

func (b *bench) remoteRevert(ctx context.Context, url string) error {
	s, err := sideBySide(ctx, remoteRuns,
		func(run int) (command, error) {
			if _, err := b.promoteThere(url, 1000+run).run(ctx); err != nil {
				return command{}, err
			}
			v, _ := version(1000 + run)
			return b.there(url, "revert", remoteSubject, "--env", "staging", "--bad", v, "--reason", "bench"), nil
		},
		func(run int) (command, error) { return b.blobless(url, 100+2*run), nil },
		func(run int) (command, error) { return b.shallow(url, 101+2*run), nil })
	if err != nil {
		return err
	}
	return b.beside("remote-revert", s)
}

// beside prints the figures of a command on the URL, beside those of a blobless and a shallow clone.
func (b *bench) beside(name string, s []series) error {
	b.ratio(name+"-blobless", s[0].median(), s[1].median(), 0.5)
	b.ratio(name+"-shallow", s[0].median(), s[2].median(), 0.1)
	return b.traffic(name, s[0], true)
}

// remoteShape only reports: what another shape of repository costs.
func (b *bench) remoteShape(ctx context.Context, s shape) error {
	url, stop, err := b.served(ctx, s)
	if err != nil {
		return err
	}
	defer stop()
	for run := range 2 {
		if _, err := b.promoteThere(url, run).run(ctx); err != nil {
			return err
		}
	}
	one, err := b.promoteThere(url, 2).run(ctx)
	if err != nil {
		return err
	}
	if err := b.traffic("remote-promote-"+s.name, series{one}, false); err != nil {
		return err
	}
	v, _ := version(2)
	one, err = b.there(url, "revert", remoteSubject, "--env", "staging", "--bad", v, "--reason", "bench").run(ctx)
	if err != nil {
		return err
	}
	return b.traffic("remote-revert-"+s.name, series{one}, false)
}

var trafficLine = regexp.MustCompile(`(\d+) requests, (\d+) bytes sent, (\d+) received(?: \((\d+) of it its list of refs\))?`)

// traffic takes what the commands say of their requests and bytes, the worst of all runs.
func (b *bench) traffic(name string, s series, judged bool) error {
	var requests, bytes, refs float64
	for _, one := range s {
		m := trafficLine.FindStringSubmatch(one.output)
		if m == nil {
			return fmt.Errorf("%s: no traffic in the output:\n%s", name, one.output)
		}
		n := func(i int) float64 { v, _ := strconv.ParseFloat(m[i], 64); return v }
		requests, bytes, refs = max(requests, n(1)), max(bytes, n(2)+n(3)-n(4)), max(refs, n(4))
	}
	if !judged {
		b.reported(name, fmt.Sprintf("%.0f requests, %.1f kB, and %.1f kB of refs", requests, bytes/1000, refs/1000))
		return nil
	}
	b.bound(name+"-requests", requests, 12, "")
	b.bound(name+"-bytes", bytes/1000, 40, "kB")
	return nil
}

// generate writes the repository by one fast-import.
func (s shape) generate(ctx context.Context, bare string) error {
	i, err := startImport(ctx, bare)
	if err != nil {
		return err
	}
	i.commit("first")
	i.file("modelops.yaml", platformYAML)
	team, model := filepath.Split(remoteSubject)
	team = strings.TrimSuffix(team, "/")
	for n := range s.teams {
		name := fmt.Sprintf("team%03d", n)
		if n == s.teams-1 && s.teams < 8 {
			name = team
		}
		i.file("tenants/"+name+"/team.yaml", strings.ReplaceAll(teamYAML, "name: bench", "name: "+name))
		for m := range s.models {
			i.overlays(fmt.Sprintf("models/%s/model%03d", name, m))
		}
	}
	i.file("models/"+remoteSubject+"/model.yaml", strings.NewReplacer("team: bench", "team: "+team, "name: subject", "name: "+model).Replace(modelYAML))
	for n := range s.branches {
		fmt.Fprintf(i.w, "reset refs/heads/feature-%d\nfrom refs/heads/main\n\n", n)
	}
	return i.close()
}
