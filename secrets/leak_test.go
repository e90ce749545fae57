package secrets_test

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// leaked returns a piece of secret, of size bytes, that out holds in plain text, hexadecimal,
// decimal bytes or base64; "" for none.
func leaked(secret, out string, size int) string {
	forms := []string{"%s", "%x", "%X", "% x", "% X", "%#x", "%d", "%#v"}
	for i := range len(secret) - size + 1 {
		window := []byte(secret[i : i+size])
		for _, form := range forms {
			text := strings.Trim(strings.TrimPrefix(fmt.Sprintf(form, window), "[]byte"), "[]{}")
			if strings.Contains(out, strings.TrimPrefix(text, "0x")) {
				return fmt.Sprintf("%q as %q", window, text)
			}
		}
	}
	// Three alignments; the outermost digits depend on the neighbours.
	for i := range min(3, len(secret)) {
		text := base64.RawStdEncoding.EncodeToString([]byte(secret[i:]))
		for ; len(text) >= 2*size; text = text[4:] {
			if strings.Contains(out, text[:2*size]) {
				return fmt.Sprintf("base64 %q", text[:2*size])
			}
		}
	}
	return ""
}

func noLeak(t *testing.T, secret, out string) {
	t.Helper()
	if what := leaked(secret, out, 4); what != "" {
		t.Errorf("%s leaked in %q", what, out)
	}
}

// walk prints all that reflection can reach from v, unexported fields and what pointers point to
// included.
func walk(v any) string {
	var b strings.Builder
	seen := map[uintptr]bool{}
	var visit func(v reflect.Value)
	visit = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return
			}
			seen[v.Pointer()] = true
			visit(v.Elem())
		case reflect.Interface:
			visit(v.Elem())
		case reflect.Struct:
			for _, field := range v.Fields() {
				visit(field)
			}
		case reflect.Slice, reflect.Array:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				fmt.Fprintf(&b, "%s\n", v)
				return
			}
			for i := range v.Len() {
				visit(v.Index(i))
			}
		case reflect.Map:
			for key, value := range v.Seq2() {
				visit(key)
				visit(value)
			}
		case reflect.String:
			b.WriteString(v.String() + "\n")
		}
	}
	visit(reflect.ValueOf(v))
	return b.String()
}
