// Package secrettimes measures how long a caller waits for a secret, or for an error, while Secrets
// Manager or the way to it is at fault: the AWS SDK as it comes, aws-secretsmanager-caching-go, and
// package secrets, all against servers on loopback.
//
//	go test -v ./secrettimes                 # deadlines of 2 s
//	go test -v -limit 10s ./secrettimes      # as in the report
//	go test -run '^$' -bench . -cpu 1,2,8 ./secrettimes
package secrettimes
