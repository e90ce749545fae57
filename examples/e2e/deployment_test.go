package e2e_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBothFilesDeployTheSame(t *testing.T) {
	t.Parallel()
	assert.Equal(t, readSAM(t), readServerless(t))
}

func TestTheDeploymentIsWhatTheFunctionsAreBuiltFor(t *testing.T) {
	t.Parallel()
	d := readSAM(t)
	assert.Equal(t, "provided.al2023", d.Runtime)
	assert.Equal(t, "arm64", d.Architecture)
	assert.Equal(t, timeout.Seconds(), float64(d.Timeout))
	all, err := routes()
	require.NoError(t, err)
	require.ElementsMatch(t, slices.Collect(maps.Keys(all)), slices.Collect(maps.Keys(d.Functions)))
	for name, f := range d.Functions {
		assert.Equal(t, all[name], f.Route, name)
		assert.Equal(t, "bootstrap", f.Handler, name)
		assert.Equal(t, "dist/"+name+".zip", f.Artifact, name)
	}
}

func TestTheTableHasTheKeysThatTheItemsHave(t *testing.T) {
	t.Parallel()
	d := readSAM(t)
	require.Len(t, d.Tables, 1)
	assert.Equal(t, object{
		"Type":                "AWS::DynamoDB::Table",
		"DeletionPolicy":      "Retain",
		"UpdateReplacePolicy": "Retain",
		"Properties": object{
			"BillingMode": "PAY_PER_REQUEST",
			"AttributeDefinitions": []any{
				object{"AttributeName": "PK", "AttributeType": "S"}, object{"AttributeName": "SK", "AttributeType": "S"},
			},
			"KeySchema": []any{
				object{"AttributeName": "PK", "KeyType": "HASH"}, object{"AttributeName": "SK", "KeyType": "RANGE"},
			},
		},
	}, d.Tables[0])
}

// A function that asks for its caller has to be behind the authorizer that finds one. Of the others
// only sign-up is open: who signs up has no token yet.
func TestOnlySignUpIsOpenToCallersWithoutAToken(t *testing.T) {
	t.Parallel()
	d := readSAM(t)
	assert.Equal(t, authorizer{"$request.header.Authorization", "<jwtIssuer>", "<jwtAudience>"}, d.Authorizer)
	for name, f := range d.Functions {
		assert.Equal(t, name == "createuser", f.Open, name)
		source, err := os.ReadFile(filepath.Join(examples, name, "main.go"))
		require.NoError(t, err)
		assert.False(t, f.Open && strings.Contains(string(source), ".Caller()"), name)
	}
}

// local are the variables that a deployment must not set.
var local = []string{"DEMO_TRUST_AUTHORIZATION_HEADER"}

func TestTheEnvironmentHasWhatTheCodeReadsAndNothingElse(t *testing.T) {
	t.Parallel()
	read := variablesReadBy(t, filepath.Join(examples, "app"))
	require.Subset(t, read, local)
	want := slices.DeleteFunc(read, func(name string) bool {
		return strings.HasPrefix(name, "AWS_") || slices.Contains(local, name) // Lambda sets the former
	})
	for name, f := range readSAM(t).Functions {
		assert.ElementsMatch(t, want, slices.Collect(maps.Keys(f.Environment)), name)
		assert.Equal(t, object{"Ref": "Table"}, f.Environment["TABLE_NAME"], name)
	}
}

// variablesReadBy returns the names in the calls os.Getenv("NAME") and os.LookupEnv("NAME") of a
// package.
func variablesReadBy(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	found := map[string]bool{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || selector.Sel.Name != "Getenv" && selector.Sel.Name != "LookupEnv" {
				return true
			}
			if literal, ok := call.Args[0].(*ast.BasicLit); ok {
				name, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				found[name] = true
			}
			return true
		})
	}
	return slices.Collect(maps.Keys(found))
}

// The functions run in the deployment's environment, and all that they ask of AWS is noted: a
// permission is missing, or one too many, if that is not what their policies allow.
func TestEachFunctionMayDoWhatItDoesAndNothingElse(t *testing.T) {
	t.Parallel()
	s := startServices(t)
	d := readSAM(t)
	functions, witnesses := map[string]*function{}, map[string]*witness{}
	for name, f := range d.Functions {
		w := startWitness(t, s)
		witnesses[name] = w
		functions[name] = s.start(t, name, environment(w.environ()...), environment(values(t, f.Environment)...))
	}
	for _, e := range story("ada", "grace", "Tech Corp", "tech-corp") {
		res := functions[e.function].send(t, e.request)
		require.Equal(t, e.status, res.Status, "%+v: %s", e.request, res.Body)
	}

	table := object{"Fn::GetAtt": "Table.Arn"}
	const arn = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
	secret := []any{object{"Fn::Sub": arn + "accounts/MomentoAuthToken-??????"}, object{"Fn::Sub": arn + "-??????"}}
	for name, f := range d.Functions {
		allowed := map[string]any{}
		for _, st := range f.Statements {
			assert.Equal(t, "Allow", st.Effect, name)
			for _, action := range st.Action {
				allowed[action] = st.Resource
			}
		}
		done := map[string]any{}
		for action, resource := range witnesses[name].noted() {
			switch {
			case strings.HasPrefix(action, "dynamodb:") && resource == "accounts":
				done[action] = table
			case strings.HasPrefix(action, "secretsmanager:") && resource == "accounts/MomentoAuthToken":
				done[action] = secret
			default:
				assert.Fail(t, "another resource", "%s: %s on %s", name, action, resource)
			}
		}
		assert.Equal(t, allowed, done, name)
	}
}

// values returns the environment with the name of the real table in it.
func values(t *testing.T, environment map[string]any) []string {
	t.Helper()
	var entries []string
	for name, value := range environment {
		switch name {
		case "MOMENTO_ENDPOINT":
			continue // the local server's remains
		case "TABLE_NAME":
			value = "accounts"
		}
		text, ok := value.(string)
		require.True(t, ok, "%s: %v", name, value)
		entries = append(entries, name+"="+text)
	}
	return entries
}
