package odb

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the checksum of Git's file format
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// commitGraph is what git's commit-graph files say of commits (gitformat-commit-graph(5)): trees, parents, generations
// and filters of changed paths, without reading an object. A graph that is not whole is not used at all.
type commitGraph struct {
	// layers of a chain, the oldest first; positions count through all of them.
	layers []*graphLayer
}

// graphLayer is one file.
type graphLayer struct {
	before  uint32 // commits in the layers below
	count   uint32
	fanout  []byte
	oids    []byte
	commits []byte
	edges   []byte
	blooms  *bloomLayer // nil: none that can be used
}

const (
	graphHeader  = 8
	graphCommit  = hashSize + 16
	graphNone    = 0x70000000 // no such parent
	graphEdges   = 0x80000000 // the other parents stand in the list of edges; there, the last one
	graphLevels  = 0x3fffffff // the highest generation that can be written
	graphMaxSize = 1 << 30
	hashSize     = 20
)

// openGraph reads the commit-graph of one object folder: a single file, or a chain of them. It returns nil where there
// is none, or none that is sound.
func openGraph(objects string) *commitGraph {
	info := filepath.Join(objects, "info")
	if l, err := readLayer(filepath.Join(info, "commit-graph"), 0); err == nil {
		return newGraph([]*graphLayer{l})
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	chain, err := os.ReadFile(filepath.Join(info, "commit-graphs", "commit-graph-chain"))
	if err != nil {
		return nil
	}
	var layers []*graphLayer
	for line := range strings.Lines(string(chain)) {
		name := strings.TrimSpace(line)
		if raw, err := hex.DecodeString(name); err != nil || len(raw) != hashSize {
			return nil
		}
		l, err := readLayer(filepath.Join(info, "commit-graphs", "graph-"+name+".graph"), len(layers))
		if err != nil {
			return nil
		}
		layers = append(layers, l)
	}
	return newGraph(layers)
}

func newGraph(layers []*graphLayer) *commitGraph {
	total := uint64(0)
	for _, l := range layers {
		l.before = uint32(total)
		total += uint64(l.count)
	}
	if total == 0 || total >= graphNone {
		return nil
	}
	return &commitGraph{layers}
}

func readLayer(name string, depth int) (*graphLayer, error) {
	if info, err := os.Stat(name); err != nil {
		return nil, err
	} else if info.Size() > graphMaxSize {
		return nil, errBadGraph
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return parseLayer(data, depth)
}

var errBadGraph = errors.New("not a commit-graph that can be used")

// parseLayer checks a file whole, its checksum included: a flipped bit would otherwise become a wrong history.
func parseLayer(data []byte, depth int) (*graphLayer, error) {
	if len(data) < graphHeader+hashSize || string(data[:6]) != "CGPH\x01\x01" || int(data[7]) != depth {
		return nil, errBadGraph
	}
	body := data[:len(data)-hashSize]
	if sum := sha1.Sum(body); !bytes.Equal(sum[:], data[len(body):]) { //nolint:gosec // see above
		return nil, errBadGraph
	}
	chunks, err := graphChunks(body, int(data[6]))
	if err != nil {
		return nil, err
	}
	l := &graphLayer{fanout: chunks["OIDF"], oids: chunks["OIDL"], commits: chunks["CDAT"], edges: chunks["EDGE"]}
	if len(l.fanout) != 256*4 {
		return nil, errBadGraph
	}
	for i := 4; i < len(l.fanout); i += 4 {
		if be32(l.fanout[i:]) < be32(l.fanout[i-4:]) {
			return nil, errBadGraph
		}
	}
	l.count = be32(l.fanout[255*4:])
	if uint64(len(l.oids)) != uint64(l.count)*hashSize || uint64(len(l.commits)) != uint64(l.count)*graphCommit {
		return nil, errBadGraph
	}
	l.blooms = parseBlooms(chunks["BIDX"], chunks["BDAT"], l.count)
	return l, nil
}

// graphChunks cuts a file by its table of contents, whose last line is the end of the last chunk.
func graphChunks(data []byte, n int) (map[string][]byte, error) {
	const line = 12
	if len(data) < graphHeader+(n+1)*line {
		return nil, errBadGraph
	}
	out := map[string][]byte{}
	for i := range n {
		at := data[graphHeader+i*line:]
		from, to := binary.BigEndian.Uint64(at[4:]), binary.BigEndian.Uint64(at[4+line:])
		if from > to || to > uint64(len(data)) {
			return nil, errBadGraph
		}
		out[string(at[:4])] = data[from:to]
	}
	return out, nil
}

func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// Link is what a walk through history needs of a commit.
type Link struct {
	Hash, Tree Hash
	// Objs has the commit and what it names.
	Objs Source
	// Parents, where it was read from the object.
	Parents []Hash
	// when it was committed, in seconds since 1970.
	when int64
	// level is the length of the longest way to a root, 0 where it is not known.
	level uint32
	// graph has the commit at a place, and its parents at others; nil where it was read from the object.
	graph             *commitGraph
	at, first, second uint32
}

// find returns the commit with this id.
func (g *commitGraph) find(h Hash) (Link, bool) {
	for _, l := range g.layers {
		lo, hi := uint32(0), be32(l.fanout[int(h[0])*4:])
		if h[0] > 0 {
			lo = be32(l.fanout[int(h[0]-1)*4:])
		}
		if hi > l.count || lo > hi {
			return Link{}, false
		}
		if i := searchIDs(l.oids[int(lo)*hashSize:int(hi)*hashSize], h); i >= 0 {
			return g.commit(l.before + lo + uint32(i))
		}
	}
	return Link{}, false
}

func (l *graphLayer) oid(i uint32) []byte { return l.oids[int(i)*hashSize : int(i+1)*hashSize] }

// layer finds the file that a position lies in.
func (g *commitGraph) layer(at uint32) (*graphLayer, uint32, bool) {
	for _, l := range g.layers {
		if at-l.before < l.count {
			return l, at - l.before, true
		}
	}
	return nil, 0, false
}

// commit returns the commit at a position; false where there is none.
func (g *commitGraph) commit(at uint32) (Link, bool) {
	l, i, ok := g.layer(at)
	if !ok {
		return Link{}, false
	}
	raw := l.commits[int(i)*graphCommit : int(i+1)*graphCommit]
	return Link{
		Hash: Hash(l.oid(i)), Tree: Hash(raw[:hashSize]), graph: g, at: at,
		first: be32(raw[hashSize:]), second: be32(raw[hashSize+4:]),
		// Of these eight bytes, thirty bits are the level and the others the time.
		level: be32(raw[hashSize+8:]) >> 2, when: int64(binary.BigEndian.Uint64(raw[hashSize+8:]) & (1<<34 - 1)),
	}, true
}

// parents lists the parents of a commit of the graph; false where the file contradicts itself.
func (g *commitGraph) parents(c Link) ([]Hash, bool) {
	var at []uint32
	switch {
	case c.first == graphNone:
	case c.second == graphNone:
		at = []uint32{c.first}
	case c.second&graphEdges == 0:
		at = []uint32{c.first, c.second}
	default:
		l, _, _ := g.layer(c.at)
		more, ok := l.moreParents(c.second &^ graphEdges)
		if !ok {
			return nil, false
		}
		at = append([]uint32{c.first}, more...)
	}
	out := make([]Hash, len(at))
	for n, p := range at {
		l, i, ok := g.layer(p)
		if !ok {
			return nil, false
		}
		out[n] = Hash(l.oid(i))
	}
	return out, true
}

// moreParents reads the list of edges from a place on: the parents of a merge of more than two, but for the first.
func (l *graphLayer) moreParents(from uint32) (at []uint32, ok bool) {
	for i := int64(from); 4*i+4 <= int64(len(l.edges)); i++ {
		p := be32(l.edges[4*i:])
		at = append(at, p&^graphEdges)
		if p&graphEdges != 0 {
			return at, true
		}
	}
	return nil, false
}

// graph returns the commit-graph of the clone and those of what it borrows from; nil where there is none or where git
// would not use it either: it knows the history as it was committed, not as a shallow clone, a graft or a replacement
// has it.
func (d *Disk) graph() *commitGraphs {
	d.graphOnce.Do(func() {
		common := filepath.Dir(d.stores[0].dir)
		if d.NoGraph || historyIsAltered(common) {
			return
		}
		for _, s := range d.stores {
			if g := openGraph(s.dir); g != nil {
				d.graphs = append(d.graphs, g)
			}
		}
	})
	return &d.graphs
}

// commitGraphs are those of all object folders of a clone.
type commitGraphs []*commitGraph

func (gs *commitGraphs) find(h Hash) (Link, bool) {
	if gs == nil {
		return Link{}, false
	}
	for _, g := range *gs {
		if l, ok := g.find(h); ok {
			return l, true
		}
	}
	return Link{}, false
}

func historyIsAltered(common string) bool {
	for _, name := range []string{"shallow", "info/grafts"} {
		if info, err := os.Stat(filepath.Join(common, name)); err == nil && info.Size() > 0 {
			return true
		}
	}
	if list, err := os.ReadDir(filepath.Join(common, "refs", "replace")); err == nil && len(list) > 0 {
		return true
	}
	packed, err := os.ReadFile(filepath.Join(common, "packed-refs"))
	return err == nil && bytes.Contains(packed, []byte(" refs/replace/"))
}

// parseLink reads just the head of a commit object.
func parseLink(h Hash, data []byte) (Link, error) {
	l := Link{Hash: h}
	rest, ok := cutID(data, "tree ", &l.Tree)
	if !ok {
		return l, fmt.Errorf("read commit %s: it names no tree", h)
	}
	var p Hash
	for rest, ok = cutID(rest, "parent ", &p); ok; rest, ok = cutID(rest, "parent ", &p) {
		l.Parents = append(l.Parents, p)
	}
	l.when = committed(rest)
	return l, nil
}

// committed reads the committer's date, in seconds; one that cannot be read is 0.
func committed(head []byte) int64 {
	if end := bytes.Index(head, []byte("\n\n")); end >= 0 {
		head = head[:end]
	}
	_, line, _ := bytes.Cut(head, []byte("\ncommitter "))
	line, _, _ = bytes.Cut(line, []byte("\n"))
	end := bytes.LastIndexByte(line, '>')
	fields := bytes.Fields(line[end+1:])
	if end < 0 || len(fields) == 0 {
		return 0
	}
	sec, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	return max(0, sec)
}

// cutID reads a line of a key and an id.
func cutID(data []byte, key string, id *Hash) (rest []byte, ok bool) {
	end := len(key) + 2*hashSize
	if len(data) <= end || string(data[:len(key)]) != key || data[end] != '\n' {
		return data, false
	}
	_, err := hex.Decode(id[:], data[len(key):end])
	return data[end+1:], err == nil
}
