package fastinit_test

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	_ "github.com/modelops/modelops/argocd"
	_ "github.com/modelops/modelops/argocd/fastinit"
)

// Unpacking translations allocates megabytes while the package that first uses one is initialised. The Go runtime tells
// how much each package allocated, in a process of its own.
func TestTranslationsAreNotUnpacked(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := regexp.MustCompile(`init k8s\.io/kubectl/(\S+) @.*, (\d+) bytes`).FindAllStringSubmatch(string(out), -1)
	if len(lines) == 0 {
		t.Fatal("no package of kubectl is linked any more: fastinit can go")
	}
	for _, line := range lines {
		if bytes, err := strconv.Atoi(line[2]); err != nil || bytes > 1_000_000 {
			t.Errorf("kubectl/%s allocates %s bytes while starting", line[1], line[2])
		}
	}
}
