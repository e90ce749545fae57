// Package accounts keeps users, organizations and memberships in DynamoDB, with a
// read-aside cache in front that can neither fail, nor slow, nor mislead a request.
//
//	package main
//
//	import (
//		"context"
//		"log"
//		"os"
//
//		"github.com/aws/aws-sdk-go-v2/config"
//		"github.com/warmclient/warmclient/accounts"
//	)
//
//	func main() {
//		ctx := context.Background()
//		cfg, err := config.LoadDefaultConfig(ctx)
//		if err != nil {
//			log.Fatal(err)
//		}
//		service, err := accounts.New(accounts.NewDynamoDBClient(cfg), os.Getenv("TABLE_NAME"), accounts.Options{})
//		if err != nil {
//			log.Fatal(err)
//		}
//		if _, err := service.CreateUser(ctx, accounts.User{Username: "ann", FirstName: "Ann", LastName: "Lee"}); err != nil {
//			log.Print(accounts.HTTPStatus(err), " ", err)
//		}
//		user, err := service.GetUser(ctx, "ann")
//		if err != nil {
//			log.Fatal(err)
//		}
//		log.Printf("%+v", user)
//	}
//
// The cache is [Options.Cache]; package momentocache has one on Momento, and a
// map and a mutex with three methods will do for a test: they are called concurrently.
//
// # The cache never fails a request
//
// An error, a hang, a panic, or garbage from the cache is a miss, and costs a
// request at most CacheTimeout, or half of its remaining time if that is less.
// After three failures in a row the cache is skipped for a second, and then one
// call probes it. A caller's own cancellation or deadline is no failure. A call
// that does not even return when its context ends is left behind: there are at
// most eight calls at a time, and while eight are stuck the cache is skipped, too.
// See [Cache] for one that needs no such limit.
//
// # The cache never misleads a request
//
// Nothing here changes or removes what it has created, so an entity that is
// found stays true, and only the absence of one can become stale. Readers store
// an absence only where the cache has nothing, writers store what they have
// created before they return, and so, in whatever order they meet, no absence
// outlives the write, also across processes. Where the cache does not take the
// write, the absence lives for NegativeTTL at most. An entity that something else
// changes or removes may be served from the cache for up to TTL: no decision on
// who may do what is made from it.
//
// # Reads
//
// A miss is one strongly consistent GetItem that all concurrent callers of the
// key share. It belongs to none of them: it goes on when they leave, for
// LoadTimeout at most, and its result serves the next. A caller whose context
// ends returns at once, with its cause.
//
// # Writes
//
// A write is one round trip, bounded by WriteTimeout, and all that it relies on is
// checked by the table in the same transaction. Its items carry a random
// requestId, by which an attempt that was made twice, because the first answer was
// lost, is known as one. A write that ends in an error other than an [*Error] may
// or may not have been committed.
//
// # Names
//
// A username has 1 to 128 bytes of UTF-8, without '#' and control characters, and
// without white space at either end. So have first and last names, which may be
// empty. The name of an organization becomes its slug, as by
// github.com/gosimple/slug ("Tech Corp" is "tech-corp"), of 1 to 128 bytes, and
// may have 1024 bytes itself.
//
// # Permissions
//
// On the table: dynamodb:GetItem for reads and Ping; dynamodb:PutItem for writes, and dynamodb:ConditionCheckItem for
// those of organizations and memberships, each of which is one transaction.
//
// # Table
//
// The table has the string keys PK and SK:
//
//	user          USER#<username>     USER#<username>
//	organization  ORG#<slug>          ORG#<slug>
//	membership    ORGMEMBERS#<slug>   MEMBER#<username>
//
// and as attributes the fields of the entities under their JSON names.
package accounts
