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

// decode is stricter than encoding/json, which ignores the case of names, duplicate members and
// missing members, and replaces invalid text with U+FFFD.
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
		// An escaped half of a surrogate pair also decodes as U+FFFD, so two such names would
		// become equal.
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
	// A valid text is one value with nothing after it.
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

// quote returns the beginning of a name sent by a client, in quotes.
func quote(name string) string { return fmt.Sprintf("%.64q", name) }
