package view

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/modelops/modelops/internal/escape"
	"github.com/modelops/modelops/internal/parallel"
)

// Format of results.
type Format string

// The formats that a command can be asked for.
const (
	FormatText Format = "text"
	FormatJSON Format = "json"
)

// Result is what a command found or did. Its JSON is the documented shape; Text writes it for people.
type Result interface {
	Text(t *Text)
}

// Options say where results and messages go, and how.
type Options struct {
	// Out takes results, Err messages and progress.
	Out, Err io.Writer
	Format   Format
	// ColorOut and ColorErr say whether the two take ANSI colours; OutTerminal and ErrTerminal whether a person watches.
	ColorOut, ColorErr       bool
	OutTerminal, ErrTerminal bool
	// Verbose shows diffs and facts that are otherwise left out.
	Verbose bool
	Dialect escape.Dialect
}

// Output prints results, messages and failures. It may be used by several goroutines.
type Output struct {
	opts Options
	mu   sync.Mutex
	live bool // an unfinished progress line stands on Err
}

// New makes an output.
func New(o Options) *Output { return &Output{opts: o} }

// Verbose says whether details are wanted.
func (o *Output) Verbose() bool { return o.opts.Verbose }

// JSON says whether the result is printed as one JSON document.
func (o *Output) JSON() bool { return o.opts.Format == FormatJSON }

// Print writes a command's one result to Out.
func (o *Output) Print(r Result) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endLive()
	if o.opts.Format == FormatJSON {
		return writeJSON(o.opts.Out, r)
	}
	return o.write(r.Text)
}

// lines writes a part of a result that is shown while it is found.
func (o *Output) lines(write func(*Text)) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endLive()
	return o.write(write)
}

func (o *Output) write(text func(*Text)) error {
	t := newText(o.opts.ColorOut, o.opts.Verbose)
	text(t)
	return t.flush(o.opts.Out, o.opts.Dialect)
}

// Raw writes a document for programs, byte for byte; at a terminal it is escaped as any other text.
func (o *Output) Raw(data []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endLive()
	if o.opts.OutTerminal {
		data = []byte(escape.Block(string(data)))
	}
	_, err := o.opts.Out.Write(data)
	return err
}

// Say writes a message for the person at the terminal to Err; args are escaped. Where results are JSON, nobody reads it.
func (o *Output) Say(format string, args ...any) {
	if o.JSON() {
		return
	}
	o.message(func(t *Text) { t.Line(format, args...) })
}

// Show writes a result to Err, for what is shown before the result: a plan, before it is carried out.
func (o *Output) Show(r Result) {
	if !o.JSON() {
		o.message(r.Text)
	}
}

func (o *Output) message(write func(*Text)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endLive()
	t := newText(o.opts.ColorErr, o.opts.Verbose)
	write(t)
	// A message that cannot be written has nowhere to complain.
	_ = t.flush(o.opts.Err, o.opts.Dialect)
}

// long is a result with a list that may be long.
type long interface {
	// shortened is the result with an empty list, which is the first in its JSON that is called name, and n elements that
	// belong there.
	shortened() (r Result, name string, n int, element func(int) any)
}

// writeJSON writes one document. The elements of a long list are encoded by themselves, on every core.
func writeJSON(w io.Writer, r Result) error {
	l, ok := r.(long)
	if !ok {
		document, err := encode(r, "", "  ")
		if err == nil {
			_, err = w.Write(append(document, '\n'))
		}
		return err
	}
	short, name, n, element := l.shortened()
	document, err := encode(short, "", "  ")
	if err != nil {
		return err
	}
	elements, errs := make([][]byte, n), make([]error, n)
	parallel.For(n, func(i int) { elements[i], errs[i] = encode(element(i), "    ", "  ") })
	if err := errors.Join(errs...); err != nil {
		return err
	}
	// A text cannot hold this: its quotes would be escaped.
	before, after, _ := bytes.Cut(document, []byte(`"`+name+`": []`))
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, `%s"%s": [`, before, name)
	for i, e := range elements {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "\n    %s", e)
	}
	if n > 0 {
		b.WriteString("\n  ")
	}
	fmt.Fprintf(b, "]%s\n", after)
	return b.Flush()
}

// encode writes a value as JSON in which nothing is left that a terminal would obey; lines after the first begin with prefix.
// Without an indent there is one line.
func encode(v any, prefix, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent(prefix, indent)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return escape.JSON(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// Help writes a text of our own as it stands.
func (o *Output) Help(s string) error {
	_, err := io.WriteString(o.opts.Out, strings.TrimRight(s, "\n")+"\n")
	return err
}
