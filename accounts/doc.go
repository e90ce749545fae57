// Package accounts keeps users, organizations and memberships in DynamoDB, with a cache in front.
//
//	cfg, err := awsconfig.Load(ctx)
//	if err != nil {
//		return err
//	}
//	service, err := accounts.New(accounts.NewDynamoDBClient(cfg), "accounts", accounts.Options{})
//	if err != nil {
//		return err
//	}
//	user, err := service.GetUser(ctx, "ann")
//	if errors.Is(err, accounts.NotFound) {
//		user, err = service.CreateUser(ctx, accounts.User{Username: "ann", FirstName: "Ann"})
//	}
//
// # Reads
//
// A read asks [Options.Cache] and then the table, with one strongly consistent GetItem that
// concurrent callers share. The documentation of package readaside says what a failing cache costs,
// and in which cases an entry may be stale. Authorization never relies on the cache.
//
// # Writes
//
// A write is one request, whose conditions the table checks in the same transaction. A write that
// is throttled or conflicts with others is attempted again until WriteTimeout. Its items have a
// random requestId, so a later attempt recognizes an earlier one whose answer was lost.
//
// # Errors
//
// A refusal is an [*Error] with a [Kind]. Any other error is a failure; a write that failed may
// have been carried out. [HTTPStatus] returns the status of both.
//
// # Names
//
// A username has 1 to 128 bytes of UTF-8, without '#' and control characters, and without white
// space at either end. The same holds for first and last names, but they may be empty. An
// organization is known under the slug of its name, as made by github.com/gosimple/slug: "Tech
// Corp" is "tech-corp". The slug has 1 to 128 bytes, the name at most 1024.
//
// # Table
//
// The table has the string keys PK and SK:
//
//	user          USER#<username>     USER#<username>
//	organization  ORG#<slug>          ORG#<slug>
//	membership    ORGMEMBERS#<slug>   MEMBER#<username>
//
// Its other attributes are the fields of the entities under their JSON names. An item that
// contradicts its key, or has an unknown role, is an error, and is not cached.
//
// Reads and Ping need the permission dynamodb:GetItem, writes dynamodb:PutItem, and those of
// organizations and memberships dynamodb:ConditionCheckItem as well.
package accounts
