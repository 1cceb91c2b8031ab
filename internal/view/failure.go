package view

import (
	"io"
	"strings"
)

// Failure is an error as it is shown: what happened, the facts below it, and what to do next.
type Failure struct {
	// Kind is a word that does not change between releases, such as "held" or "usage".
	Kind string `json:"kind"`
	// Exit is the code that the process ends with.
	Exit int `json:"exit"`
	// Message is one line: what failed, where, and why.
	Message string `json:"message"`
	// Target is what the command was about, such as vision/resnet; empty where it was about no model.
	Target string `json:"target,omitempty"`
	// Details are further facts, the state that is left behind among them.
	Details []string `json:"details,omitempty"`
	// Hints are commands or advice.
	Hints []string `json:"hints,omitempty"`
}

// Fail writes a failure to Err: as lines, or as the JSON document {"error": ...}, which is the last line of Err.
func (o *Output) Fail(f Failure) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endLive()
	if o.opts.Format == FormatJSON {
		_, _ = io.WriteString(o.opts.Err, failureJSON(f))
		return
	}
	t := newText(o.opts.ColorErr, o.opts.Verbose)
	f.Text(t)
	_ = t.flush(o.opts.Err, o.opts.Dialect)
}

// Text writes the failure as style asks: error, indented facts, hints.
func (f Failure) Text(t *Text) {
	t.Line("%s %s", In(Red, "error:"), f.Message)
	t.Under(func() {
		for _, d := range f.Details {
			t.Block(d)
		}
	})
	for _, h := range f.Hints {
		lines := strings.Split(strings.TrimRight(h, "\n"), "\n")
		t.Line("%s %s", In(Cyan, "hint:"), lines[0])
		for _, more := range lines[1:] {
			t.Line("      %s", more)
		}
	}
}

// failureJSON is one line, so that the last line of Err is the whole document, whatever stood before it.
func failureJSON(f Failure) string {
	document, err := encode(map[string]Failure{"error": f}, "", "")
	if err != nil {
		document = []byte(`{"error":{"kind":"unexpected","exit":1,"message":"the error cannot be written as JSON"}}`)
	}
	return string(document) + "\n"
}
