//go:build !race

package docs_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// unrunnable are the commands that no test can run, since they act on an account in the cloud, each
// with the flags that the documents may use. What a flag names in our files is checked.
var unrunnable = map[string][]string{
	// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-deploy.html
	"sam deploy": {"--stack-name", "--resolve-s3", "--capabilities", "--parameter-overrides"},
	// .../sam-cli-command-reference-sam-logs.html and sam-cli-command-reference-sam-delete.html
	"sam logs":   {"--stack-name", "--tail"},
	"sam delete": {"--stack-name"},
	// https://www.serverless.com/framework/docs/providers/aws/cli-reference/deploy, .../logs and .../remove
	"serverless deploy": {"--param"},
	// Every command of serverless resolves the whole file, parameters included.
	"serverless logs":   {"--function", "--tail", "--param"},
	"serverless remove": {"--param"},
}

// deployment is what of the two files the commands name.
type deployment struct {
	stack      string
	sam        map[string]bool // parameters; true: has a default
	serverless map[string]bool
	functions  map[string]bool // of serverless.yml
}

func readDeployment(t *testing.T) deployment {
	t.Helper()
	var template struct {
		Parameters map[string]struct {
			Default *string `yaml:"Default"`
		} `yaml:"Parameters"`
	}
	readYAML(t, "template.yaml", &template)
	var service struct {
		Service   string
		Params    struct{ Default map[string]string }
		Functions map[string]struct{ Handler string }
	}
	readYAML(t, "serverless.yml", &service)
	d := deployment{service.Service, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for name, p := range template.Parameters {
		d.sam[name] = p.Default != nil
		// The two files have the same parameters: TestBothFilesDeployTheSame in package e2e.
		lower := strings.ToLower(name[:1]) + name[1:]
		_, d.serverless[lower] = service.Params.Default[lower]
	}
	for name := range service.Functions {
		d.functions[name] = true
	}
	return d
}

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "examples", name))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, into))
}

// check returns an error for a command that would fail.
func (d deployment) check(text string) error {
	words := fields(text)
	if len(words) < 2 {
		return fmt.Errorf("%q: no command", text)
	}
	name := words[0] + " " + words[1]
	allowed, ok := unrunnable[name]
	if !ok {
		return fmt.Errorf("%q is neither run nor listed", name)
	}
	given := map[string][]string{}
	flag := ""
	for _, word := range words[2:] {
		if strings.HasPrefix(word, "--") {
			if flag = word; !slices.Contains(allowed, flag) {
				return fmt.Errorf("%s: unknown flag %s", name, flag)
			}
			given[flag] = append(given[flag], "")
			continue
		}
		if flag == "" {
			return fmt.Errorf("%s: unexpected %q", name, word)
		}
		given[flag] = append(given[flag], word)
	}
	return errors.Join(
		d.parameters(name == "sam deploy", d.sam, given["--parameter-overrides"]),
		d.parameters(words[0] == "serverless", d.serverless, given["--param"]),
		d.names(strings.HasPrefix(name, "sam "), "--stack-name", map[string]bool{d.stack: true}, given),
		d.names(name == "serverless logs", "--function", d.functions, given),
	)
}

// parameters wants a value for each that has no default, and knows of no others.
func (d deployment) parameters(wanted bool, known map[string]bool, given []string) error {
	if !wanted {
		return nil
	}
	values := map[string]string{}
	for _, word := range given {
		if name, value, _ := strings.Cut(word, "="); name != "" {
			values[name] = value
		}
	}
	for name := range values {
		if _, ok := known[name]; !ok {
			return fmt.Errorf("no parameter %q", name)
		}
	}
	for name, hasDefault := range known {
		if !hasDefault && values[name] == "" {
			return fmt.Errorf("no value for parameter %q", name)
		}
	}
	return nil
}

func (d deployment) names(wanted bool, flag string, known map[string]bool, given map[string][]string) error {
	if !wanted {
		return nil
	}
	for _, value := range given[flag] {
		if value != "" && known[value] {
			return nil
		}
	}
	return fmt.Errorf("%s %q is none of %v", flag, given[flag], known)
}

// fields splits a command as a shell does that knows only double quotes.
func fields(text string) []string {
	quoted := false
	words := strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for i, word := range words {
		words[i] = strings.ReplaceAll(word, `"`, "")
	}
	return words
}

// checkDeployment checks the commands that act on an account in the cloud.
func checkDeployment(t *testing.T, b block) {
	d := readDeployment(t)
	dir := root
	for _, c := range b.commands() {
		if into, ok := strings.CutPrefix(c.text, "cd "); ok {
			dir = filepath.Join(dir, into)
			continue
		}
		assert.NoError(t, d.check(c.text), "%v: %s", b, c.text)
		if strings.HasPrefix(c.text, "serverless ") {
			assert.FileExists(t, filepath.Join(dir, "serverless.yml"), b)
		}
		if strings.HasPrefix(c.text, "sam deploy ") {
			assert.FileExists(t, filepath.Join(dir, "template.yaml"), b)
		}
	}
}

func TestACommandThatDisagreesWithItsFilesIsFound(t *testing.T) {
	d := readDeployment(t)
	for text, want := range map[string]string{
		"sam build":                          "neither run nor listed",
		"sam":                                "no command",
		"sam logs --stack-name":              "is none of",
		"sam logs --name accounts":           "unknown flag --name",
		"sam logs accounts":                  `unexpected "accounts"`,
		"sam delete --stack-name account":    "is none of",
		"serverless logs --function getuser": "is none of",
		"serverless remove":                  "no value for parameter",
		`sam deploy --stack-name accounts --parameter-overrides "MomentoEndpoint=$E" "JwtIssuer=$I"`:                 `no value for parameter "JwtAudience"`,
		`sam deploy --stack-name accounts --parameter-overrides "MomentoEndpoint=$E" "JwtIssuer=$I" "JwtAudience=a"`: "",
		`serverless deploy --param "jwtIssuer=$I" --param "JwtAudience=$A"`:                                          `no parameter "JwtAudience"`,
		`serverless deploy --param "momentoEndpoint=$E" --param "jwtIssuer=$I" --param "jwtAudience=$A"`:             "",
	} {
		if err := d.check(text); want != "" {
			assert.ErrorContains(t, err, want, text)
		} else {
			assert.NoError(t, err, text)
		}
	}
}
