package standard

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Value turns a spec into what expressions see: objects as maps by their YAML names, lists as lists. What a spec leaves
// out is null, but for lists and maps, which are empty then; objects are always there, with their fields null, so that
// an expression can read model.resources.gpu.count without asking first.
func Value(v any) any { return value(reflect.ValueOf(v)) }

func value(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return value(v.Elem())
		}
		if v.Type().Elem().Kind() == reflect.Struct {
			return value(reflect.Zero(v.Type().Elem()))
		}
	case reflect.Struct:
		out := map[string]any{}
		fields(v, out)
		return out
	case reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = value(v.Index(i))
		}
		return out
	case reflect.Map:
		out := map[string]any{}
		for _, k := range v.MapKeys() {
			out[k.String()] = scalar(v.MapIndex(k), false)
		}
		return out
	default:
		return scalar(v, false)
	}
	return nil
}

func fields(v reflect.Value, out map[string]any) {
	for i := range v.NumField() {
		name, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		f := v.Field(i)
		switch {
		case option == "inline":
			fields(f, out)
		case f.Kind() == reflect.String || f.Kind() == reflect.Int:
			out[name] = scalar(f, true)
		default:
			out[name] = value(f)
		}
	}
}

func scalar(v reflect.Value, zeroIsNull bool) any {
	switch {
	case zeroIsNull && v.IsZero():
		return nil
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Int:
		return v.Int()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	}
	return value(v)
}

// maxNodes bounds what one expression may give, so that values made of values cannot grow without end.
const maxNodes = 100_000

// maxText bounds a text for the same reason, in bytes.
const maxText = 1 << 20

// maker turns values into YAML nodes.
type maker struct{ left int }

// node gives nil for null.
func node(v any) (*yaml.Node, error) {
	m := maker{left: maxNodes}
	return m.node(v)
}

func (m *maker) node(v any) (*yaml.Node, error) {
	if m.left--; m.left < 0 {
		return nil, fmt.Errorf("the value has more than %d parts", maxNodes)
	}
	switch v := v.(type) {
	case nil, types.Null:
		return nil, nil
	case string:
		return text(v)
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagBool, Value: strconv.FormatBool(v)}, nil
	case int64:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagInt, Value: strconv.FormatInt(v, 10)}, nil
	case float64:
		return number(v)
	case []any:
		return m.list(len(v), func(i int) any { return v[i] })
	case map[string]any:
		return m.mapping(v)
	case traits.Lister:
		n, _ := v.Size().(types.Int)
		return m.list(int(n), func(i int) any { return v.Get(types.Int(i)) })
	case traits.Mapper:
		return m.celMap(v)
	case ref.Val:
		return m.celScalar(v)
	}
	return nil, fmt.Errorf("a value of type %T cannot be written as YAML", v)
}

func (m *maker) celScalar(v ref.Val) (*yaml.Node, error) {
	switch v := v.(type) {
	case types.String:
		return text(string(v))
	case types.Bool:
		return m.node(bool(v))
	case types.Int:
		return m.node(int64(v))
	case types.Double:
		return number(float64(v))
	}
	return nil, fmt.Errorf("a value of type %s cannot be written as YAML", v.Type().TypeName())
}

func number(f float64) (*yaml.Node, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v is not a number that YAML can hold", f)
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagFloat, Value: strconv.FormatFloat(f, 'g', -1, 64)}, nil
}

// text quotes whatever another YAML reader could take for something else: kustomize, kubectl and Argo CD do not use the
// same one. Only what is plainly text stays unquoted.
func text(s string) (*yaml.Node, error) {
	if len(s) > maxText {
		return nil, fmt.Errorf("a text has %d bytes, at most %d are possible", len(s), maxText)
	}
	if r, bad := unreadable(s); bad {
		return nil, fmt.Errorf("the text %q holds the character %U, which kustomize and kubectl cannot read", short(s), r)
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: s}
	if !plain(s) && !amount.MatchString(s) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n, nil
}

// unreadable finds the characters that YAML allows nowhere and JSON does not escape: kustomize turns one into the other.
func unreadable(s string) (rune, bool) {
	for _, r := range s {
		if r == 0x7f || r >= 0x80 && r < 0xa0 && r != 0x85 || r == 0xfffe || r == 0xffff || r == utf8.RuneError {
			return r, true
		}
	}
	return 0, false
}

func short(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}

// amount is a quantity with a unit, which no reader takes for a number.
var amount = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(m|k|[KMGTPE]i|[MGTP])$`)

// plain words begin with a letter or a slash, or are a flag of a command line: no number, date or indicator does. What
// is left are the words that some version of YAML has a meaning for.
func plain(s string) bool {
	s = strings.TrimPrefix(s, "--")
	if s == "" || strings.HasSuffix(s, ":") || yamlWords[strings.ToLower(s)] {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if letter || c == '/' || i > 0 && (c >= '0' && c <= '9' || strings.IndexByte("-_.@:=+", c) >= 0) {
			continue
		}
		return false
	}
	return true
}

var yamlWords = map[string]bool{"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true, "true": true, "false": true, "null": true}

func (m *maker) list(size int, at func(int) any) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.SequenceNode, Tag: yaml.NodeTagSeq}
	for i := range size {
		n, err := m.node(at(i))
		if err != nil {
			return nil, err
		}
		if n != nil {
			out.Content = append(out.Content, n)
		}
	}
	return out, nil
}

func (m *maker) celMap(v traits.Mapper) (*yaml.Node, error) {
	entries := map[string]any{}
	for it := v.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		name, ok := key.(types.String)
		if !ok {
			return nil, fmt.Errorf("a key is of type %s, not text", key.Type().TypeName())
		}
		entries[string(name)] = v.Get(key)
	}
	return m.mapping(entries)
}

// mapping writes keys in order, name first as people do. Keys whose value is null are left out.
func (m *maker) mapping(entries map[string]any) (*yaml.Node, error) {
	keys := make([]string, 0, len(entries))
	for k := range entries {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		if (keys[i] == "name") != (keys[j] == "name") {
			return keys[i] == "name"
		}
		return keys[i] < keys[j]
	})
	out := &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap}
	for _, k := range keys {
		n, err := m.node(entries[k])
		if err != nil {
			return nil, err
		}
		if n == nil {
			continue
		}
		key, err := text(k)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, key, n)
	}
	return out, nil
}

func stringValue(s string) ref.Val { return types.String(s) }

func isError(v ref.Val) bool { return types.IsError(v) }
