// Package awshttp provides the HTTP client and the retryer of this module's AWS clients, and
// records what a call waits for. Packages awsconfig and secrets share it.
package awshttp
