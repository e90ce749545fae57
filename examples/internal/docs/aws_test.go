//go:build !race

package docs_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
)

// The AWS CLI is generated from the same models as the SDK: each of its operations is a method, and
// each of its flags a field of the method's input.
var awsServices = map[string]reflect.Type{"secretsmanager": reflect.TypeFor[*secretsmanager.Client]()}

// awsListed lists the operations of other services in the documents, with their flags: "--flag" has
// no value, "--flag=" has one, and "--flag=..." has one or more.
// https://docs.aws.amazon.com/cli/latest/reference/cognito-idp/ and .../cloudformation/
var awsListed = map[string][]string{
	"cognito-idp create-user-pool":        {"--pool-name="},
	"cognito-idp create-user-pool-client": {"--user-pool-id=", "--client-name=", "--explicit-auth-flows=..."},
	"cognito-idp admin-create-user":       {"--user-pool-id=", "--username=", "--message-action="},
	"cognito-idp admin-set-user-password": {"--user-pool-id=", "--username=", "--password=", "--permanent"},
	"cognito-idp admin-get-user":          {"--user-pool-id=", "--username="},
	"cognito-idp initiate-auth":           {"--client-id=", "--auth-flow=", "--auth-parameters=..."},
	"cognito-idp delete-user-pool":        {"--user-pool-id="},
	"cloudformation describe-stacks":      {"--stack-name="},
}

// checkListed checks a command against awsListed.
func checkListed(name string, words []string) error {
	for len(words) > 0 {
		flag := words[0]
		words = words[1:]
		n := slices.IndexFunc(append(words, "--"), func(word string) bool { return strings.HasPrefix(word, "--") })
		words = words[n:]
		allowed := awsListed[name]
		switch {
		case n == 0 && slices.Contains(allowed, flag):
		case n == 1 && (slices.Contains(allowed, flag+"=") || awsGlobals[flag]):
		case n > 0 && slices.Contains(allowed, flag+"=..."):
		default:
			return fmt.Errorf("%s: %s with %d values is not listed", name, flag, n)
		}
	}
	return nil
}

// awsGlobals are the flags of every command.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html
var awsGlobals = map[string]bool{"--query": true, "--output": true, "--region": true, "--profile": true}

// checkAWSCommand returns an error if the AWS CLI does not accept the command.
func checkAWSCommand(text string) error {
	words := fields(text)
	if len(words) < 3 {
		return fmt.Errorf("%q is not aws SERVICE OPERATION", text)
	}
	if name := words[1] + " " + words[2]; awsListed[name] != nil {
		return checkListed(name, words[3:])
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

// camel converts a name of the CLI to the name in the SDK.
func camel(kebab string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(kebab, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// checkAWS checks the commands of the AWS CLI, also in command substitutions. The other commands of
// such a block set variables and remove files.
func checkAWS(t *testing.T, b block) {
	for _, c := range b.commands() {
		text := assignment.ReplaceAllString(c.text, "")
		if inner, ok := strings.CutPrefix(text, "$("); ok {
			text = strings.TrimSuffix(inner, ")")
		}
		switch {
		case strings.HasPrefix(text, "aws "):
			assert.NoError(t, checkAWSCommand(text), "%v: %s", b, c.text)
		case text == c.text:
			assert.Regexp(t, `^rm `, text, b)
		}
	}
}

var assignment = regexp.MustCompile(`^(?:export )?([A-Z_]+)=`)

// TestEveryVariableIsSetBeforeItIsUsed reads each document from the top.
func TestEveryVariableIsSetBeforeItIsUsed(t *testing.T) {
	for file, text := range documents(t) {
		for _, problem := range unset(file, text) {
			t.Error(problem)
		}
	}
	const text = "```console\n$ A=1\n$ echo \"$A $B\"\n$ B=$(x \"$C\")\n```\n```console\n$ echo $B '$D'\n```\n"
	assert.Equal(t, []string{"d.md:2: $B is not set", "d.md:2: $C is not set"}, unset("d.md", text))
}

// unset returns the variables that a document uses before a command of it sets them.
func unset(file, text string) (problems []string) {
	set := map[string]bool{"OLDPWD": true} // by cd
	use := regexp.MustCompile(`\$([A-Z_]+)`)
	quoted := regexp.MustCompile(`'[^']*'`)
	for _, b := range parse(file, text) {
		if b.language != "console" {
			continue
		}
		for _, c := range b.commands() {
			for _, m := range use.FindAllStringSubmatch(quoted.ReplaceAllString(c.text, ""), -1) {
				if !set[m[1]] {
					problems = append(problems, fmt.Sprintf("%v: $%s is not set", b, m[1]))
				}
			}
			if m := assignment.FindStringSubmatch(c.text); m != nil {
				set[m[1]] = true
			}
		}
	}
	return problems
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

		"aws cognito-idp create-pool --pool-name a":                                   `no service "cognito-idp"`,
		"aws cognito-idp create-user-pool --name a":                                   "--name with 1 values is not listed",
		"aws cognito-idp create-user-pool --pool-name":                                "--pool-name with 0 values",
		"aws cognito-idp admin-set-user-password --username a --permanent yes":        "--permanent with 1 values",
		"aws cognito-idp admin-set-user-password --username a --permanent --output x": "",
		"aws cognito-idp create-user-pool-client --explicit-auth-flows A B":           "",
	} {
		if err := checkAWSCommand(text); want != "" {
			assert.ErrorContains(t, err, want, text)
		} else {
			assert.NoError(t, err, text)
		}
	}
}
