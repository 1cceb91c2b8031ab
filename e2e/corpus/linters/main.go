// Command linters judges the corpus, whose manifests a real API server takes or refuses, by other linters and by
// modelops, and prints what each finds and misses as a table in Markdown.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/modelops/modelops/e2e/corpus"
	"github.com/modelops/modelops/e2e/stack"
	"github.com/modelops/modelops/internal/validate/schema"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	program := flag.String("modelops", "bin/modelops", "the modelops `program`")
	missed := flag.Bool("missed", false, "list what each tool misses, and what it refuses wrongly")
	flag.Parse()
	columns, cases, err := compare(ctx, *program, "examples/quickstart")
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "linters:", err)
		os.Exit(1)
	}
	write(os.Stdout, cases, columns)
	for _, c := range columns {
		fmt.Printf("\n%s %s: `%s`\n", c.tool.name, c.tool.version, c.tool.flags)
		if *missed {
			fmt.Printf("  missed: %s\n  refused: %s\n", strings.Join(c.missed, "\n    "), strings.Join(c.refused, "\n    "))
		}
	}
}

// compare judges the corpus by every tool.
func compare(ctx context.Context, program, example string) ([]column, []corpus.Case, error) {
	cases, err := corpus.Load(example)
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "modelops-linters-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	files, err := writeCases(filepath.Join(dir, "corpus"), cases)
	if err != nil {
		return nil, nil, err
	}
	tools, err := allTools(ctx, program, dir)
	if err != nil {
		return nil, nil, err
	}
	var columns []column
	for _, t := range tools {
		start := time.Now()
		c, err := t.judge(ctx, files)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", t.name, err)
		}
		columns = append(columns, count(t, cases, c, time.Since(start)))
	}
	return columns, cases, nil
}

// fileName of a manifest.
func fileName(i int) string { return fmt.Sprintf("%03d.yaml", i) }

// writeCases writes a file for each manifest, and one with the namespaces that they are in.
func writeCases(dir string, cases []corpus.Case) ([]string, error) {
	files := []string{filepath.Join(dir, "setup.yaml")}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(files[0], []byte(corpus.Setup()), 0o644); err != nil {
		return nil, err
	}
	for i, c := range cases {
		files = append(files, filepath.Join(dir, fileName(i)))
		if err := os.WriteFile(files[i+1], []byte(c.Text), 0o644); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// allTools builds the tools and writes the schemas that they judge by, all of the version of the API server that the
// corpus is held against.
func allTools(ctx context.Context, program, dir string) ([]tool, error) {
	cache, err := stack.Cache(os.LookupEnv)
	if err != nil {
		return nil, err
	}
	built, err := stack.Linters(ctx, cache, progress, stack.Kubeconform, stack.KubectlValidate, stack.KubeScore)
	if err != nil {
		return nil, err
	}
	spec, _, err := stack.OpenAPI(ctx)
	if err != nil {
		return nil, err
	}
	schemas, documents, definitions := filepath.Join(dir, "schemas"), filepath.Join(dir, "openapi"), filepath.Join(dir, "crds")
	for _, d := range []string{schemas, documents, definitions} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return nil, err
		}
	}
	if err := writeSchemas(filepath.Join(spec, "swagger.json"), schemas); err != nil {
		return nil, err
	}
	if err := copyDocuments(filepath.Join(spec, "v3"), documents); err != nil {
		return nil, err
	}
	if err := writeDefinitions(definitions); err != nil {
		return nil, err
	}
	conform, validate, score := built[stack.Kubeconform], built[stack.KubectlValidate], built[stack.KubeScore]
	return []tool{
		{conform.Name, conform.Version, "-strict", kubeconform(conform.Path, schemas)},
		{validate.Name, validate.Version, "--local-schemas DIR --local-crds DIR", kubectlValidate(validate.Path, documents, definitions)},
		{score.Name, score.Version, "score --kubernetes-version v1.35", kubeScore(score.Path)},
		{"modelops, API server", "", "validate --only " + strings.Join(ofServer, ","), modelops(program, ofServer...)},
		{"modelops, all checks", "", "validate", modelops(program)},
	}, nil
}

// copyDocuments copies the OpenAPI documents of groups and versions to where kubectl-validate looks for them:
// apis__apps__v1_openapi.json to apis/apps/v1.json.
func copyDocuments(from, to string) error {
	names, err := filepath.Glob(filepath.Join(from, "api*__*_openapi.json"))
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, filepath.FromSlash(strings.ReplaceAll(strings.TrimSuffix(filepath.Base(name), "_openapi.json"), "__", "/"))+".json")
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func writeDefinitions(dir string) error {
	all, err := schema.Manifests()
	if err != nil {
		return err
	}
	for i, text := range all {
		// JSON is YAML, and the name says that it is.
		if err := os.WriteFile(filepath.Join(dir, fileName(i)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
