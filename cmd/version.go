package cmd

import (
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/view"
)

func (s *session) versionCommand() *cli.Command {
	return s.command(entry{name: "version", usage: "print the version", examples: []string{"modelops version -o json"},
		run: func(*cli.Context) error { return s.printVersion() }})
}

func (s *session) printVersion() error { return s.out.Print(buildVersion(debug.ReadBuildInfo())) }

// buildVersion takes the version that the Go toolchain stamps into the program: the module's, or the commit's.
func buildVersion(info *debug.BuildInfo, ok bool) view.Version {
	v := view.Version{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
