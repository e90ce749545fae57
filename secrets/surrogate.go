package secrets

import (
	"strconv"
	"unicode/utf16"
)

// hasLoneSurrogate reports whether a valid JSON text escapes half of a
// surrogate pair. encoding/json reads U+FFFD for it and says nothing, so that
// the text would not be the one that was stored.
func hasLoneSurrogate(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++ // now at the escape's letter
		r, ok := escapedRune(raw[i:])
		if !ok {
			continue
		}
		i += 4 // now at its last digit
		if !utf16.IsSurrogate(r) {
			continue
		}
		if i+1 >= len(raw) || raw[i+1] != '\\' {
			return true
		}
		low, ok := escapedRune(raw[i+2:])
		if !ok || utf16.DecodeRune(r, low) == '\uFFFD' {
			return true
		}
		i += 6
	}
	return false
}

// escapedRune reads uXXXX, what follows the backslash.
func escapedRune(b []byte) (rune, bool) {
	if len(b) < 5 || b[0] != 'u' {
		return 0, false
	}
	r, err := strconv.ParseUint(string(b[1:5]), 16, 16)
	return rune(r), err == nil
}
