package gitops

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/internal/odb"
	"github.com/modelops/modelops/gitops/internal/transport"
)

// canned is a server that answers every request with the same bytes.
type canned struct{ greeting, answer []byte }

func (c canned) URL() string { return "test://canned" }
func (c canned) Open(context.Context, string) (transport.Session, error) {
	a, err := transport.ReadAdvert(bytes.NewReader(c.greeting))
	return cannedSession{a, c.answer}, err
}

type cannedSession struct {
	a      *transport.Advert
	answer []byte
}

func (s cannedSession) Advert() *transport.Advert { return s.a }
func (s cannedSession) Close() error              { return nil }
func (s cannedSession) Exchange(context.Context, []byte) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(s.answer)), nil
}

const v2Greeting = "000eversion 2\n0015agent=git/2.39.5\n0013ls-refs=unborn\n001bfetch=shallow filter=x\n0000"

// FuzzAnswers hands arbitrary bytes to everything that reads a server: greetings, lists of refs, packs, reports.
func FuzzAnswers(f *testing.F) {
	folder := odb.NewOverlay(odb.Nothing{})
	file, _ := folder.Get(folder.Put(plumbing.BlobObject, []byte("text")))
	var pack bytes.Buffer
	if err := odb.WritePack(&pack, map[Hash]odb.Object{{1}: file}, nil); err != nil {
		f.Fatal(err)
	}
	banded := append([]byte("000dpackfile\n"), fmt.Appendf(nil, "%04x\x01%s0000", pack.Len()+5, &pack)...)
	id := strings.Repeat("1", 40)
	f.Add([]byte(v2Greeting), banded)
	f.Add([]byte(v2Greeting), []byte("003d"+id+" refs/heads/main\n0052"+id+" HEAD symref-target:refs/heads/main\n0000"))
	f.Add([]byte("001e# service=git-upload-pack\n0000"+v2Greeting), []byte("000eunpack ok\n0019ok refs/heads/main\n0000"))
	f.Add([]byte("003e"+id+" refs/heads/main\x00side-band-64k\n0000"), []byte("0013\x03no such luck\n"))
	f.Add([]byte(v2Greeting), []byte("0001000200030004zzzz"))
	f.Fuzz(func(t *testing.T, greeting, answer []byte) {
		ctx := context.Background()
		w := &wireRemote{Client: transport.NewClient(canned{greeting, answer}, &transport.Meter{})}
		w.Tip(ctx, "main") //nolint:errcheck // only that it returns
		w.ListRefs(ctx)    //nolint:errcheck // as above
		newFar(w).bring(ctx, []Hash{plumbing.NewHash(id)}, nil)
		u := push{branch: "main", new: plumbing.NewHash(id)}
		for _, banded := range []bool{true, false} {
			rep, err := transport.ReadReport(bytes.NewReader(answer), banded, io.Discard)
			if judge(u, rep, err) == nil && !bytes.Contains(answer, []byte("ok refs/heads/main")) {
				t.Error("success that the server did not say")
			}
		}
	})
}
