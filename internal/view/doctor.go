package view

// Doctor is the result of `modelops doctor`.
type Doctor struct {
	// Healthy says that nothing is missing.
	Healthy bool    `json:"healthy"`
	Checks  []Check `json:"checks"`
}

// Check is one thing that commands need.
type Check struct {
	Name string `json:"name"`
	// Status is ok, missing, warning or skipped.
	Status string `json:"status"`
	// Detail says what was found.
	Detail string `json:"detail"`
	// Fix is what to type.
	Fix string `json:"fix,omitempty"`
}

var checkStyle = map[string]Style{"ok": Green, "missing": Red, "warning": Yellow, "skipped": Dim}

// Text writes a line per check, and what to type below it.
func (d Doctor) Text(t *Text) {
	for _, c := range d.Checks {
		t.Line("%s %s: %s", In(checkStyle[c.Status], pad(c.Status, 7)), In(Bold, c.Name), c.Detail)
		if c.Fix != "" {
			t.Line("        %s", In(Cyan, c.Fix))
		}
	}
}
