package corpus

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"gopkg.in/yaml.v3"
)

// oddValues are put in the place of good ones.
var oddValues = []any{nil, "", "a", "-", "A_b", "0", "1.5", "true", -1, 0, 1, 70000, 1.5, true, []any{}, []any{nil}, []any{"a"}, []any{map[string]any{}},
	map[string]any{}, map[string]any{"a": "b"}, map[string]any{"name": "a"}}

// Odd makes manifests at random: good ones with one value replaced, left out or doubled, or one field added. They are not
// known to be good or broken: what counts is that both sides say the same.
func Odd(cases []Case, seed uint64, n int) ([]Case, error) {
	random := rand.New(rand.NewPCG(seed, 0))
	var good []Case
	for _, c := range cases {
		if c.Good {
			good = append(good, c)
		}
	}
	var out []Case
	for range n {
		c := good[random.IntN(len(good))]
		var content map[string]any
		if err := yaml.Unmarshal([]byte(c.Text), &content); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		how := disturb(random, content)
		text, err := yaml.Marshal(content)
		if err != nil {
			return nil, err
		}
		out = append(out, Case{Name: c.Name + ": " + how, Text: string(text)})
	}
	return out, nil
}

// disturb changes one place below a map and says how. What says where the object goes is left alone.
func disturb(random *rand.Rand, content map[string]any) string {
	var at any = content
	path := ""
	for {
		switch v := at.(type) {
		case map[string]any:
			keys := slices.DeleteFunc(slices.Sorted(maps.Keys(v)), func(k string) bool {
				return path == "" && (k == "apiVersion" || k == "kind") || path == ".metadata" && k == "namespace"
			})
			if len(keys) == 0 || random.IntN(12) == 0 {
				v["odd"] = "x"
				return path + ".odd is added"
			}
			key := keys[random.IntN(len(keys))]
			path += "." + key
			if deeper(random, v[key]) {
				at = v[key]
				continue
			}
			if random.IntN(4) == 0 {
				delete(v, key)
				return path + " is left out"
			}
			v[key] = oddValues[random.IntN(len(oddValues))]
			return fmt.Sprintf("%s is %#v", path, v[key])
		case []any:
			i := random.IntN(len(v))
			path += fmt.Sprintf("[%d]", i)
			if deeper(random, v[i]) {
				at = v[i]
				continue
			}
			v[i] = oddValues[random.IntN(len(oddValues))]
			return fmt.Sprintf("%s is %#v", path, v[i])
		}
	}
}

// deeper says whether to go into a value, which must hold something, and not to replace it.
func deeper(random *rand.Rand, v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return random.IntN(8) > 0
	case []any:
		return len(v) > 0 && random.IntN(8) > 0
	}
	return false
}
