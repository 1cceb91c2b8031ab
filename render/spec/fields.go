package spec

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

var (
	timeType     = reflect.TypeFor[time.Time]()
	quantityType = reflect.TypeFor[Quantity]()
)

// rules are what a `spec` tag asks of a field.
type rules struct {
	required bool
	form     string
	enum     []string
	min, max *int
}

type field struct {
	typ   reflect.Type
	rules rules
}

type fieldTable struct {
	names  []string
	byName map[string]field
}

// fieldsOf lists the YAML fields of a struct in their order, those of inlined structs in place.
func fieldsOf(t reflect.Type) fieldTable {
	table := fieldTable{byName: map[string]field{}}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if options == "inline" {
			inner := fieldsOf(f.Type)
			for _, n := range inner.names {
				table.names = append(table.names, n)
				table.byName[n] = inner.byName[n]
			}
			continue
		}
		table.names = append(table.names, name)
		table.byName[name] = field{typ: f.Type, rules: parseRules(f.Tag.Get("spec"))}
	}
	return table
}

func parseRules(tag string) rules {
	var r rules
	for _, word := range strings.Split(tag, ",") {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "":
		case "required":
			r.required = true
		case "enum":
			r.enum = strings.Split(value, "|")
		case "min":
			r.min = number(value)
		case "max":
			r.max = number(value)
		default:
			r.form = name
		}
	}
	return r
}

func number(s string) *int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return nil
	}
	return &n
}
