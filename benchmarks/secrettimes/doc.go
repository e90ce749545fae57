// Package secrettimes measures how long a caller waits for a secret or an error during faults of
// Secrets Manager or the network. It compares the AWS SDK with its default settings,
// aws-secretsmanager-caching-go, and package secrets, with servers on loopback.
//
//	go test -v ./secrettimes                 # deadlines of 2 s
//	go test -v -limit 10s ./secrettimes      # as in the report
//	go test -run '^$' -bench . -cpu 1,2,8 ./secrettimes
package secrettimes
