package app

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// answer is a response before it is converted to the format of the event.
type answer struct {
	status  int
	headers map[string]string
	body    []byte
}

// answerTo returns the answer for the result of a call.
func answerTo(body []byte, err error) answer {
	a := answer{status: http.StatusOK, headers: map[string]string{"content-type": "application/json"}, body: body}
	if err != nil {
		var message string
		a.status, message = explain(err)
		a.body, _ = json.Marshal(map[string]string{"error": message}) // strings always encode
		if r, ok := errors.AsType[*refusal](err); ok && r.allow != "" {
			a.headers["allow"] = r.allow
		}
	}
	return a
}

// shaped returns the response in the format that the sender of e expects.
func (a answer) shaped(e *event) any {
	if e.second() {
		return events.APIGatewayV2HTTPResponse{StatusCode: a.status, Headers: a.headers, Body: string(a.body)}
	}
	return events.APIGatewayProxyResponse{StatusCode: a.status, Headers: a.headers, Body: string(a.body)}
}
