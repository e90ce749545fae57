//go:build !race

package accounts_test

const mostReaders = 3
