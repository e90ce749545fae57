package accounts_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

// The cause of a context may be any error, for example what another call of the same group was
// refused with.
func TestCauseOfTheCallersContextIsNeverTakenForARefusal(t *testing.T) {
	causes := map[string]error{
		"a refusal of another call": &accounts.Error{Kind: accounts.NotFound, Entity: "user", ID: "bob"},
		"a failed condition":        &types.ConditionalCheckFailedException{},
		"a canceled transaction": &types.TransactionCanceledException{
			CancellationReasons: []types.CancellationReason{{Code: aws.String("ConditionalCheckFailed")}},
		},
	}
	for name, cause := range causes {
		t.Run(name, func(t *testing.T) {
			s, err := accounts.New(brokenTable{}, "accounts", accounts.Options{})
			require.NoError(t, err)
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(cause)
			for call, do := range map[string]func() error{
				"CreateUser":         func() error { _, err := s.CreateUser(ctx, accounts.User{Username: "ann"}); return err },
				"CreateOrganization": func() error { _, err := s.CreateOrganization(ctx, "Acme", "ann"); return err },
				"GetUser":            func() error { _, err := s.GetUser(ctx, "ann"); return err },
				"Ping":               func() error { return s.Ping(ctx) },
			} {
				err := do()
				require.ErrorIs(t, err, cause, call)
				assert.Equal(t, http.StatusInternalServerError, accounts.HTTPStatus(err), call)
				_, refused := err.(*accounts.Error) // the error itself, not its chain
				assert.False(t, refused, call)
			}
		})
	}
}

func TestTheCauseOfADeadlineDoesNotDecideAboutTheStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttled := &types.ProvisionedThroughputExceededException{}
		db := newTable()
		db.before = hang
		s := newService(t, db, accounts.Options{})
		for call, do := range map[string]func(ctx context.Context) error{
			"CreateUser": func(ctx context.Context) error {
				_, err := s.CreateUser(ctx, accounts.User{Username: "ann"})
				return err
			},
			"GetUser": func(ctx context.Context) error { _, err := s.GetUser(ctx, "ann"); return err },
		} {
			ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, throttled)
			defer cancel()
			err := do(ctx)
			require.ErrorIs(t, err, throttled, call)
			assert.Equal(t, http.StatusGatewayTimeout, accounts.HTTPStatus(err), call)
		}
		time.Sleep(time.Second) // the load goes on
	})
}

// brokenTable must not be asked, but by Ping.
type brokenTable struct{ accounts.DynamoDB }

func (brokenTable) GetItem(ctx context.Context, _ *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return nil, ctx.Err()
}
