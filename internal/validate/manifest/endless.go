package manifest

import "regexp"

// endless is a text that would be read as an amount with more digits than anybody writes. Kubernetes' own code has no bound
// there and counts for seconds, or for ever (resource.ParseQuantity).
var endless = regexp.MustCompile(`^[-+]?[0-9.]+[eE][-+]?[0-9]{3,}$`)

// wordy are fields that hold names and words, where an id in hexadecimal may look like such a number.
var wordy = map[string]bool{"metadata": true, "name": true, "args": true, "command": true, "data": true, "stringData": true,
	"annotations": true, "labels": true, "matchLabels": true, "values": true, "nodeSelector": true, "image": true}

// Endless finds an amount that nobody ends reading, by the path of its field; nil where there is none.
func (o *Object) Endless() []any { return findEndless(o.Content) }

func findEndless(v any) []any {
	switch t := v.(type) {
	case string:
		const shortest = len("1e100") // most texts are words, and end here
		if n := len(t); n >= shortest && '0' <= t[n-1] && t[n-1] <= '9' && endless.MatchString(t) {
			return []any{}
		}
	case map[string]any:
		var first string
		var found []any
		_, variable := t["name"].(string)
		for key, e := range t {
			// The value of an environment variable is text, unlike that of a metric.
			if wordy[key] || key == "value" && variable {
				continue
			}
			if below := findEndless(e); below != nil && (found == nil || key < first) {
				first, found = key, append([]any{key}, below...)
			}
		}
		return found
	case []any:
		for i, e := range t {
			if below := findEndless(e); below != nil {
				return append([]any{i}, below...)
			}
		}
	}
	return nil
}
