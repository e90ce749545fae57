package secrets

// Token is a secret text. It prints as REDACTED under every verb of fmt, in
// log/slog, JSON and text; only [Token.Reveal] returns what it holds. A gob
// encoder refuses it.
//
// Tokens may be compared and used as keys of a map: copies of one Token are
// equal, two Tokens of the same text are not. The zero Token holds nothing.
// All methods are safe for concurrent use.
type Token struct {
	redacted
	reveal *func() string
}

func newToken(text string) Token {
	reveal := func() string { return text }
	return Token{reveal: &reveal}
}

// Reveal returns the secret text, "" for the zero Token. Call it where the text
// is handed to whoever needs it, and keep the Token until then.
func (t Token) Reveal() string {
	if t.reveal == nil {
		return ""
	}
	return (*t.reveal)()
}

// IsZero reports whether t is the zero Token. A Token made by this package
// never is, and is never empty.
func (t Token) IsZero() bool { return t.reveal == nil }
