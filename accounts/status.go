package accounts

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/warmclient/warmclient/internal/awshttp"
)

// HTTPStatus returns the status code of a response that reports err, and 200 for nil.
//
// An error with a [Kind] has its status: 400, 403, 404 or 409. Otherwise the last answer that an
// attempt of the call got decides, even if the deadline came after it: throttling, a conflict of
// transactions, a status of 500 or above, and no connection are 503. Without such an answer, a
// deadline is 504, and so is that of a read's caller whatever the table had answered. All else is
// 500: a missing table, a missing permission, a canceled context.
//
// It relies on a client of [NewDynamoDBClient], since the SDK drops the answer where the deadline
// falls into a pause between attempts.
func HTTPStatus(err error) int {
	if err == nil {
		return http.StatusOK
	}
	if f, ok := errors.AsType[*failure](err); ok {
		return f.status
	}
	kind, _ := errors.AsType[Kind](err)
	switch kind {
	case Invalid:
		return http.StatusBadRequest
	case Forbidden:
		return http.StatusForbidden
	case NotFound:
		return http.StatusNotFound
	case AlreadyExists:
		return http.StatusConflict
	default:
		return statusOf(err)
	}
}

// statusOf returns the status of a call's error that is no refusal.
func statusOf(err error) int {
	end, ended := errors.AsType[*endedError](err)
	if ended {
		err = end.err // not the cause, which may be any error
	}
	switch {
	case unavailable(err):
		return http.StatusServiceUnavailable
	case answered(err):
		return http.StatusInternalServerError
	case awshttp.IsTimeout(err), ended && end.deadline:
		return http.StatusGatewayTimeout
	default:
		return http.StatusInternalServerError
	}
}

// statusOfEnd returns the status of a read whose caller's context has ended.
func statusOfEnd(ctx context.Context) int {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}

// unavailable reports whether the table is busy, fails or cannot be reached, so that the call may
// be retried later.
func unavailable(err error) bool {
	if busy(err) {
		return true
	}
	if status := awshttp.StatusOf(err); status > 0 {
		return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorFault() == smithy.FaultServer
	}
	send, ok := errors.AsType[*smithyhttp.RequestSendError](err)
	return ok && !awshttp.IsTimeout(send)
}

// answered reports whether err is an answer of the service.
func answered(err error) bool {
	_, ok := errors.AsType[smithy.APIError](err)
	return ok
}

// busy reports whether err is about throttling and conflicts only. The SDK retries a throttled
// request by itself, but no canceled transaction.
func busy(err error) bool {
	if _, ok := errors.AsType[*types.TransactionConflictException](err); ok {
		return true
	}
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return busyReasons(canceled.CancellationReasons)
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	_, throttled := retry.DefaultThrottleErrorCodes[api.ErrorCode()]
	return throttled
}

func busyReasons(reasons []types.CancellationReason) bool {
	found := false
	for _, reason := range reasons {
		switch aws.ToString(reason.Code) {
		case conflict, throttled, overThroughput:
			found = true
		case "None", "":
		default:
			return false
		}
	}
	return found
}
