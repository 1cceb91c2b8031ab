package view_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"testing"
)

var updateDocs = flag.Bool("update", false, "write docs/json.md")

const jsonIntro = `# JSON output

Every command takes ` + "`-o json`" + ` and then prints one JSON document on standard output; plans and progress go to standard error,
as does the error object of [exit codes](exit-codes.md). Fields are added over time, never renamed or given another meaning
within a version of this page. Times are RFC 3339. This page is generated from the types that are printed.

| command | document |
|---|---|
| promote, revert, hold, unhold, model remove --env | [Change](#change) |
| status | [Status](#status) |
| history | [History](#history) |
| render --check | [Checked](#checked) |
| diff | [Differences](#differences) |
| validate | [Validation](#validation) |
| validate --show reachability, --show quota | [Reachability](#reachability), [Quotas](#quotas) |
| init, team, model add, render | [Written](#written) |
| doctor | [Doctor](#doctor) |
| any that fails | [Failure](#failure), within {"error": ...} |

`

// TestJSONIsDocumented keeps docs/json.md equal to the types. With -update it writes it.
func TestJSONIsDocumented(t *testing.T) {
	structs := map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if gen, ok := d.(*ast.GenDecl); ok && gen.Tok == token.TYPE {
				describe(structs, gen)
			}
		}
	}
	names := make([]string, 0, len(structs))
	for n := range structs {
		names = append(names, n)
	}
	sort.Strings(names)
	page := bytes.NewBufferString(jsonIntro)
	for _, n := range names {
		page.WriteString(structs[n])
	}
	path := filepath.Join("..", "..", "docs", "json.md")
	if *updateDocs {
		if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, page.Bytes()) {
		t.Errorf("%s is not what the types say (%v): go test ./internal/view -update", path, err)
	}
}

// describe writes a section for every struct with JSON fields.
func describe(into map[string]string, gen *ast.GenDecl) {
	for _, s := range gen.Specs {
		t, ok := s.(*ast.TypeSpec)
		if !ok || !t.Name.IsExported() {
			continue
		}
		fields, ok := t.Type.(*ast.StructType)
		if !ok {
			continue
		}
		var rows strings.Builder
		for _, f := range fields.Fields.List {
			if f.Tag == nil {
				continue
			}
			tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json")
			name, options, _ := strings.Cut(tag, ",")
			if name == "" || name == "-" {
				continue
			}
			if options == "omitempty" {
				options = "may be absent"
			}
			fmt.Fprintf(&rows, "| `%s` | %s | %s | %s |\n", name, typeName(f.Type), options, strings.Join(strings.Fields(f.Doc.Text()), " "))
		}
		if rows.Len() > 0 {
			into[t.Name.Name] = fmt.Sprintf("## %s\n\n%s\n\n| field | type | | |\n|---|---|---|---|\n%s\n",
				t.Name.Name, strings.Join(strings.Fields(gen.Doc.Text()), " "), rows.String())
		}
	}
}

func typeName(e ast.Expr) string {
	switch v := e.(type) {
	case *ast.Ident:
		if v.IsExported() {
			return fmt.Sprintf("[%s](#%s)", v.Name, strings.ToLower(v.Name))
		}
		return v.Name
	case *ast.StarExpr:
		return typeName(v.X)
	case *ast.ArrayType:
		return "list of " + typeName(v.Elt)
	case *ast.SelectorExpr:
		return v.Sel.Name
	}
	return "object"
}
