package secrets

// chain is an error with a text of its own and the chains of all its errors,
// for causes whose own texts would only repeat what has been said.
type chain struct {
	text string
	errs []error
}

func (c *chain) Error() string   { return c.text }
func (c *chain) Unwrap() []error { return c.errs }

func (c *chain) add(separator string, err error) {
	c.text += separator + err.Error()
	c.errs = append(c.errs, err)
}

// hinted says hint before err.
func hinted(hint string, err error) error {
	if hint == "" {
		return err
	}
	return &chain{text: hint + ": " + err.Error(), errs: []error{err}}
}
