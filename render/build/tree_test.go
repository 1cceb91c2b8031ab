package build_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/modelops/modelops/render/build"
)

func files(pairs ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1]), Mode: 0o644}
	}
	return out
}

// bomb makes a document whose aliases stand for 10^depth values.
func bomb(depth int) string {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx0: &x0 {a: b}\n")
	for i := range depth {
		fmt.Fprintf(&b, "x%d: &x%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*x%d, ", i), 9)+fmt.Sprintf("*x%d", i))
	}
	return b.String()
}

const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

// TestTreeRefuses lists what strangers may try: nothing is fetched, run, or read outside of the tree, and nothing small
// becomes large.
func TestTreeRefuses(t *testing.T) {
	t.Parallel()
	with := func(kustomization string, more ...string) fstest.MapFS {
		return files(append([]string{"app/kustomization.yaml", kustomization, "app/a.yaml", settings}, more...)...)
	}
	circle := files("app/kustomization.yaml", "resources: [../b]\n", "b/kustomization.yaml", "resources: [../app]\n")
	doubling := fstest.MapFS{}
	for i := range 20 {
		doubling[fmt.Sprintf("d%d/kustomization.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "resources: [../d%d, ../e%d]\n", i+1, i), Mode: 0o644}
		doubling[fmt.Sprintf("e%d/kustomization.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "namePrefix: e-\nresources: [../d%d]\n", i+1), Mode: 0o644}
	}
	doubling["d20/kustomization.yaml"] = &fstest.MapFile{Data: []byte("namePrefix: x\n"), Mode: 0o644}
	doubling["app/kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources: [../d0]\n"), Mode: 0o644}
	chain := fstest.MapFS{"app/kustomization.yaml": {Data: []byte("resources: [../c0]\n"), Mode: 0o644}}
	for i := range 60 {
		chain[fmt.Sprintf("c%d/kustomization.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "resources: [../c%d]\n", i+1), Mode: 0o644}
	}
	linked := with("resources: [link.yaml]\n")
	linked["app/link.yaml"] = &fstest.MapFile{Data: []byte("/etc/passwd"), Mode: os.ModeSymlink | 0o777}
	for name, c := range map[string]struct {
		tree fstest.MapFS
		want string
	}{
		"a URL":                   {with("resources: ['https://example.com/a.yaml']\n"), "nothing is fetched here"},
		"a Git URL":               {with("resources: ['git@example.com:a/b']\n"), "nothing is fetched here"},
		"a Git host":              {with("resources: [github.com/a/b]\n"), "nothing is fetched here"},
		"a Git path":              {with("components: ['host.example.com/a/b//c?ref=main']\n"), "nothing is fetched here"},
		"a patch by URL":          {with("resources: [a.yaml]\npatches: [{path: 'https://example.com/p.yaml'}]\n"), "nothing is fetched here"},
		"an old patch by URL":     {with("resources: [a.yaml]\npatchesStrategicMerge: ['http://example.com/p.yaml']\n"), "nothing is fetched here"},
		"a JSON patch by URL":     {with("resources: [a.yaml]\npatchesJson6902: [{path: 'http://example.com/p.yaml', target: {kind: A}}]\n"), "nothing is fetched here"},
		"a file by URL":           {with("configMapGenerator: [{name: a, files: ['k=https://example.com/f']}]\n"), "nothing is fetched here"},
		"a secret by URL":         {with("secretGenerator: [{name: a, envs: ['https://example.com/f']}]\n"), "nothing is fetched here"},
		"a replacement by URL":    {with("resources: [a.yaml]\nreplacements: [{path: 'https://example.com/f'}]\n"), "nothing is fetched here"},
		"a schema by URL":         {with("resources: [a.yaml]\nopenapi: {path: 'https://example.com/f'}\n"), "nothing is fetched here"},
		"a CRD by URL":            {with("resources: [a.yaml]\ncrds: ['https://example.com/f']\n"), "nothing is fetched here"},
		"a configuration by URL":  {with("resources: [a.yaml]\nconfigurations: ['https://example.com/f']\n"), "nothing is fetched here"},
		"a nested URL":            {with("resources: [../b]\n", "b/kustomization.yaml", "resources: ['ssh://x/y']\n"), `b/kustomization.yaml: "ssh://x/y"`},
		"above the tree":          {with("resources: [../../etc]\n"), "lies outside of the tree"},
		"a file above the tree":   {with("configMapGenerator: [{name: a, files: [../../etc/passwd]}]\n"), "lies outside of the tree"},
		"an absolute path":        {with("resources: [/etc]\n"), "nothing is fetched here"},
		"a file of a neighbour":   {with("configMapGenerator: [{name: a, files: [../b/f]}]\n", "b/f", "secret"), "security; file"},
		"a chart":                 {with("helmCharts: [{name: a}]\n"), "that runs helm"},
		"a generator":             {with("generators: [g.yaml]\n"), "plugins are not run here"},
		"a program":               {with("transformers: ['{apiVersion: v1, kind: X, metadata: {name: x, annotations: {config.kubernetes.io/function: \"exec: {path: /bin/sh}\"}}}']\n"), "plugins are not run here"},
		"a validator":             {with("validators: [g.yaml]\n"), "plugins are not run here"},
		"itself":                  {with("resources: [.]\n"), "it includes itself: app -> app"},
		"a circle":                {circle, "it includes itself: app -> b -> app"},
		"too deep":                {chain, "more than 50 kustomizations include each other"},
		"doubling":                {doubling, "more than 1000 folders"},
		"a link":                  {linked, "link.yaml"},
		"nothing":                 {files("app/x", ""), "app/kustomization.yaml: there is no such file"},
		"a folder of that name":   {files("app/kustomization.yaml/x", ""), "app/kustomization.yaml: it is not a plain file"},
		"two":                     {with("resources: [a.yaml]\n", "app/Kustomization", "resources: [a.yaml]\n"), "it stands beside"},
		"a key twice":             {with("resources: [a.yaml]\nresources: []\n"), `the key "resources" is given twice`},
		"a list":                  {with("- a\n"), "fields are expected in it"},
		"a text for a list":       {with("resources: a.yaml\n"), "cannot unmarshal"},
		"a field of another kind": {with("resources: [a.yaml]\nnonsense: 1\n"), "nonsense"},
		"aliases without end":     {with("resources: [b.yaml]\n", "app/b.yaml", bomb(9)), "its aliases stand for more than"},
		"aliases in a patch":      {with("resources: [a.yaml]\npatches: [{path: b.yaml}]\n", "app/b.yaml", bomb(9)), "its aliases stand for more than"},
		"an alias in itself":      {with("resources: [b.yaml]\n", "app/b.yaml", settings+"x: &x [*x]\n"), "app/b.yaml"},
		"a huge file":             {with("resources: [b.yaml]\n", "app/b.yaml", strings.Repeat("# 34567\n", build.MaxFile/8+1)), "at most 8388608 are read"},
		"a million brackets":      {with("resources: [b.yaml]\n", "app/b.yaml", settings+"x: "+strings.Repeat("[", 1<<20)), "exceeded max depth"},
		"nine thousand levels":    {with("resources: [b.yaml]\n", "app/b.yaml", settings+"x: "+strings.Repeat("{a: ", 9000)+strings.Repeat("}", 9000)), "nested more than 100 levels deep"},
		"levels by dashes":        {with("resources: [b.yaml]\n", "app/b.yaml", settings+"x:\n"+strings.Repeat("- ", 200)+"a\n"), "nested more than 100 levels deep"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := build.Tree(c.tree, "app")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestTreeStaysInItsRoot: links out of a work tree are not followed, whatever they are called by.
func TestTreeStaysInItsRoot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret.yaml")
	tree := filepath.Join(dir, "tree")
	for name, data := range map[string]string{secret: settings, tree + "/app/kustomization.yaml": "resources: [link.yaml]\n", tree + "/b/kustomization.yaml": "resources: [folder]\n"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(data), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink(secret, tree+"/app/link.yaml"), os.Symlink(dir, tree+"/b/folder")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(tree)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range []string{"app", "b"} {
		b, err := build.Tree(root.FS(), name)
		if err == nil || b != nil {
			t.Errorf("%s: %v", name, b)
		}
	}
}

func TestTreeTellsWhatItRead(t *testing.T) {
	t.Parallel()
	b, err := build.Tree(files("app/kustomization.yaml", "resources: [../base]\n", "base/kustomization.yaml", "resources: [a.yaml]\n", "base/a.yaml", settings, "base/other.yaml", settings), "app")
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Files) != 3 || b.Files["base/a.yaml"] == nil || len(b.Objects) != 1 || string(b.Objects.YAML()) != "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n" {
		t.Errorf("%+v", b)
	}
}
