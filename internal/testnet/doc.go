// Package testnet provides networks for tests: one in memory, and one that loses connections.
package testnet
