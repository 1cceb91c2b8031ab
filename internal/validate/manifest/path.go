package manifest

import (
	"strconv"
	"strings"
)

// Path reads a field path as the API server writes it (spec.containers[0].image, metadata.labels[example.com/name]).
// Whether brackets hold a position or a key, and where a key with dots ends, is told by what is there.
func (o *Object) Path(field string) []any {
	var path []any
	for field != "" {
		at, _ := o.At(path...).(map[string]any)
		switch field[0] {
		case '.':
			field = field[1:]
		case '[':
			end := closing(field)
			step := field[1:end]
			field = field[min(end+1, len(field)):]
			if i, err := strconv.Atoi(step); err == nil && at == nil {
				path = append(path, i)
			} else {
				path = append(path, step)
			}
		default:
			end := nameEnd(field, at)
			path = append(path, field[:end])
			field = field[end:]
		}
	}
	return path
}

// nameEnd is where the name ends that a path begins with: after the longest key that is there, or before the next step.
func nameEnd(field string, at map[string]any) int {
	longest := 0
	for key := range at {
		if len(key) > longest && strings.HasPrefix(field, key) && (len(key) == len(field) || field[len(key)] == '.' || field[len(key)] == '[') {
			longest = len(key)
		}
	}
	if longest > 0 {
		return longest
	}
	if end := strings.IndexAny(field, ".["); end >= 0 {
		return end
	}
	return len(field)
}

// closing finds the bracket that ends a key, which may hold brackets itself: one that a new step or the end follows.
func closing(field string) int {
	for i := 1; i < len(field); i++ {
		if field[i] == ']' && (i+1 == len(field) || field[i+1] == '.' || field[i+1] == '[') {
			return i
		}
	}
	return len(field)
}
