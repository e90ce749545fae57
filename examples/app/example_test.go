package app_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"

	"github.com/warmclient/warmclient/examples/app"
)

// A function needs neither Lambda nor a gateway to be tried: it takes an event and returns a
// response.
func ExampleNew() {
	greet := app.New("POST /greetings/{name}", func(_ context.Context, r *app.Request) (any, error) {
		var in struct {
			Word string `json:"word"`
		}
		if err := r.Decode(&in); err != nil {
			return nil, err
		}
		return map[string]string{"greeting": in.Word + ", " + r.PathValue("name") + "!"}, nil
	})
	for _, body := range []string{`{"word":"Hello"}`, `{"word":"Hello","loud":true}`} {
		event := fmt.Sprintf(`{"version":"2.0","rawPath":"/greetings/Ada%%20L","body":%q,
			"requestContext":{"domainName":"id.lambda-url.us-east-1.on.aws","http":{"method":"POST"}}}`, body)
		out, err := greet(context.Background(), json.RawMessage(event))
		if err != nil {
			fmt.Println(err)
			return
		}
		response := out.(events.APIGatewayV2HTTPResponse)
		fmt.Println(response.StatusCode, response.Body)
	}
	// Output:
	// 200 {"greeting":"Hello, Ada L!"}
	// 400 {"error":"the body has an unknown \"loud\""}
}
