package view

import (
	"io"
	"strings"
)

// Progress says what is going on while a command works. On a terminal it is one line that changes in place; elsewhere, as
// in CI, each change is a line of its own, and what stays the same is not repeated.
type Progress struct {
	out  *Output
	last string
}

// Progress makes one for a command.
func (o *Output) Progress() *Progress { return &Progress{out: o} }

// Update shows what is going on now; args are escaped. For JSON output it is silent.
func (p *Progress) Update(format string, args ...any) {
	o := p.out
	if o.JSON() {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	t := newText(false, false)
	line := t.Sprintf(format, args...)
	if line == p.last {
		return
	}
	p.last = line
	line = o.opts.Dialect.Defuse(line)
	if !o.opts.ErrTerminal {
		_, _ = io.WriteString(o.opts.Err, line+"\n")
		return
	}
	// A live line that wraps cannot be taken back, so it is cut to what every terminal has.
	_, _ = io.WriteString(o.opts.Err, "\r\x1b[K"+cut(line, 78))
	o.live = true
}

// Done takes a live line away.
func (p *Progress) Done() {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	p.out.endLive()
	p.last = ""
}

// endLive clears the live line before anything else is written. The caller holds the lock.
func (o *Output) endLive() {
	if o.live {
		_, _ = io.WriteString(o.opts.Err, "\r\x1b[K")
		o.live = false
	}
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimRight(string(r[:n-1]), " ") + "…"
}
