package guide_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
)

// awsServices are the services that the page has commands for. The AWS CLI is generated from the same
// models as the SDK, so each of its operations is a method, and each of its flags a field of its input.
var awsServices = map[string]func(aws.Config) any{
	"secretsmanager": func(cfg aws.Config) any { return secretsmanager.NewFromConfig(cfg) },
}

// awsGlobals are the flags of every command.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html
var awsGlobals = map[string]bool{"--query": true, "--output": true, "--region": true, "--profile": true}

// awsCall is a command of the AWS CLI as a call of the SDK.
type awsCall struct {
	method  reflect.Value
	input   reflect.Value     // a pointer to a struct
	globals map[string]string // by flag
}

// newAWSCall takes the words of a command, from "aws" on.
func newAWSCall(cfg aws.Config, words []string) (*awsCall, error) {
	if len(words) < 3 || words[0] != "aws" {
		return nil, fmt.Errorf("%q is not aws SERVICE OPERATION", words)
	}
	service, ok := awsServices[words[1]]
	if !ok {
		return nil, fmt.Errorf("no service %q", words[1])
	}
	method := reflect.ValueOf(service(cfg)).MethodByName(camel(words[2]))
	if !method.IsValid() || method.Type().NumIn() != 3 {
		return nil, fmt.Errorf("%s has no operation %q", words[1], words[2])
	}
	c := &awsCall{method: method, input: reflect.New(method.Type().In(1).Elem()), globals: map[string]string{}}
	rest := words[3:]
	for len(rest) > 0 {
		if len(rest) == 1 || !strings.HasPrefix(rest[0], "--") {
			return nil, fmt.Errorf("%s: %q is no flag with a value", words[2], rest)
		}
		if err := c.set(rest[0], rest[1]); err != nil {
			return nil, fmt.Errorf("%s: %w", words[2], err)
		}
		rest = rest[2:]
	}
	return c, nil
}

// camel is a name of the CLI as Go has it.
func camel(kebab string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(kebab, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

func (c *awsCall) set(flag, value string) error {
	if awsGlobals[flag] {
		c.globals[flag] = value
		return nil
	}
	field := c.input.Elem().FieldByName(camel(strings.TrimPrefix(flag, "--")))
	if !field.IsValid() {
		return fmt.Errorf("unknown flag %s", flag)
	}
	switch field.Interface().(type) {
	case *string:
		field.Set(reflect.ValueOf(&value))
	case *int64:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
		field.Set(reflect.ValueOf(&n))
	default:
		return fmt.Errorf("%s: values of type %s are not read here", flag, field.Type())
	}
	return nil
}

// do makes the call and returns what the CLI would print of its output.
func (c *awsCall) do(ctx context.Context) (string, error) {
	for kind, field := range c.input.Elem().Fields() {
		if !kind.IsExported() {
			continue
		}
		if text, ok := reflect.TypeAssert[*string](field); ok && text != nil {
			if path, ok := strings.CutPrefix(*text, "file://"); ok {
				content, err := os.ReadFile(path)
				if err != nil {
					return "", err
				}
				field.Set(reflect.ValueOf(aws.String(string(content))))
			}
		}
	}
	results := c.method.Call([]reflect.Value{reflect.ValueOf(ctx), c.input})
	if err, failed := reflect.TypeAssert[error](results[1]); failed {
		return "", err
	}
	output := results[0].Elem()
	if query := c.globals["--query"]; query != "" {
		if output = output.FieldByName(query); !output.IsValid() {
			return "", fmt.Errorf("the output has no %q", query)
		}
	}
	if list, ok := reflect.TypeAssert[[]string](output); ok && c.globals["--output"] == "text" {
		return strings.Join(list, "\t"), nil
	}
	printed, err := json.Marshal(output.Interface())
	return string(printed), err
}

// standInAWS is the AWS CLI where that is not installed.
func standInAWS(words []string, stdout io.Writer) error {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	c, err := newAWSCall(cfg, words)
	if err != nil {
		return err
	}
	printed, err := c.do(ctx)
	return errors.Join(err, printLine(stdout, printed))
}

func printLine(w io.Writer, line string) error {
	_, err := fmt.Fprintln(w, line)
	return err
}

func TestEveryAWSCommandOfThePageIsACallOfTheSDK(t *testing.T) {
	found := 0
	for _, b := range parse(readPage(t)) {
		for _, c := range b.commands() {
			if b.mark == "run" && strings.HasPrefix(c.text, "aws ") {
				found++
				_, err := newAWSCall(aws.Config{}, fields(c.text))
				assert.NoError(t, err, c.text)
			}
		}
	}
	assert.Equal(t, 4, found)
}

func TestAMisspelledAWSCommandIsFound(t *testing.T) {
	for text, want := range map[string]string{
		"aws secretmanager put-secret-value":                                     `no service "secretmanager"`,
		"aws secretsmanager putt-secret-value":                                   `no operation "putt-secret-value"`,
		"aws secretsmanager options":                                             `no operation "options"`,
		"aws secretsmanager put-secret-value --secret a":                         "unknown flag --secret",
		"aws secretsmanager put-secret-value --secret-id":                        "no flag with a value",
		"aws secretsmanager put-secret-value secret-id a":                        "no flag with a value",
		"aws secretsmanager delete-secret --recovery-window-in-days seven":       "invalid syntax",
		"aws secretsmanager delete-secret --force-delete-without-recovery true":  "not read here",
		"aws secretsmanager":                                                     "is not aws SERVICE OPERATION",
		"aws secretsmanager get-secret-value --secret-id a --query VersionStage": "",
	} {
		_, err := newAWSCall(aws.Config{}, fields(text))
		if want == "" {
			assert.NoError(t, err, text)
		} else {
			assert.ErrorContains(t, err, want, text)
		}
	}
}
