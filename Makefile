SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := ci

MODULES := . examples benchmarks readaside/valkeycache
TOOLS   := $(CURDIR)/bin

STATICCHECK_VERSION   := v0.8.2
GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION   := v1.9.0
FUZZTIME              := 5s

# Runs a command in every module, with the workspace and without it: users of a module do not have
# this workspace.
define each_module
@for module in $(MODULES); do for work in "" off; do \
	echo "== $$module$${work:+, GOWORK=off}: $(1)"; \
	(cd $$module && GOWORK=$$work $(1)); \
done; done
endef

.PHONY: ci
ci: test fmt tidy vet api docs staticcheck lint layers race reproducible fuzz vuln

# The command of the README.
.PHONY: test
test:
	go test work

.PHONY: race
race:
	$(call each_module,go test -race -shuffle=on ./...)

.PHONY: vet
vet:
	$(call each_module,go vet ./...)

.PHONY: fmt
fmt:
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "not formatted:"; echo "$$files"; exit 1; fi

.PHONY: tidy
tidy:
	@for module in $(MODULES); do echo "== $$module: go mod tidy -diff"; (cd $$module && GOWORK=off go mod tidy -diff); done

.PHONY: staticcheck
staticcheck: $(TOOLS)/staticcheck-$(STATICCHECK_VERSION)
	$(call each_module,$< ./...)

$(TOOLS)/staticcheck-$(STATICCHECK_VERSION):
	GOBIN=$(TOOLS) GOWORK=off go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)
	mv $(TOOLS)/staticcheck $@

.PHONY: lint
lint: $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
	$< run ./... ./examples/... ./benchmarks/... ./readaside/valkeycache/...

$(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION):
	GOBIN=$(TOOLS) GOWORK=off go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(TOOLS)/golangci-lint $@

# The exported names of each package, as go doc prints them without their comments.
define list_api
rm -rf $(1); go list -f '{{.Dir}}' ./... ./readaside/valkeycache/... | grep -v '/internal' | while read -r dir; do \
	name=$${dir#$(CURDIR)}; name=$${name#/}; [ -n "$$name" ] || continue; \
	mkdir -p "$(1)/$$(dirname "$$name")"; \
	go doc -all "./$$name" | awk '/^(CONSTANTS|VARIABLES|FUNCTIONS|TYPES)$$/ {on = 1} on' | \
		grep -vE '^(    .*|[[:space:]]*//.*|)$$' > "$(1)/$$name.txt"; \
done
endef

# After a change of exported names, run make api-update and review the difference.
.PHONY: api api-update
api:
	@$(call list_api,$(TOOLS)/api); diff -ru api $(TOOLS)/api
api-update:
	@$(call list_api,api)

# Checks the documents. The test cache does not notice that they change.
.PHONY: docs
docs:
	go test -count=1 ./examples/internal/docs

# Where the database of vulnerabilities cannot be reached there is nothing to be learned, except on
# GitHub, where it must be.
.PHONY: vuln
vuln: $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)
	@for module in . examples readaside/valkeycache; do \
		echo "== $$module: govulncheck"; \
		status=0; out=$$(cd $$module && GOWORK=off $< ./... 2>&1) || status=$$?; \
		if [ $$status -eq 1 ] && [ -z "$${GITHUB_ACTIONS:-}" ] && grep -q '^govulncheck: fetching vulnerabilities' <<<"$$out"; then \
			echo "skipped: https://vuln.go.dev cannot be reached"; break; \
		fi; \
		echo "$$out"; [ $$status -eq 0 ] || exit $$status; \
	done

$(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION):
	GOBIN=$(TOOLS) GOWORK=off go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	mv $(TOOLS)/govulncheck $@

# What importers get: lazyclient is the standard library only, and the root module's graph holds no
# Lambda runtime, no emulator, no Valkey and no peer.
.PHONY: layers
layers:
	@deps=$$(go list -deps -f '{{if not .Standard}}{{.ImportPath}}{{end}}' ./lazyclient | grep -v '/warmclient/lazyclient$$' || true); \
	if [ -n "$$deps" ]; then echo "lazyclient imports more than the standard library:"; echo "$$deps"; exit 1; fi
	@heavy=$$(GOWORK=off go list -m all | grep -E 'aws-lambda-go|minidyn|samber/do|caching-go|sturdyc|go-redis|valkey-go|miniredis|gonum.org/v1/plot' || true); \
	if [ -n "$$heavy" ]; then echo "the root module's graph holds:"; echo "$$heavy"; exit 1; fi

.PHONY: fuzz
fuzz:
	go test -run '^$$' -fuzz '^FuzzRedaction$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./secrets
	go test -run '^$$' -fuzz '^FuzzFrames$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./readaside/valkeycache

# Builds the six functions for Lambda: zip files with one executable called bootstrap. Paths, the
# state of the repository, the build id and settings of the machine are excluded, so that the build
# is reproducible.
FUNCTIONS := createuser getuser createorganization getorganization addusertoorganization getmembership
ARCH      := arm64
define zip
cd $(1)/examples; \
GOWORK=off GOFLAGS= GOEXPERIMENT= GOOS=linux GOARCH=$(ARCH) GOARM64= GOAMD64= CGO_ENABLED=0 go build \
	-trimpath -buildvcs=false -ldflags='-s -w -buildid=' -tags=lambda.norpc -o dist/$(2)/bootstrap ./$(2); \
GOWORK=off go tool build-lambda-zip -o dist/$(2).zip dist/$(2)/bootstrap
endef

.PHONY: zips
zips:
	@for function in $(FUNCTIONS); do ($(call zip,.,$$function)); done

# Checks that two builds in two directories give the same bytes, so that unchanged functions are not
# deployed.
.PHONY: reproducible
reproducible:
	@copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT; \
	git ls-files -z -- '*.go' '*go.mod' '*go.sum' | xargs -0 cp --parents -t "$$copy"; \
	($(call zip,.,getuser)); ($(call zip,$$copy,getuser)); \
	cmp examples/dist/getuser.zip "$$copy/examples/dist/getuser.zip"

.PHONY: clean
clean:
	rm -rf $(TOOLS) examples/dist
