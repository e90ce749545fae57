package e2e_test

import (
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deployment is the common content of both files, with the defaults of their parameters. A
// parameter without a default is <its name>.
type deployment struct {
	Parameters   map[string]string
	Runtime      string
	Architecture string
	MemorySize   int
	Timeout      int
	Authorizer   authorizer
	Tables       []any
	Functions    map[string]deployed // by directory
}

type authorizer struct{ IdentitySource, Issuer, Audience string }

type deployed struct {
	Handler     string
	Artifact    string
	Route       string
	Open        bool // to callers without a token
	Environment map[string]any
	Statements  []statement
}

type statement struct {
	Effect   string
	Action   []string
	Resource any
}

type policy struct{ Statement []statement }

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func readSAM(t *testing.T) deployment {
	t.Helper()
	tree := readYAML(t, "template.yaml")
	d := deployment{Parameters: map[string]string{}, Functions: map[string]deployed{}}
	values := map[string]string{}
	for name, p := range into[map[string]struct{ Default *string }](t, tree["Parameters"]) {
		values[name], d.Parameters[lowerFirst(name)] = "<"+lowerFirst(name)+">", ""
		if p.Default != nil {
			values[name], d.Parameters[lowerFirst(name)] = *p.Default, *p.Default
		}
	}
	tree, _ = resolve(tree, regexp.MustCompile(`\$\{(\w+)\}`), values).(object)

	type properties struct {
		CodeUri, Handler, Runtime string
		Architectures             []string
		MemorySize, Timeout       int
		Environment               struct{ Variables map[string]any }
		Events                    map[string]struct {
			Type       string
			Properties struct {
				ApiId        any
				Method, Path string
				Auth         struct{ Authorizer string }
			}
		}
		Policies []policy
		Auth     struct {
			DefaultAuthorizer string
			Authorizers       map[string]struct {
				IdentitySource   string
				JwtConfiguration struct {
					Issuer   string
					Audience []string
				}
			}
		}
	}
	globals := into[struct{ Function properties }](t, tree["Globals"]).Function
	d.Runtime, d.MemorySize, d.Timeout = globals.Runtime, globals.MemorySize, globals.Timeout
	require.Len(t, globals.Architectures, 1)
	d.Architecture = globals.Architectures[0]

	for name, r := range into[map[string]struct {
		Type       string
		Properties properties
	}](t, tree["Resources"]) {
		p := r.Properties
		switch r.Type {
		case "AWS::DynamoDB::Table":
			d.Tables = append(d.Tables, tree["Resources"].(object)[name])
		case "AWS::Serverless::HttpApi":
			a := p.Auth.Authorizers[p.Auth.DefaultAuthorizer]
			require.Len(t, a.JwtConfiguration.Audience, 1)
			d.Authorizer = authorizer{a.IdentitySource, a.JwtConfiguration.Issuer, a.JwtConfiguration.Audience[0]}
		case "AWS::Serverless::Function":
			require.Len(t, p.Events, 1, name)
			require.Len(t, p.Policies, 1, name)
			event := p.Events["Route"]
			assert.Equal(t, "HttpApi", event.Type, name)
			assert.Equal(t, object{"Ref": "Api"}, event.Properties.ApiId, name)
			d.Functions[strings.ToLower(name)] = deployed{
				Handler:     globals.Handler,
				Artifact:    p.CodeUri,
				Route:       event.Properties.Method + " " + event.Properties.Path,
				Open:        event.Properties.Auth.Authorizer == "NONE",
				Environment: globals.Environment.Variables,
				Statements:  p.Policies[0].Statement,
			}
		default:
			assert.Fail(t, "a resource of another kind", "%s: %s", name, r.Type)
		}
	}
	return d
}

func readServerless(t *testing.T) deployment {
	t.Helper()
	tree := readYAML(t, "serverless.yml")
	d := deployment{Functions: map[string]deployed{}}
	d.Parameters = into[struct{ Default map[string]string }](t, tree["params"]).Default
	values := map[string]string{"jwtIssuer": "<jwtIssuer>", "jwtAudience": "<jwtAudience>", "momentoEndpoint": "<momentoEndpoint>"}
	maps.Copy(values, d.Parameters)
	d.Parameters["jwtIssuer"], d.Parameters["jwtAudience"], d.Parameters["momentoEndpoint"] = "", "", ""
	tree, _ = resolve(tree, regexp.MustCompile(`\$\{param:(\w+)\}`), values).(object)

	provider := into[struct {
		Runtime, Architecture string
		MemorySize, Timeout   int
		Environment           map[string]any
		HttpApi               struct {
			Authorizers map[string]struct {
				Type, IdentitySource, IssuerUrl string
				Audience                        []string
			}
		}
	}](t, tree["provider"])
	d.Runtime, d.Architecture = provider.Runtime, provider.Architecture
	d.MemorySize, d.Timeout = provider.MemorySize, provider.Timeout
	caller := provider.HttpApi.Authorizers["caller"]
	assert.Equal(t, "jwt", caller.Type)
	require.Len(t, caller.Audience, 1)
	d.Authorizer = authorizer{caller.IdentitySource, caller.IssuerUrl, caller.Audience[0]}

	resources := into[struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				AssumeRolePolicyDocument any
				ManagedPolicyArns        []any
				Policies                 []struct{ PolicyDocument policy }
			}
		}
	}](t, tree["resources"]).Resources
	for name, r := range resources {
		switch r.Type {
		case "AWS::DynamoDB::Table":
			d.Tables = append(d.Tables, tree["resources"].(object)["Resources"].(object)[name])
		case "AWS::IAM::Role":
		default:
			assert.Fail(t, "a resource of another kind", "%s: %s", name, r.Type)
		}
	}

	for name, f := range into[map[string]struct {
		Handler, Role string
		Package       struct{ Artifact string }
		Events        []struct {
			HttpApi struct {
				Method, Path string
				Authorizer   struct{ Name string }
			}
		}
	}](t, tree["functions"]) {
		require.Len(t, f.Events, 1, name)
		api := f.Events[0].HttpApi
		role := resources[f.Role].Properties
		require.Len(t, role.Policies, 1, name)
		// AWS SAM adds these automatically.
		assert.Equal(t, []any{object{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}}, role.ManagedPolicyArns)
		assert.Equal(t, object{"Version": "2012-10-17", "Statement": []any{object{
			"Effect": "Allow", "Action": []any{"sts:AssumeRole"}, "Principal": object{"Service": []any{"lambda.amazonaws.com"}},
		}}}, role.AssumeRolePolicyDocument)
		if api.Authorizer.Name != "" {
			assert.Equal(t, "caller", api.Authorizer.Name)
		}
		d.Functions[strings.ToLower(name)] = deployed{
			Handler:     f.Handler,
			Artifact:    f.Package.Artifact,
			Route:       api.Method + " " + api.Path,
			Open:        api.Authorizer.Name == "",
			Environment: provider.Environment,
			Statements:  role.Policies[0].PolicyDocument.Statement,
		}
	}
	return d
}
