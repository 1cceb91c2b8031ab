package odb

import (
	"bytes"
	"slices"
	"testing"
)

// FuzzTree: whatever a tree object holds is read or refused, and what is read is written back with nothing lost.
func FuzzTree(f *testing.F) {
	id := string(bytes.Repeat([]byte{7}, 20))
	f.Add([]byte("100644 a\x00" + id + "40000 b\x00" + id))
	f.Add([]byte("160000 sub\x00" + id + "120000 link\x00" + id + "100664 old\x00" + id))
	f.Add([]byte("100644 a\x00short"))
	f.Add([]byte(" \x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parseTree(Hash{}, data)
		if err != nil {
			return
		}
		if len(data) > 0 && len(list) == 0 {
			t.Error("a tree without entries out of bytes")
		}
		again, err := parseTree(Hash{}, EncodeTree(slices.Clone(list)))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		for _, e := range list {
			if !slices.Contains(again, e) {
				t.Errorf("the entry %q is lost", e.Name)
			}
		}
		if len(list) != len(again) {
			t.Errorf("%d entries became %d", len(list), len(again))
		}
	})
}
