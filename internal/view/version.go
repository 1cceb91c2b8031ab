package view

// Version is what `modelops version` prints.
type Version struct {
	// Version of the module, or devel.
	Version string `json:"version"`
	// Commit that it was built from, and its time; empty where that was not recorded.
	Commit string `json:"commit,omitempty"`
	Time   string `json:"time,omitempty"`
	// Modified says that the sources differed from the commit.
	Modified bool `json:"modified,omitempty"`
	// Go is the toolchain's version, Platform the operating system and processor.
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Text writes one line.
func (v Version) Text(t *Text) {
	commit := ""
	if v.Commit != "" {
		commit = " (" + v.Commit[:min(12, len(v.Commit))]
		if v.Modified {
			commit += ", modified"
		}
		commit += ")"
	}
	t.Line("modelops %s%s %s %s", v.Version, commit, v.Go, v.Platform)
}
