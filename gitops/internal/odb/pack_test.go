package odb

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

// TestPacksSendDifferences writes packs, whole and thin, and reads them back.
func TestPacksSendDifferences(t *testing.T) {
	var folder strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&folder, "40000 model%04d\x00%020d", i, i*7919)
	}
	before := folder.String()
	after := strings.Replace(before, "model2500", "model25x0", 1)
	there := NewOverlay(Nothing{})
	was := there.Put(plumbing.TreeObject, []byte(before))
	objects := map[Hash]Object{}
	fresh := NewOverlay(Nothing{})
	for _, h := range []Hash{fresh.Replace(plumbing.TreeObject, []byte(after), was), fresh.Put(plumbing.BlobObject, nil), fresh.Put(plumbing.BlobObject, []byte(strings.Repeat("x", 70000)))} {
		objects[h], _ = fresh.Get(h)
	}
	sizes := map[bool]int{}
	for thin, base := range map[bool]func(Hash) (Object, bool){true: there.Get, false: nil} {
		var pack bytes.Buffer
		if err := WritePack(&pack, objects, base); err != nil {
			t.Fatal(err)
		}
		sizes[thin] = pack.Len()
		n, err := Unpack(pack.Bytes(), there)
		if err != nil || n != len(objects) {
			t.Fatalf("thin %v: %d objects, %v", thin, n, err)
		}
		for h, o := range objects {
			if got, ok := there.Get(h); !ok || !bytes.Equal(got.Data, o.Data) || got.Kind != o.Kind {
				t.Errorf("thin %v: %s did not come through", thin, h)
			}
		}
	}
	if sizes[true]*20 > sizes[false] {
		t.Errorf("a changed entry of a large folder takes %d bytes, whole %d", sizes[true], sizes[false])
	}
}
