package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"
)

// decode is stricter than encoding/json, which takes members of any case, the last of several that
// are equal, and U+FFFD for what is no text, and leaves out what is missing.
func decode(body []byte, into any) error {
	members, err := members(body)
	if err != nil {
		return err
	}
	v := reflect.ValueOf(into).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		raw, ok := members[name]
		if !ok {
			return refuse(http.StatusBadRequest, "the body has no %q", name)
		}
		field := v.Field(i)
		if string(raw) == "null" || json.Unmarshal(raw, field.Addr().Interface()) != nil {
			return refuse(http.StatusBadRequest, "%q must be a %s", name, field.Kind())
		}
		// Half of an escaped surrogate pair: two such names would become one.
		if field.Kind() == reflect.String && strings.ContainsRune(field.String(), utf8.RuneError) {
			return refuse(http.StatusBadRequest, "%q has a character that is no text", name)
		}
		delete(members, name)
	}
	for name := range members {
		return refuse(http.StatusBadRequest, "the body has an unknown %s", quote(name))
	}
	return nil
}

// members splits a JSON object.
func members(body []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	start, err := dec.Token()
	// A valid text is one value with nothing behind it.
	if err != nil || start != json.Delim('{') || !json.Valid(body) || !utf8.Valid(body) {
		return nil, refuse(http.StatusBadRequest, "the body is not one JSON object")
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("app: split the body: %w", err)
		}
		key, _ := name.(string)
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, fmt.Errorf("app: split the body: %w", err)
		}
		if _, twice := members[key]; twice {
			return nil, refuse(http.StatusBadRequest, "the body has %s twice", quote(key))
		}
		members[key] = raw
	}
	return members, nil
}

// quote repeats no more than the start of what a client has sent.
func quote(name string) string { return fmt.Sprintf("%.64q", name) }
