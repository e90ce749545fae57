package emulator

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/truora/minidyn/server"

	"github.com/warmclient/warmclient/internal/faults"
)

type (
	attributes = map[string]*server.AttributeValue

	// action is what a Put, Update, Delete and ConditionCheck have in common on the wire.
	action struct {
		server.ConditionCheck
		Item attributes // of a Put, in place of the Key
	}

	// reason is one entry of a TransactionCanceledException's CancellationReasons.
	reason struct {
		Code    string     `json:"Code"`
		Message string     `json:"Message,omitempty"`
		Item    attributes `json:"Item,omitempty"`
	}

	serviceError struct {
		Type                string     `json:"__type"`
		Message             string     `json:"message"`
		Item                attributes `json:"Item,omitempty"`
		CancellationReasons []reason   `json:"CancellationReasons,omitempty"`
	}
)

const (
	allOld         = "ALL_OLD"
	checkFailed    = "ConditionalCheckFailedException"
	canceled       = "TransactionCanceledException"
	canceledReason = "Transaction cancelled, please refer cancellation reasons for specific reasons "
)

// answerPut puts a PutItem right: the engine returns the new attributes whatever ReturnValues asks,
// and never the item that made the condition fail. The caller holds mu.
func (d *DynamoDB) answerPut(body []byte) faults.Reply {
	var in server.PutItemInput
	if err := json.Unmarshal(body, &in); err != nil {
		return faults.Failure(http.StatusBadRequest, "SerializationException", "the request is not a PutItem")
	}
	var old attributes
	if in.ReturnValues == allOld || in.ReturnValuesOnConditionCheckFailure == allOld {
		old = d.item(aws.ToString(in.TableName), in.Item)
	}
	rep := d.ask("PutItem", body)
	if rep.Status == http.StatusOK {
		out := server.PutItemOutput{}
		if in.ReturnValues == allOld {
			out.Attributes = old
		}
		return faults.Encode(http.StatusOK, out)
	}
	if in.ReturnValuesOnConditionCheckFailure == allOld {
		var failed serviceError
		if json.Unmarshal(rep.Body, &failed) == nil && failed.Type == checkFailed {
			failed.Item = old
			return faults.Encode(rep.Status, failed)
		}
	}
	return rep
}

// answerTransaction puts a TransactWriteItems right: the engine stops at the first condition that
// fails, where the service evaluates them all and gives a reason for each, it never returns the
// item under a failed Put, and it does not know a retry by its ClientRequestToken. The caller holds
// mu.
func (d *DynamoDB) answerTransaction(body []byte) faults.Reply {
	var in struct {
		ClientRequestToken string
		TransactItems      []map[string]action // one kind of action each
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return faults.Failure(http.StatusBadRequest, "SerializationException", "the request is not a TransactWriteItems")
	}
	token, sum := in.ClientRequestToken, digest(body)
	if committed, ok := d.tokens[token]; ok && committed == sum {
		return faults.Encode(http.StatusOK, server.TransactWriteItemsOutput{})
	} else if ok {
		return faults.Failure(http.StatusBadRequest, "IdempotentParameterMismatchException",
			"The request uses the same client token as a previous, but non-identical request.")
	}

	rep := d.ask("TransactWriteItems", body)
	if rep.Status == http.StatusOK {
		if token != "" {
			d.tokens[token] = sum
		}
		return rep
	}
	var failed serviceError
	if json.Unmarshal(rep.Body, &failed) != nil || failed.Type != canceled {
		return rep
	}
	// The engine has rolled back, so each condition can be asked again on the same state. No two of
	// them are about the same item: such a request is refused before any is evaluated.
	codes := make([]string, len(in.TransactItems))
	failed.CancellationReasons = make([]reason, len(in.TransactItems))
	for i, item := range in.TransactItems {
		for _, action := range item {
			failed.CancellationReasons[i] = d.probe(action)
		}
		codes[i] = failed.CancellationReasons[i].Code
	}
	failed.Message = canceledReason + "[" + strings.Join(codes, ", ") + "]"
	return faults.Encode(rep.Status, failed)
}

// probe evaluates the condition of one action as a transaction of a ConditionCheck alone.
func (d *DynamoDB) probe(a action) reason {
	check, condition := a.ConditionCheck, aws.ToString(a.ConditionExpression)
	if condition == "" {
		return reason{Code: "None"}
	}
	if check.Key == nil {
		check.Key = d.key(aws.ToString(check.TableName), a.Item)
	}
	// What only an Update's other expression uses would be refused as unused.
	check.ExpressionAttributeNames = usedIn(condition, check.ExpressionAttributeNames)
	check.ExpressionAttributeValues = usedIn(condition, check.ExpressionAttributeValues)
	rep := d.askFor("TransactWriteItems", server.TransactWriteItemsInput{
		TransactItems: []server.TransactWriteItem{{ConditionCheck: &check}},
	})
	if rep.Status == http.StatusOK {
		return reason{Code: "None"}
	}
	var failed serviceError
	if err := json.Unmarshal(rep.Body, &failed); err != nil || len(failed.CancellationReasons) != 1 {
		return reason{Code: "ValidationError", Message: failed.Message}
	}
	return failed.CancellationReasons[0]
}

// digest is the same for the same request: the order of its members may change between attempts.
func digest(body []byte) [sha256.Size]byte {
	var request any
	if json.Unmarshal(body, &request) == nil {
		if canonical, err := json.Marshal(request); err == nil {
			body = canonical
		}
	}
	return sha256.Sum256(body)
}

// item returns the stored item with the key of these attributes, nil if there is none.
func (d *DynamoDB) item(table string, of attributes) attributes {
	rep := d.askFor("GetItem", server.GetItemInput{TableName: &table, Key: d.key(table, of)})
	var out server.GetItemOutput
	if rep.Status != http.StatusOK || json.Unmarshal(rep.Body, &out) != nil {
		return nil
	}
	return out.Item
}

// key returns the key attributes among these, as the table's schema names them.
func (d *DynamoDB) key(table string, of attributes) attributes {
	rep := d.askFor("DescribeTable", server.DescribeTableInput{TableName: &table})
	var out struct {
		Table struct {
			KeySchema []struct{ AttributeName string }
		}
	}
	if rep.Status != http.StatusOK || json.Unmarshal(rep.Body, &out) != nil {
		return nil
	}
	key := attributes{}
	for _, part := range out.Table.KeySchema {
		if v := of[part.AttributeName]; v != nil { // else the engine's answer says what is missing
			key[part.AttributeName] = v
		}
	}
	return key
}
