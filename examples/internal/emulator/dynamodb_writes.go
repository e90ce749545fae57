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

	// action has the fields that Put, Update, Delete and ConditionCheck have in common.
	action struct {
		server.ConditionCheck
		Item attributes // of a Put, instead of Key
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

// answerPut corrects the answer to a PutItem: the engine ignores ReturnValues and returns the new
// attributes, and does not return the item that made the condition fail. The caller holds mu.
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

// answerTransaction corrects the answer to a TransactWriteItems. The service evaluates all
// conditions and returns a reason for each, but the engine stops at the first condition that fails.
// The engine also does not return the item of a failed Put, and does not recognize a retry by its
// ClientRequestToken. The caller holds mu.
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
	// The engine has rolled back, so each condition can be evaluated again on the same state. Each
	// condition applies to a different item: other requests are refused before any condition is
	// evaluated.
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

// probe evaluates the condition of one action as a transaction with a single ConditionCheck.
func (d *DynamoDB) probe(a action) reason {
	check, condition := a.ConditionCheck, aws.ToString(a.ConditionExpression)
	if condition == "" {
		return reason{Code: "None"}
	}
	if check.Key == nil {
		check.Key = d.key(aws.ToString(check.TableName), a.Item)
	}
	// A placeholder that only an Update's UpdateExpression uses would be refused as unused.
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

// digest returns a digest of a request that does not depend on the order of its members, which may
// change between attempts.
func digest(body []byte) [sha256.Size]byte {
	var request any
	if json.Unmarshal(body, &request) == nil {
		if canonical, err := json.Marshal(request); err == nil {
			body = canonical
		}
	}
	return sha256.Sum256(body)
}

// item returns the stored item with the key in the given attributes, or nil if there is none.
func (d *DynamoDB) item(table string, of attributes) attributes {
	rep := d.askFor("GetItem", server.GetItemInput{TableName: &table, Key: d.key(table, of)})
	var out server.GetItemOutput
	if rep.Status != http.StatusOK || json.Unmarshal(rep.Body, &out) != nil {
		return nil
	}
	return out.Item
}

// key returns those of the given attributes that are part of the table's key.
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
		if v := of[part.AttributeName]; v != nil { // the engine reports a missing key attribute
			key[part.AttributeName] = v
		}
	}
	return key
}
