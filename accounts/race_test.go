//go:build race

package accounts_test

// The detector makes a walk ten times slower, and the model's actors run one at
// a time anyway.
const mostReaders = 2
