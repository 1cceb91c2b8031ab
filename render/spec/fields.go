package spec

import (
	"reflect"
	"strconv"
	"strings"
	"sync"
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
	index []int // of reflect.Value.FieldByIndex
	order int   // among the names
	rules rules
}

type fieldTable struct {
	names  []string
	byName map[string]*field
	// required has a bit for each field that must be there, in the order of names.
	required uint64
}

// tables are the fields of the structs that were asked for, by type. They never change.
var tables sync.Map

// fieldsOf lists the YAML fields of a struct in their order, those of inlined structs in place.
func fieldsOf(t reflect.Type) *fieldTable {
	if known, ok := tables.Load(t); ok {
		return known.(*fieldTable) //nolint:forcetypeassert // nothing else is stored
	}
	table := readFields(t)
	tables.Store(t, table)
	return table
}

func readFields(t reflect.Type) *fieldTable {
	table := &fieldTable{byName: map[string]*field{}}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if options == "inline" {
			inner := fieldsOf(f.Type)
			for _, n := range inner.names {
				one := inner.byName[n]
				table.add(n, field{index: append([]int{i}, one.index...), rules: one.rules})
			}
			continue
		}
		table.add(name, field{index: []int{i}, rules: parseRules(f.Tag.Get("spec"))})
	}
	return table
}

func (t *fieldTable) add(name string, f field) {
	f.order = len(t.names)
	t.names = append(t.names, name)
	t.byName[name] = &f
	if f.rules.required {
		t.required |= 1 << f.order
	}
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
