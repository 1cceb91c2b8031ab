package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/modelops/modelops/gitops/gittest"
	"github.com/modelops/modelops/internal/soak/judge"
)

// writer asks for one change after the other, as one person or bot does.
type writer struct {
	crowd   *crowd
	number  int
	mode    string
	rand    *rand.Rand
	clone   *gittest.Repo // nil without one
	repo    string        // for --repo
	tmp     string
	killed  int
	journal []judge.Op
}

func (w *writer) arrange(ctx context.Context) error {
	w.tmp = filepath.Join(w.crowd.dir, fmt.Sprintf("tmp%d", w.number))
	if err := os.MkdirAll(w.tmp, 0o755); err != nil {
		return err
	}
	w.repo = w.crowd.url()
	if w.mode == modeURL {
		return nil
	}
	var options []string
	if w.mode == modeBare {
		options = append(options, "--bare")
	}
	var err error
	w.repo = filepath.Join(w.crowd.dir, fmt.Sprintf("clone%d", w.number))
	w.clone, err = w.crowd.hub.Clone(ctx, w.repo, w.crowd.url(), options...)
	return err
}

func (w *writer) work(ctx context.Context) {
	for ctx.Err() == nil {
		id := int(w.crowd.next.Add(1))
		if id > w.crowd.ops {
			return
		}
		if id%500 == 0 {
			w.crowd.say("%s change %d", time.Now().Format("15:04:05"), id)
		}
		op := w.choose(ctx, id)
		w.crowd.count("asked for: " + op.Action)
		w.carryOut(ctx, &op)
		w.journal = append(w.journal, op)
	}
}

// known is what a writer looks up before it decides what to do.
type known struct {
	Spec struct {
		Current *struct{ Version string }  `yaml:"current"`
		Past    []struct{ Version string } `yaml:"past"`
		Holds   []struct{ Version string } `yaml:"holds"`
	} `yaml:"spec"`
}

// choose picks a change that makes sense by what the branch holds now; it may not any more when its turn comes.
func (w *writer) choose(ctx context.Context, id int) judge.Op {
	number := shared + w.number
	if w.rand.IntN(2) == 0 {
		number = w.rand.IntN(shared)
	}
	op := judge.Op{ID: id, Action: "promote", Model: fmt.Sprintf("soak/m%d", number), Version: fmt.Sprintf("1.0.%d", id)}
	var k known
	text, err := w.crowd.hub.Run(ctx, "show", "main:models/"+op.Model+"/state/"+judge.Environment+".yaml")
	if err != nil || yaml.Unmarshal([]byte(text), &k) != nil || k.Spec.Current == nil {
		return op
	}
	switch roll := w.rand.IntN(100); {
	case roll < 25 && len(k.Spec.Past) > 0:
		op.Action, op.Version = "revert", k.Spec.Current.Version
	case roll < 37:
		op.Action, op.Version = "hold", k.Spec.Current.Version
	case roll < 47 && len(k.Spec.Holds) > 0:
		op.Action, op.Version = "unhold", k.Spec.Holds[w.rand.IntN(len(k.Spec.Holds))].Version
	}
	return op
}

func arguments(op *judge.Op) []string {
	args := []string{op.Action, op.Model, "--env", judge.Environment, "--reason", fmt.Sprintf("op %d", op.ID), "-o", "json"}
	switch op.Action {
	case "promote":
		return append(args, "--version", op.Version, "--image", "registry.example.com/soak/m@"+judge.Digest(op.Version))
	case "revert":
		return append(args, "--bad", op.Version)
	}
	return append(args, "--version", op.Version)
}

// carryOut runs an op, and where it was killed or its outcome is not known mostly again, up to twice.
func (w *writer) carryOut(ctx context.Context, op *judge.Op) {
	for range 3 {
		r := w.run(ctx, arguments(op), w.rand.Float64() < w.crowd.kills)
		op.Runs = append(op.Runs, r)
		if r.Exit == judge.Killed {
			w.tidy(ctx)
		}
		w.crowd.count(fmt.Sprintf("%s: exit %d, changed %v", w.mode, r.Exit, r.Changed))
		if r.Exit != judge.Killed && r.Exit != 8 || w.rand.IntN(4) == 0 {
			return
		}
	}
}

// killWithin is about how long a command takes.
const killWithin = 600 * time.Millisecond

// command is one run of the program, as leader of a group of processes.
func (w *writer) command(ctx context.Context, args []string) (cmd *exec.Cmd, out, errs *bytes.Buffer) {
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	cmd = exec.CommandContext(ctx, w.crowd.program)
	cmd.Args = append([]string{"modelops"}, append(args, "--repo", w.repo)...)
	cmd.Env = append(os.Environ(), w.crowd.hub.Env...)
	cmd.Env = append(cmd.Env, "TMPDIR="+w.tmp, "NO_PROXY=127.0.0.1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdout, cmd.Stderr = out, errs
	return cmd, out, errs
}

// run starts the program, and kills it at any time of its life: alone, or with all that it has started.
func (w *writer) run(ctx context.Context, args []string, kill bool) judge.Run {
	cmd, out, errs := w.command(ctx, args)
	if err := cmd.Start(); err != nil {
		return judge.Run{Exit: 1, Text: err.Error()}
	}
	pid := cmd.Process.Pid
	if kill {
		w.killed++
		if w.rand.IntN(2) == 0 {
			pid = -pid
		}
		timer := time.AfterFunc(rand.N(killWithin), func() { syscall.Kill(pid, syscall.SIGKILL) }) //nolint:errcheck // it may have ended
		defer timer.Stop()
	}
	return answer(cmd.Wait(), out, errs)
}

func answer(err error, out, errs *bytes.Buffer) judge.Run {
	r := judge.Run{Text: errs.String()}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		r.Exit = exit.ExitCode() // judge.Killed for a signal
		return r
	}
	if err != nil {
		return judge.Run{Exit: 1, Text: err.Error()}
	}
	var said struct {
		Changed bool
		Commit  string
	}
	if err := json.Unmarshal(out.Bytes(), &said); err != nil {
		return judge.Run{Exit: 1, Text: "its answer cannot be read: " + err.Error() + "\n" + out.String()}
	}
	r.Changed, r.Commit = said.Changed, said.Commit
	return r
}

// tidy does what a user does in a clone in which a command was killed together with git: remove git's locks, and take
// the branch as it is.
func (w *writer) tidy(ctx context.Context) {
	if w.clone == nil {
		return
	}
	w.sweep()
	left, _ := judge.Leftovers(w.clone.Dir)
	for _, path := range left {
		if strings.HasSuffix(path, ".lock") {
			os.Remove(path) //nolint:errcheck // it may have been somebody's who has ended
			w.crowd.count("locks left in a clone by a killed command")
		}
	}
	if w.mode == modeClone {
		w.clone.Run(ctx, "fetch", "--quiet")                          //nolint:errcheck // the server may treat it badly
		w.clone.Run(ctx, "reset", "--quiet", "--hard", "origin/main") //nolint:errcheck // judged at the end
		w.clone.Run(ctx, "clean", "--quiet", "-fdx")                  //nolint:errcheck // judged at the end
	}
}

// sweep takes away the objects that a killed command was writing, and the packs of git's own fetches that were cut. They
// harm nothing; modelops itself takes the objects away when they are an hour old, and git's gc both when they are two weeks
// old.
func (w *writer) sweep() {
	left, _ := judge.Leftovers(w.clone.Dir)
	for _, path := range left {
		switch name := filepath.Base(path); {
		case strings.HasPrefix(name, "tmp_obj_modelops_"):
			os.Remove(path) //nolint:errcheck // judged afterwards
			w.crowd.count("unfinished objects left in a clone by a killed command")
		case strings.HasPrefix(name, "tmp_pack_"):
			os.Remove(path) //nolint:errcheck // judged afterwards
			w.crowd.count("unfinished packs left in a clone by a fetch that was cut")
		}
	}
}

// judged lists what is wrong with the writer's own clone and folder for temporary files.
func (w *writer) judged(ctx context.Context) []string {
	var faults []string
	if w.mode == modeClone {
		w.sweep()
		faults = judge.Clone(ctx, w.clone.Dir)
	}
	left, err := os.ReadDir(w.tmp)
	if err != nil || w.killed == 0 && len(left) > 0 {
		faults = append(faults, fmt.Sprintf("writer %d left %v in its temporary folder (%v)", w.number, left, err))
	}
	if len(left) > 0 {
		w.crowd.say("%d temporary files of %d killed commands of writer %d (%s), such as %s", len(left), w.killed, w.number, w.mode, left[0].Name())
	}
	return faults
}
