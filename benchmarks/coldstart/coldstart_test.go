package coldstart_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/coldstart"
)

// The test binary is also the function, which calls each service once.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.Start(handle)
	}
	os.Exit(m.Run())
}

var warm bool

func handle(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	ok := events.APIGatewayProxyResponse{StatusCode: http.StatusOK, Body: `{"user":{"username":"ann"}}`}
	if warm {
		return ok, nil
	}
	warm = true
	if err := errors.Join(post("SECRETS_MANAGER"), cache(), post("DYNAMODB")); err != nil {
		return events.APIGatewayProxyResponse{StatusCode: http.StatusInternalServerError, Body: fmt.Sprintf("%q", err)}, nil
	}
	return ok, nil
}

func post(service string) error {
	resp, err := http.Post(os.Getenv("AWS_ENDPOINT_URL_"+service), "", strings.NewReader("{}"))
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// cache waits for the first byte of Momento's HTTP/2 preface or of Valkey's answer.
func cache() error {
	c, err := net.Dial("tcp", os.Getenv("MOMENTO_ENDPOINT")+os.Getenv("CACHE_ENDPOINT")) // one of them
	if err != nil {
		return err
	}
	defer c.Close()
	if os.Getenv("CACHE_ENDPOINT") != "" {
		if _, err := c.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
			return err
		}
	}
	_, err = c.Read(make([]byte, 1))
	return err
}

func TestAStartIsSeenFromOutside(t *testing.T) {
	executable, err := os.Executable()
	require.NoError(t, err)
	starts, err := coldstart.Measure(t.Context(), coldstart.Programs{
		coldstart.Tutorial: executable, coldstart.Ours: executable,
	}, 1, 2*time.Second)
	require.NoError(t, err)
	require.Len(t, starts, 9)

	for _, s := range starts {
		t.Run(s.Program+", "+s.Scenario, func(t *testing.T) {
			assert.Positive(t, s.Ready)
			assert.GreaterOrEqual(t, s.First.From, s.Ready)
			assert.GreaterOrEqual(t, s.Contact, s.First.From)
			assert.GreaterOrEqual(t, s.First.Took(), coldstart.SecretsManagerAnswer)
			switch s.Scenario {
			case coldstart.Healthy, coldstart.Valkey:
				assert.Equal(t, http.StatusOK, s.First.Status, s.First.Err)
				assert.Equal(t, http.StatusOK, s.Second.Status, s.Second.Err)
				assert.GreaterOrEqual(t, s.First.Took(),
					coldstart.SecretsManagerAnswer+coldstart.MomentoConnect+coldstart.DynamoDBConnect)
				assert.Less(t, s.Second.Took(), s.First.Took())
			case coldstart.Slow:
				assert.Equal(t, http.StatusOK, s.First.Status, s.First.Err)
				assert.GreaterOrEqual(t, s.First.Took(), 300*time.Millisecond)
			case coldstart.Refused:
				assert.Equal(t, http.StatusInternalServerError, s.First.Status)
				assert.Contains(t, s.First.Err, "connection refused")
				assert.Equal(t, http.StatusOK, s.Second.Status)
			case coldstart.Mute:
				assert.Zero(t, s.First.Status)
				assert.Equal(t, "no answer in 2s", s.First.Err)
				assert.Zero(t, s.Second, "the process is ended")
			}
		})
	}
	table := coldstart.Table(starts, 2*time.Second)
	require.Len(t, table.Rows, 9)
	assert.Equal(t, "2 of 2", table.Rows[0][9])
	assert.Contains(t, table.Rows[3][4], "an error in 1 of 1")
	assert.Equal(t, "at most 350 ms", table.Rows[8][5])
	assert.Equal(t, "none in 1 of 1", table.Rows[7][4])
	t.Log("\n" + table.String())
}
