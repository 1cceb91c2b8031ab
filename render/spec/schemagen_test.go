package spec

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"strings"
)

// Schema is a JSON Schema (draft 2020-12), as far as the documents need one.
type Schema struct {
	Schema      string             `json:"$schema,omitempty"`
	ID          string             `json:"$id,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"`
	Const       string             `json:"const,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	MaxLength   int                `json:"maxLength,omitempty"`
	Minimum     *int               `json:"minimum,omitempty"`
	Maximum     *int               `json:"maximum,omitempty"`
	Format      string             `json:"format,omitempty"`
	Properties  map[string]*Schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Items       *Schema            `json:"items,omitempty"`
	// Additional is false for objects, or the schema of a map's values.
	Additional any `json:"additionalProperties,omitempty"`
}

// Schemas makes the JSON Schema of every kind from the Go types. The descriptions are the comments in this package's own
// source, which is given as a file system.
func Schemas(source fs.FS) (map[string]*Schema, error) {
	docs, err := fieldComments(source)
	if err != nil {
		return nil, err
	}
	out := map[string]*Schema{}
	for kind, t := range map[string]reflect.Type{
		KindPlatform: reflect.TypeFor[Platform](), KindTeam: reflect.TypeFor[Team](), KindModel: reflect.TypeFor[Model](),
		KindRelease: reflect.TypeFor[Release](), KindState: reflect.TypeFor[State](), KindHold: reflect.TypeFor[TeamHold](),
	} {
		s := docs.of(t, rules{})
		s.Schema, s.Title, s.Description = "https://json-schema.org/draft/2020-12/schema", kind, docs[t.Name()]
		s.ID = "https://modelops.dev/schemas/v1alpha1/" + strings.ToLower(kind) + ".json"
		s.Properties["apiVersion"] = &Schema{Const: APIVersion}
		s.Properties["kind"] = &Schema{Const: kind}
		out[kind] = s
	}
	return out, nil
}

// comments by TYPE or TYPE.FIELD.
type comments map[string]string

func (c comments) of(t reflect.Type, r rules) *Schema {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == timeType:
		return &Schema{Type: "string", Format: "date-time"}
	case t == quantityType:
		f := forms["quantity"]
		return &Schema{Type: []string{"string", "number"}, Pattern: f.pattern.String()}
	case t.Kind() == reflect.Struct:
		return c.object(t)
	case t.Kind() == reflect.Map:
		return &Schema{Type: "object", Additional: c.of(t.Elem(), rules{form: r.form})}
	case t.Kind() == reflect.Slice:
		return &Schema{Type: "array", Items: c.of(t.Elem(), rules{form: r.form})}
	case t.Kind() == reflect.Int:
		return &Schema{Type: "integer", Minimum: r.min, Maximum: r.max}
	case t.Kind() == reflect.Bool:
		return &Schema{Type: "boolean"}
	}
	s := &Schema{Type: "string", Enum: r.enum}
	if f, ok := forms[r.form]; ok {
		s.Pattern, s.MaxLength = f.pattern.String(), f.max
	}
	return s
}

func (c comments) object(t reflect.Type) *Schema {
	s := &Schema{Type: "object", Properties: map[string]*Schema{}, Additional: false}
	c.fields(s, t)
	return s
}

func (c comments) fields(s *Schema, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if options == "inline" {
			c.fields(s, f.Type)
			continue
		}
		r := parseRules(f.Tag.Get("spec"))
		p := c.of(f.Type, r)
		p.Description = c[t.Name()+"."+f.Name]
		s.Properties[name] = p
		if r.required {
			s.Required = append(s.Required, name)
		}
	}
}

// fieldComments reads what is written above types and fields.
func fieldComments(source fs.FS) (comments, error) {
	out := comments{}
	files, err := fs.Glob(source, "*.go")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		data, err := fs.ReadFile(source, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, data, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("read the comments of %s: %w", name, err)
		}
		ast.Inspect(file, out.take)
	}
	return out, nil
}

func (c comments) take(n ast.Node) bool {
	decl, ok := n.(*ast.GenDecl)
	if !ok {
		return true
	}
	for _, s := range decl.Specs {
		t, isType := s.(*ast.TypeSpec)
		if !isType {
			continue
		}
		c[t.Name.Name] = oneLine(decl.Doc.Text())
		fields, isStruct := t.Type.(*ast.StructType)
		if !isStruct {
			continue
		}
		for _, f := range fields.Fields.List {
			for _, name := range f.Names {
				c[t.Name.Name+"."+name.Name] = oneLine(f.Doc.Text())
			}
		}
	}
	return true
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
