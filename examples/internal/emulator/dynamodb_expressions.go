package emulator

import (
	"encoding/json"
	"regexp"
	"strings"
)

// placeholders finds the #names and :values of an expression.
var placeholders = regexp.MustCompile(`[#:][A-Za-z0-9_]+`)

// undefined returns a placeholder that an expression in the request uses but the request does not
// define, or "". DynamoDB refuses such a request. The engine does not: it treats an undefined value
// as one that equals no other.
func undefined(body []byte) string {
	var request any
	if json.Unmarshal(body, &request) != nil {
		return "" // not JSON, which the engine reports
	}
	return undefinedIn(request)
}

func undefinedIn(value any) string {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			if missing := undefinedIn(element); missing != "" {
				return missing
			}
		}
	case map[string]any:
		names, _ := value["ExpressionAttributeNames"].(map[string]any)
		values, _ := value["ExpressionAttributeValues"].(map[string]any)
		for member, inner := range value {
			// The attributes of an item are objects, not strings, so they are not mistaken for
			// expressions.
			if expression, ok := inner.(string); ok && strings.HasSuffix(member, "Expression") {
				for _, used := range placeholders.FindAllString(expression, -1) {
					if names[used] == nil && values[used] == nil {
						return used
					}
				}
			} else if missing := undefinedIn(inner); missing != "" {
				return missing
			}
		}
	}
	return ""
}

// usedIn returns the names or values that an expression uses.
func usedIn[V any](expression string, of map[string]V) map[string]V {
	used := map[string]V{}
	for _, placeholder := range placeholders.FindAllString(expression, -1) {
		if v, ok := of[placeholder]; ok {
			used[placeholder] = v
		}
	}
	return used
}
