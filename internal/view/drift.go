package view

// Checked is the result of render --check.
type Checked struct {
	// Folders is the number of generated folders that were looked at.
	Folders int `json:"folders"`
	// Clean says that nothing was found.
	Clean bool    `json:"clean"`
	Drift []Drift `json:"drift"`
}

// Drift is one file that is not what it should be.
type Drift struct {
	Path string `json:"path"`
	// Kind is edited, missing, extra, unrecorded or broken.
	Kind string `json:"kind"`
	Why  string `json:"why"`
}

// Text writes a line for each.
func (c Checked) Text(t *Text) {
	for _, d := range c.Drift {
		t.Line("%s %s: %s", In(Yellow, pad(d.Kind, 10)), In(Bold, d.Path), d.Why)
	}
	if c.Clean {
		t.Line("%s: every file is what it should be", count(c.Folders, "generated folder", "generated folders"))
	}
}
