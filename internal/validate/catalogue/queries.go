package catalogue

import (
	"errors"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// A Prometheus may have its experimental functions on: a query with one of them is PromQL all the same.
func init() { parser.EnableExperimentalFunctions = true }

// longestQuery bounds the time that a stranger's query can take.
const longestQuery = 16 << 10

// placeholder is what stands in a query until somebody fills it in: {{args.x}} of Argo Rollouts, {{ namespace }} of
// Flagger, $x, ${x}, ${x:regex} and [[x]] of Grafana.
const placeholder = `\{\{[^{}]*\}\}|\$\{[^{}]*\}|\$[A-Za-z_][A-Za-z0-9_]*|\[\[[A-Za-z0-9_:]+\]\]`

var placeholders = lazily(placeholder)

// inRange is one that stands for a duration: nothing else can.
var inRange = lazily(`\[\s*(?:` + placeholder + `)`)

// queryError says what is wrong with a query; nil where nothing is. What is filled in later may be a number, a
// duration, a name or a whole matcher: the query is right if one of them makes it so.
func queryError(query string) error {
	if !placeholders().MatchString(query) {
		return parse(query)
	}
	query = inRange().ReplaceAllLiteralString(query, "[5m")
	var first error
	for _, stand := range []string{"x", "1", "5m", `x="x"`} {
		err := parse(placeholders().ReplaceAllLiteralString(query, stand))
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func parse(query string) error {
	if strings.TrimSpace(query) == "" {
		return errors.New("it is empty")
	}
	if len(query) > longestQuery {
		return errors.New("it is longer than 16 KiB")
	}
	_, err := parser.ParseExpr(query)
	return err
}
