package docs_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
)

// The AWS CLI is generated from the same models as the SDK: each of its operations is a method, and
// each of its flags a field of the method's input.
var awsServices = map[string]reflect.Type{"secretsmanager": reflect.TypeFor[*secretsmanager.Client]()}

// awsGlobals are the flags of every command.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html
var awsGlobals = map[string]bool{"--query": true, "--output": true, "--region": true, "--profile": true}

// checkAWSCommand returns an error for a command that the AWS CLI would refuse.
func checkAWSCommand(text string) error {
	words := fields(text)
	if len(words) < 3 {
		return fmt.Errorf("%q is not aws SERVICE OPERATION", text)
	}
	client, ok := awsServices[words[1]]
	if !ok {
		return fmt.Errorf("no service %q", words[1])
	}
	method, ok := client.MethodByName(camel(words[2]))
	if !ok || method.Type.NumIn() != 4 { // receiver, context, input, options
		return fmt.Errorf("%s has no operation %q", words[1], words[2])
	}
	input := method.Type.In(2).Elem()
	for rest := words[3:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) == 1 || !strings.HasPrefix(rest[0], "--") || strings.HasPrefix(rest[1], "--") {
			return fmt.Errorf("%s: %q is no flag with a value", words[2], rest[0])
		}
		if _, ok := input.FieldByName(camel(strings.TrimPrefix(rest[0], "--"))); !ok && !awsGlobals[rest[0]] {
			return fmt.Errorf("%s: unknown flag %s", words[2], rest[0])
		}
	}
	return nil
}

// camel returns a name of the CLI as the SDK has it.
func camel(kebab string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(kebab, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// checkAWS checks the commands of the AWS CLI. The others of such a block write and remove files.
func checkAWS(t *testing.T, b block) {
	found := 0
	for _, c := range b.commands() {
		if strings.HasPrefix(c.text, "aws ") {
			found++
			assert.NoError(t, checkAWSCommand(c.text), "%v: %s", b, c.text)
		}
	}
	assert.NotZero(t, found, b)
}

func TestAMisspelledAWSCommandIsFound(t *testing.T) {
	for text, want := range map[string]string{
		"aws secretmanager put-secret-value":                                     `no service "secretmanager"`,
		"aws secretsmanager putt-secret-value":                                   `no operation "putt-secret-value"`,
		"aws secretsmanager options":                                             `no operation "options"`,
		"aws secretsmanager put-secret-value --secret a":                         "unknown flag --secret",
		"aws secretsmanager put-secret-value --secret-id":                        "no flag with a value",
		"aws secretsmanager put-secret-value secret-id a":                        "no flag with a value",
		"aws secretsmanager":                                                     "is not aws SERVICE OPERATION",
		"aws secretsmanager get-secret-value --secret-id a --query VersionStage": "",
	} {
		if err := checkAWSCommand(text); want != "" {
			assert.ErrorContains(t, err, want, text)
		} else {
			assert.NoError(t, err, text)
		}
	}
}
