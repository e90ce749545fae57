// Package awshttp has the HTTP client and the retryer of this module's AWS clients, and tells what
// a call is waiting for. Packages awsconfig and secrets share it.
package awshttp
