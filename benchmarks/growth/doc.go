// Package growth measures the whole service of the examples as its clients become more, from one to
// sixty-four.
package growth
