package catalogue

import (
	"strings"

	"github.com/modelops/modelops/internal/validate/manifest"
)

// application is the spec of an Application: of one, or of those that an ApplicationSet makes.
type application struct {
	*manifest.Object
	spec []any
}

func applicationOf(o *manifest.Object) (application, bool) {
	if !strings.HasPrefix(o.APIVersion, "argoproj.io/") {
		return application{}, false
	}
	switch o.Kind {
	case "Application":
		return application{o, []any{"spec"}}, true
	case "ApplicationSet":
		return application{o, []any{"spec", "template", "spec"}}, true
	}
	return application{}, false
}

// in is the path of a field of the Application's spec.
func (a application) in(path ...any) []any { return append(append([]any(nil), a.spec...), path...) }

func (a application) get(path ...any) any { return a.At(a.in(path...)...) }
