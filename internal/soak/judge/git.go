package judge

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// commit is one of the first-parent line, with what it changes against its first parent.
type commit struct {
	id       string
	parents  []string
	trailers map[string]string
	changes  []change
}

type change struct{ path, mode string }

// op is the number in the reason, 0 where there is none.
func (c commit) op() int {
	number, _ := strings.CutPrefix(c.trailers["Modelops-Reason"], "op ")
	n, _ := strconv.Atoi(number)
	return n
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...) //nolint:gosec // a program for tests
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// history is the first-parent line of main, oldest first.
func history(ctx context.Context, dir string) ([]commit, error) {
	out, err := git(ctx, dir, "log", "--first-parent", "--diff-merges=first-parent", "--reverse", "--raw", "-r", "--root", "--no-abbrev", "--no-renames",
		"--format=%x1e%H%x1f%P%x1f%B%x1f", "main")
	if err != nil {
		return nil, err
	}
	var list []commit
	for _, text := range strings.Split(out, "\x1e")[1:] {
		part := strings.SplitN(text, "\x1f", 4)
		c := commit{id: part[0], parents: strings.Fields(part[1]), trailers: map[string]string{}}
		for line := range strings.SplitSeq(part[2], "\n") {
			if key, value, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(key, "Modelops-") {
				c.trailers[key] = value
			}
		}
		for line := range strings.SplitSeq(strings.TrimSpace(part[3]), "\n") {
			if meta, path, ok := strings.Cut(line, "\t"); ok {
				c.changes = append(c.changes, change{path, strings.Fields(meta)[1]})
			}
		}
		list = append(list, c)
	}
	return list, nil
}

// reader asks one git process for objects.
type reader struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func open(ctx context.Context, dir string) (*reader, error) {
	r := &reader{cmd: exec.CommandContext(ctx, "git", "cat-file", "--batch-command")}
	r.cmd.Dir = dir
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	r.out = bufio.NewReader(out)
	return r, r.cmd.Start()
}

func (r *reader) close() {
	r.in.Close()
	r.cmd.Wait() //nolint:errcheck // reading is over
}

// ask returns the id and the size of an object; an object that is not there has no id.
func (r *reader) ask(verb, name string) (string, int, error) {
	if _, err := fmt.Fprintf(r.in, "%s %s\n", verb, name); err != nil {
		return "", 0, err
	}
	line, err := r.out.ReadString('\n')
	fields := strings.Fields(line)
	if err != nil || len(fields) != 3 {
		return "", 0, err
	}
	size, err := strconv.Atoi(fields[2])
	return fields[0], size, err
}

func (r *reader) id(name string) (string, error) {
	id, _, err := r.ask("info", name)
	return id, err
}

func (r *reader) contents(name string) (string, error) {
	id, size, err := r.ask("contents", name)
	if err != nil || id == "" {
		return "", err
	}
	data := make([]byte, size+1) // a newline follows
	_, err = io.ReadFull(r.out, data)
	return string(bytes.TrimSuffix(data, []byte("\n"))), err
}

// Leftovers lists lock files and temporary files below a Git folder: what only a killed process leaves.
func Leftovers(dir string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); strings.HasSuffix(name, ".lock") || strings.HasPrefix(name, "tmp_") || strings.HasPrefix(name, ".tmp") {
			found = append(found, path)
		}
		return nil
	})
	return found, err
}

// Clone lists what is wrong with a clone that nothing was killed in: its objects, its work tree, what lies about.
func Clone(ctx context.Context, dir string) []string {
	var faults []string
	for _, args := range [][]string{{"fsck", "--strict", "--no-dangling", "--no-progress"}, {"status", "--porcelain"}} {
		if out, err := git(ctx, dir, args...); err != nil || out != "" {
			faults = append(faults, fmt.Sprintf("%s: git %s: %v %s", dir, args[0], err, out))
		}
	}
	left, err := Leftovers(filepath.Join(dir, ".git"))
	if err != nil || len(left) > 0 {
		faults = append(faults, fmt.Sprintf("%s: left over: %v %v", dir, left, err))
	}
	return faults
}
