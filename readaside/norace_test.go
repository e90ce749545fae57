//go:build !race

package readaside_test

const raceEnabled = false
