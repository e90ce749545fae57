//go:build !race

package docs_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

// keys remembers the key of the last item that was asked for.
type keys struct {
	accounts.DynamoDB
	last string
}

func (k *keys) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	k.last = in.Key["PK"].(*types.AttributeValueMemberS).Value
	return &dynamodb.GetItemOutput{}, nil
}

// TestSlugsAreThoseOfTheGuide checks the column that is ours. The other one is what npm's slugify
// printed, in the version that the guide names.
func TestSlugsAreThoseOfTheGuide(t *testing.T) {
	db := &keys{}
	service, err := accounts.New(db, "t", accounts.Options{})
	require.NoError(t, err)
	_, table, ok := strings.Cut(documents(t)["docs/guide.md"], "<!-- slugs: ")
	require.True(t, ok)
	table, _, _ = strings.Cut(table, "\n\nThis has two effects.")
	rows := regexp.MustCompile("(?m)^\\| `(.+)` \\| (?:`(.+)`|empty) \\| (?:`(.+)`|400) \\|$").FindAllStringSubmatch(table, -1)
	require.Greater(t, len(rows), 15)
	require.Len(t, rows, strings.Count(table, "\n| ")-1, "every row but the head")
	for _, row := range rows {
		_, err := service.GetOrganization(t.Context(), row[1])
		if row[3] == "" {
			assert.ErrorIs(t, err, accounts.Invalid, row[1])
			continue
		}
		require.ErrorIs(t, err, accounts.NotFound, row[1])
		assert.Equal(t, "ORG#"+row[3], db.last, row[1])
	}
}
