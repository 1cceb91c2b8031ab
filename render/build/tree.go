package build

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// The bounds of one build, far above what an honest tree needs: trees are read that strangers wrote.
const (
	// MaxFile is the largest file that is read, in bytes.
	MaxFile = 8 << 20
	// maxBytes are read for one build, each file as often as kustomize reads it; maxFolders are built for it.
	maxBytes   = 64 << 20
	maxFolders = 1000
	// maxDepth of kustomizations that include each other.
	maxDepth = 50
	// maxNodes of a document once its aliases are written out, as kustomize does, and maxLevels of its nesting: kustomize
	// takes minutes for some thousands.
	maxNodes  = 1 << 20
	maxLevels = 100
)

// Built is what a folder of a tree builds.
type Built struct {
	Objects Objects
	// Files that were read for it, by their path from the root of the tree.
	Files map[string][]byte
}

// Tree builds the kustomization in a folder of a tree as `kustomize build` does, byte for byte. Its bases, components and
// files may lie anywhere in the tree, and nothing else is ever read: no URL, no program, no chart, no link out of it. The
// error is *RefusedError for what would need one of these and for what is too large; other errors are kustomize's own.
func Tree(fsys fs.FS, dir string) (*Built, error) {
	w := walker{fsys: fsys, files: map[string][]byte{}, done: map[string]weight{}}
	if _, err := w.folder(path.Clean(dir)); err != nil {
		return nil, err
	}
	memory := filesys.MakeFsInMemory()
	for name, data := range w.files {
		if err := memory.WriteFile(path.Join(treeRoot, name), data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	m, err := w.kustomize(memory, path.Join(treeRoot, dir))
	if err != nil {
		return nil, &toldError{err}
	}
	objects, err := objectsOf(m)
	return &Built{objects, w.files}, err
}

// kustomize runs alone where the tree brings its own schema.
func (w *walker) kustomize(fsys filesys.FileSystem, dir string) (resmap.ResMap, error) {
	if !w.ownSchema {
		withSchema(all)
		defer schema.RUnlock()
		return kustomize(fsys, dir)
	}
	schema.Lock()
	defer schema.Unlock()
	defer load(all)
	return kustomize(fsys, dir)
}

// treeRoot is the root of the tree in the file system that kustomize sees. Its name is taken out of messages.
const treeRoot = "/-tree-"

// toldError is kustomize's own, in the words of the tree.
type toldError struct{ err error }

func (e *toldError) Error() string {
	return strings.NewReplacer(treeRoot+"/", "", treeRoot, ".").Replace(e.err.Error())
}

func (e *toldError) Unwrap() error { return e.err }

// weight is what one build of a folder costs, with everything below it.
type weight struct{ folders, bytes int }

// walker reads everything that a kustomization reaches.
type walker struct {
	fsys  fs.FS
	files map[string][]byte
	// open are the folders on the way to the one that is looked at, done those that have been.
	open []string
	done map[string]weight
	// ownSchema is set where a kustomization names one.
	ownSchema bool
}

func (w *walker) folder(dir string) (weight, error) {
	if at := slices.Index(w.open, dir); at >= 0 {
		return weight{}, &RefusedError{File: dir, Why: "it includes itself: " + strings.Join(append(w.open[at:], dir), " -> ")}
	}
	if known, ok := w.done[dir]; ok {
		return known, nil
	}
	k, err := w.kustomization(dir)
	if err != nil {
		return weight{}, err
	}
	if len(w.open) >= maxDepth {
		return weight{}, &RefusedError{File: k.file, Why: fmt.Sprintf("more than %d kustomizations include each other", maxDepth)}
	}
	w.open = append(w.open, dir)
	cost, err := w.reach(k)
	w.open = w.open[:len(w.open)-1]
	w.done[dir] = cost
	return cost, err
}

// kustomization reads the one file of a folder that may say how it is built.
func (w *walker) kustomization(dir string) (kustomization, error) {
	k := kustomization{dir: dir}
	for _, name := range kustomizationFiles {
		file := path.Join(dir, name)
		if _, err := fs.Stat(w.fsys, file); err != nil {
			continue
		}
		if k.file != "" {
			return k, &RefusedError{File: file, Why: "it stands beside " + path.Base(k.file) + ": keep one of them"}
		}
		k.file = file
	}
	if k.file == "" {
		return k, &RefusedError{File: path.Join(dir, kustomizationFiles[0]), Why: "there is no such file"}
	}
	if _, err := w.file(k.file, k.file); err != nil {
		return k, err
	}
	in := inspection{files: w.files, read: map[string][]*yaml.Node{}}
	root, err := in.document(k.file)
	if err != nil {
		return k, err
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if why, ok := refusedFields[root.Content[i].Value]; ok {
			key := root.Content[i]
			return k, &RefusedError{File: k.file, Line: key.Line, Column: key.Column, Why: key.Value + ": " + why, NotBuilt: true}
		}
	}
	if err := root.Decode(&k.Kustomization); err != nil {
		return k, &RefusedError{File: k.file, Why: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	k.FixKustomization()
	w.ownSchema = w.ownSchema || len(k.OpenAPI) > 0
	return k, nil
}

// kustomizationFiles are the names by which kustomize knows a kustomization.
var kustomizationFiles = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// refusedFields are those that run programs.
var refusedFields = map[string]string{
	"helmCharts":                  "charts are not rendered here: that runs helm",
	"helmChartInflationGenerator": "charts are not rendered here: that runs helm",
	"helmGlobals":                 "charts are not rendered here: that runs helm",
	"generators":                  "plugins are not run here",
	"transformers":                "plugins are not run here",
	"validators":                  "plugins are not run here",
}

// reach reads what a kustomization names.
func (w *walker) reach(k kustomization) (weight, error) {
	cost := weight{folders: 1}
	for _, name := range slices.Concat(k.Resources, k.Components) {
		below, err := w.resource(k, name)
		if err != nil {
			return cost, err
		}
		cost.folders, cost.bytes = cost.folders+below.folders, cost.bytes+below.bytes
		if cost.folders > maxFolders || cost.bytes > maxBytes {
			return cost, &RefusedError{File: k.file, Why: fmt.Sprintf("more than %d folders or %d bytes would be built for it", maxFolders, maxBytes)}
		}
	}
	for _, name := range k.everyPath() {
		if _, err := w.named(k, name); err != nil {
			return cost, err
		}
	}
	return cost, nil
}

// resource is a file, or a folder with a kustomization of its own.
func (w *walker) resource(k kustomization, name string) (weight, error) {
	at, err := within(k, name)
	if err != nil {
		return weight{}, err
	}
	info, err := fs.Stat(w.fsys, at)
	if err != nil {
		return weight{}, notThere(k.file, name, err)
	}
	if info.IsDir() {
		return w.folder(at)
	}
	size, err := w.file(k.file, at)
	if err == nil {
		err = bounded(at, w.files[at])
	}
	return weight{bytes: size}, err
}

// named reads a plain file that a kustomization names.
func (w *walker) named(k kustomization, name string) (int, error) {
	at, err := within(k, name)
	if err != nil {
		return 0, err
	}
	size, err := w.file(k.file, at)
	if err == nil {
		err = bounded(at, w.files[at])
	}
	return size, err
}

// everyPath are the plain files that a kustomization reads, beside resources and components.
func (k kustomization) everyPath() []string {
	out := k.paths()
	//lint:ignore SA1019 what strangers write is older than its deprecation
	for _, p := range k.PatchesJson6902 {
		if p.Path != "" {
			out = append(out, p.Path)
		}
	}
	//lint:ignore SA1019 as above
	for _, p := range k.PatchesStrategicMerge {
		// A text with line ends is the patch itself.
		if !strings.Contains(string(p), "\n") {
			out = append(out, string(p))
		}
	}
	for _, s := range k.SecretGenerator {
		out = append(out, sources(s.KvPairSources)...)
	}
	if p := k.OpenAPI["path"]; p != "" {
		out = append(out, p)
	}
	return slices.Concat(out, k.Crds, k.Configurations)
}

// sources are the files that a generator reads.
func sources(s types.KvPairSources) []string {
	var out []string
	for _, f := range s.FileSources {
		_, file, named := strings.Cut(f, "=")
		if !named {
			file = f
		}
		out = append(out, file)
	}
	out = append(out, s.EnvSources...)
	if s.EnvSource != "" {
		out = append(out, s.EnvSource)
	}
	return out
}

// within resolves a path of a kustomization in the tree.
func within(k kustomization, name string) (string, error) {
	at := path.Join(k.dir, name)
	switch {
	case !isLocal(name):
		return "", &RefusedError{File: k.file, Why: fmt.Sprintf("%q is not a path in the tree: nothing is fetched here", name)}
	case at == ".." || strings.HasPrefix(at, "../"):
		return "", &RefusedError{File: k.file, Why: fmt.Sprintf("%q lies outside of the tree", name)}
	}
	return at, nil
}

// file reads a file once, and returns its size.
func (w *walker) file(by, at string) (int, error) {
	if data, ok := w.files[at]; ok {
		return len(data), nil
	}
	data, err := ReadFile(w.fsys, at)
	if err != nil {
		return 0, notThere(by, at, err)
	}
	w.files[at] = data
	return len(data), nil
}

// ReadFile reads a plain file of at most MaxFile bytes.
func ReadFile(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &RefusedError{File: name, Why: "it is not a plain file"}
	case info.Size() > MaxFile:
		return nil, &RefusedError{File: name, Why: fmt.Sprintf("it has %d bytes, at most %d are read", info.Size(), MaxFile)}
	}
	return fs.ReadFile(fsys, name)
}

func notThere(by, name string, err error) error {
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return &RefusedError{File: by, Why: fmt.Sprintf("%s: there is no such file or folder", name)}
	}
	return &RefusedError{File: by, Why: fmt.Sprintf("%s: it cannot be read: %v", name, err)}
}

// bounded refuses what is nested without end, and aliases that make a large document of a small one.
func bounded(file string, data []byte) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		if d.Decode(&n) != nil {
			return nil // kustomize says what is wrong with it
		}
		if err := measured(file, &n); err != nil {
			return err
		}
	}
}

func measured(file string, n *yaml.Node) error {
	switch e := written(n, map[*yaml.Node]extent{}); {
	case e.nodes > maxNodes:
		return &RefusedError{File: file, Why: fmt.Sprintf("its aliases stand for more than %d values", maxNodes)}
	case e.levels > maxLevels:
		return &RefusedError{File: file, Why: fmt.Sprintf("it is nested more than %d levels deep", maxLevels)}
	}
	return nil
}

// extent of a document once its aliases are written out.
type extent struct{ nodes, levels int }

// written measures a document; more than the bounds counts as one more.
func written(n *yaml.Node, known map[*yaml.Node]extent) extent {
	if e, ok := known[n]; ok {
		return e
	}
	known[n] = extent{maxNodes + 1, maxLevels + 1} // an alias of what it lies in has no end
	e := extent{nodes: 1}
	below := n.Content
	if n.Kind == yaml.AliasNode {
		below = []*yaml.Node{n.Alias}
	}
	for _, c := range below {
		b := written(c, known)
		e = extent{min(e.nodes+b.nodes, maxNodes+1), max(e.levels, min(b.levels, maxLevels))}
	}
	e.levels++
	known[n] = e
	return e
}

// References are the paths that a kustomization names.
type References struct {
	// Paths of files and folders, from the root of the tree.
	Paths []string
	// Component says that it is one, which is nothing by itself.
	Component bool
}

// Refer reads what the kustomization in a folder of a tree names, and follows nothing.
func Refer(fsys fs.FS, dir string) (References, error) {
	w := walker{fsys: fsys, files: map[string][]byte{}}
	k, err := w.kustomization(path.Clean(dir))
	if err != nil {
		return References{}, err
	}
	out := References{Component: k.Kind == types.ComponentKind}
	for _, name := range slices.Concat(k.Resources, k.Components, k.everyPath()) {
		out.Paths = append(out.Paths, path.Join(k.dir, name))
	}
	return out, nil
}
