// Package growth measures the whole service of the examples with one to sixty-four clients.
package growth
