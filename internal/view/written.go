package view

// File is one file that a command wrote, or would write.
type File struct {
	Path string `json:"path"`
	// Op is add, update, delete or keep: a file of the user's that was left as it is.
	Op string `json:"op"`
}

// Written is the result of init, team, model add and render: files of the work tree, none of them committed.
type Written struct {
	// Root is the folder that holds modelops.yaml.
	Root string `json:"root"`
	// Changed says whether any file changed.
	Changed bool `json:"changed"`
	// Files by path.
	Files []File `json:"files"`
	// Deletes are the objects that Argo CD will delete once this is on the branch.
	Deletes []Object `json:"deletes,omitempty"`
	// Warnings are facts that the user should know.
	Warnings []string `json:"warnings,omitempty"`
	// Next are the commands that come next.
	Next []string `json:"next,omitempty"`
	// DryRun says that nothing was written.
	DryRun bool `json:"dryRun,omitempty"`
}

// Object names a Kubernetes object.
type Object struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// String writes Kind Namespace/Name.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

var opStyle = map[string]Style{"add": Green, "update": Yellow, "delete": Red, "keep": Dim}

// Text lists the files, what Argo CD will delete, and what to type next.
func (w Written) Text(t *Text) {
	if !w.Changed {
		t.Line("nothing to write: every file is as it should be")
	}
	shown := w.Files
	const most = 40
	if !t.Verbose() && len(shown) > most {
		shown = shown[:most]
	}
	for _, f := range shown {
		t.Line("%-6s %s", In(opStyle[f.Op], pad(f.Op, 6)), f.Path)
	}
	if n := len(w.Files) - len(shown); n > 0 {
		t.Line("... and %d more (-v lists them)", n)
	}
	if w.DryRun && w.Changed {
		t.Line("dry run: nothing was written")
	}
	if len(w.Deletes) > 0 {
		t.Blank()
		t.Line("once this is on the branch, Argo CD deletes:")
		for _, o := range w.Deletes {
			t.Line("  %s", o)
		}
	}
	for _, warning := range w.Warnings {
		t.Blank()
		t.Line("%s %s", In(Yellow, "warning:"), warning)
	}
	writeNext(t, w.Next)
}

func pad(s string, n int) string {
	for len(s) < n {
		s += " "
	}
	return s
}

func writeNext(t *Text, next []string) {
	if len(next) == 0 {
		return
	}
	t.Blank()
	t.Line("next:")
	for _, n := range next {
		t.Line("  %s", n)
	}
}
