package gitops

import "testing"

func TestBranchNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"main": true, "feature/x": true, "v1.2": true, "ünïcode": true, "a@b": true,
		"": false, "a..b": false, "a.lock": false, "a/b.lock/c": false, ".a": false, "a/.b": false, "a b": false, "a~b": false,
		"a^": false, "a:b": false, "a?b": false, "a*": false, "a[": false, `a\b`: false, "a//b": false, "a/": false, "/a": false,
		"a.": false, "@": false, "a@{b": false, "-a": false, "HEAD": false, "a\x01": false,
	} {
		if got := checkBranch(name) == nil; got != ok {
			t.Errorf("%q: got %v, want %v", name, got, ok)
		}
	}
}
