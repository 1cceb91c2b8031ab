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
	breaches := flag.String("breaches", "", "`folder` of the manifests that breaches of isolation build, from TestBreaches of internal/validate/isolation")
	missed := flag.Bool("missed", false, "list what each tool misses, and what it refuses wrongly")
	flag.Parse()
	err := report(ctx, *program, *breaches, *missed)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "linters:", err)
		os.Exit(1)
	}
}

func report(ctx context.Context, program, breaches string, missed bool) error {
	cache, err := stack.Cache(os.LookupEnv)
	if err != nil {
		return err
	}
	built, err := stack.Linters(ctx, cache, progress, stack.Kubeconform, stack.KubectlValidate, stack.KubeScore)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "modelops-linters-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tools, err := allTools(ctx, cache, built, program, dir)
	if err != nil {
		return err
	}
	columns, cases, err := compare(ctx, tools, filepath.Join(dir, "corpus"), "examples/quickstart")
	if err != nil {
		return err
	}
	write(os.Stdout, cases, columns)
	for _, c := range columns {
		fmt.Printf("\n%s %s: `%s`\n", c.tool.name, c.tool.version, c.tool.flags)
		if missed {
			fmt.Printf("  missed: %s\n  refused: %s\n", strings.Join(c.missed, "\n    "), strings.Join(c.refused, "\n    "))
		}
	}
	fmt.Println()
	if err := writeChecks(ctx, os.Stdout, built[stack.KubeScore].Path, "internal/validate/catalogue/testdata"); err != nil || breaches == "" {
		return err
	}
	fmt.Println()
	score := tool{name: stack.KubeScore, judge: kubeScore(built[stack.KubeScore].Path, true)}
	return writeBreaches(ctx, os.Stdout, []tool{tools[1], tools[2], score}, breaches, missed)
}

// compare judges the corpus by every tool.
func compare(ctx context.Context, tools []tool, dir, example string) ([]column, []corpus.Case, error) {
	cases, err := corpus.Load(example)
	if err != nil {
		return nil, nil, err
	}
	files, err := writeCases(dir, cases)
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

// allTools writes the schemas that the tools judge by, all of the version of the API server that the corpus is held against.
func allTools(ctx context.Context, cache string, built map[string]stack.Linter, program, dir string) ([]tool, error) {
	published, err := stack.PublishedAPI(ctx)
	if err != nil {
		return nil, err
	}
	folders := map[string]string{}
	for _, name := range []string{"published", "served", "api", "definitions"} {
		folders[name] = filepath.Join(dir, name)
		if err := os.Mkdir(folders[name], 0o755); err != nil {
			return nil, err
		}
	}
	if err := writeServed(ctx, cache, folders["api"]); err != nil {
		return nil, err
	}
	if err := writeSchemas(published, folders["published"]); err != nil {
		return nil, err
	}
	if err := writeSchemas(filepath.Join(folders["api"], "swagger.json"), folders["served"]); err != nil {
		return nil, err
	}
	if err := writeDefinitions(folders["definitions"]); err != nil {
		return nil, err
	}
	conform, validate, score := built[stack.Kubeconform], built[stack.KubectlValidate], built[stack.KubeScore]
	return []tool{
		{conform.Name, conform.Version, "-strict, schemas as published", kubeconform(conform.Path, folders["published"])},
		{conform.Name + ", server's schemas", conform.Version, "-strict, schemas from the API server's own document", kubeconform(conform.Path, folders["served"])},
		{validate.Name, validate.Version, "--local-schemas (the API server's own documents) --local-crds", kubectlValidate(validate.Path, folders["api"], folders["definitions"])},
		{score.Name, score.Version, "score --kubernetes-version v1.35", kubeScore(score.Path, false)},
		{"modelops, API server", "", "validate --only " + strings.Join(ofServer, ","), modelops(program, ofServer...)},
		{"modelops, all checks", "", "validate", modelops(program)},
	}, nil
}

// writeServed starts an API server and writes the documents in which it describes its API.
func writeServed(ctx context.Context, cache, dir string) error {
	programs, err := stack.BuildAPIServer(ctx, cache, progress)
	if err != nil {
		return err
	}
	home, err := os.MkdirTemp("", "modelops-linters-api-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	starting, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	api, err := stack.StartAPIServer(starting, programs, home)
	if err != nil {
		return err
	}
	defer api.Stop()
	return api.WriteAPI(ctx, dir)
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
