package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// plotRuns is how often each point of the plot is measured.
const plotRuns = 5

// sizes and lengths are the repositories that the plot shows: files at ten commits, and commits at a thousand files.
var (
	sizes   = []layout{{teams: 1, models: 1}, {teams: 5, models: 25}, {teams: 25, models: 50}, {teams: 100, models: 100}}
	lengths = []int{10, 1000, 10_000, 100_000}
)

// curve is one line of the plot: milliseconds by files or commits.
type curve struct {
	name, color string
	dashed      bool
	x, y        []float64
}

// plot measures promote and revert beside git on repositories of several sizes and lengths, and draws them.
func (b *bench) plot(ctx context.Context, name string) error {
	var size, length []curve
	for n, l := range sizes {
		l.commits = 10
		if err := b.point(ctx, fmt.Sprintf("size%d", n), l, &size, float64(8*l.teams*l.models)); err != nil {
			return err
		}
	}
	for _, n := range lengths {
		l := layout{teams: 5, models: 25, commits: n}
		if err := b.point(ctx, fmt.Sprintf("length%d", n), l, &length, float64(n)); err != nil {
			return err
		}
	}
	return os.WriteFile(name, []byte(drawing(size, length)), 0o644)
}

// point measures one repository, and adds to the curves.
func (b *bench) point(ctx context.Context, name string, l layout, curves *[]curve, x float64) error {
	bare, tree := filepath.Join(b.dir, name+".git"), filepath.Join(b.dir, name)
	if err := generate(ctx, bare, l); err != nil {
		return err
	}
	if err := git(ctx, "", "clone", "-q", bare, tree); err != nil {
		return err
	}
	file := "models/team000/model000/prod/release.yaml"
	s := make([]series, 4)
	for run := range plotRuns + 1 {
		if err := os.WriteFile(filepath.Join(tree, file), fmt.Appendf(nil, "version: 1.0.%d\n", run), 0o644); err != nil {
			return err
		}
		ours := b.thereAndBack(bare, run)
		theirs := []command{
			{dir: tree, args: []string{"sh", "-c", "git add " + file + " && git commit -q -m promote"}, env: identity},
			{dir: tree, args: []string{"git", "revert", "--no-edit", "HEAD"}, env: identity},
		}
		for i, c := range append(ours, theirs...) {
			if run == 0 && i == 1 {
				continue // there is nothing to go back to yet
			}
			one, err := c.run(ctx)
			if err != nil {
				return err
			}
			if run > 0 {
				s[i] = append(s[i], one)
			}
		}
	}
	if *curves == nil {
		*curves = []curve{{name: "modelops promote", color: "#1a6fb5"}, {name: "modelops revert", color: "#1a6fb5", dashed: true},
			{name: "git add, git commit", color: "#c8511b"}, {name: "git revert", color: "#c8511b", dashed: true}}
	}
	for i := range s {
		c := &(*curves)[i]
		c.x, c.y = append(c.x, x), append(c.y, float64(s[i].median())/float64(time.Millisecond))
	}
	os.RemoveAll(tree)
	os.RemoveAll(bare)
	return nil
}

// The drawing has two panels side by side with one axis of time.
const (
	drawingWidth, drawingHeight = 920, 420
	panelTop, panelBottom       = 56, 330
	panelWidth                  = 360
)

func drawing(size, length []curve) string {
	most := 0.0
	for _, c := range append(append([]curve{}, size...), length...) {
		for _, y := range c.y {
			most = max(most, y)
		}
	}
	step := 100.0
	for most/step > 7 {
		step *= 2
	}
	most = math.Ceil(most/step) * step
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#333">
<rect width="100%%" height="100%%" fill="#fff"/>
`, drawingWidth, drawingHeight, drawingWidth, drawingHeight)
	panel(&b, 80, "files in the repository (10 commits)", size, step, most)
	panel(&b, 80+panelWidth+90, "commits on the branch (1,000 files)", length, step, most)
	fmt.Fprintf(&b, `<text x="24" y="%d" text-anchor="middle" transform="rotate(-90 24 %d)">milliseconds, whole process</text>`+"\n", (panelTop+panelBottom)/2, (panelTop+panelBottom)/2)
	for i, c := range size {
		x := 110 + 190*i
		fmt.Fprintf(&b, `<line x1="%d" y1="395" x2="%d" y2="395" stroke="%s" stroke-width="2.5"%s/><text x="%d" y="399">%s</text>`+"\n", x, x+34, c.color, dash(c), x+42, c.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func dash(c curve) string {
	if c.dashed {
		return ` stroke-dasharray="6 4"`
	}
	return ""
}

// panel draws curves over a logarithmic axis.
func panel(b *strings.Builder, left int, title string, curves []curve, step, most float64) {
	xs := curves[0].x
	first, last := math.Log10(xs[0]), math.Log10(xs[len(xs)-1])
	px := func(x float64) float64 {
		return float64(left) + 16 + (math.Log10(x)-first)/(last-first)*(panelWidth-32)
	}
	py := func(y float64) float64 { return panelBottom - y/most*(panelBottom-panelTop) }
	fmt.Fprintf(b, `<text x="%d" y="32" text-anchor="middle" font-weight="bold">%s</text>`+"\n", left+panelWidth/2, title)
	for y := 0.0; y <= most; y += step {
		fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n", left, py(y), left+panelWidth, py(y), left-8, py(y)+4, y)
	}
	for _, x := range xs {
		fmt.Fprintf(b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#999"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", px(x), panelBottom, px(x), panelBottom+5, px(x), panelBottom+22, thousands(x))
	}
	for _, c := range curves {
		var points []string
		for i := range c.x {
			points = append(points, fmt.Sprintf("%.1f,%.1f", px(c.x[i]), py(c.y[i])))
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`+"\n", px(c.x[i]), py(c.y[i]), c.color)
		}
		fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2.5"%s/>`+"\n", strings.Join(points, " "), c.color, dash(c))
	}
}

func thousands(x float64) string {
	s := fmt.Sprintf("%.0f", x)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
