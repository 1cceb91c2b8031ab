# What a developer needs, with only Go, git and make installed. `make help` lists the targets.
SHELL := /bin/sh
GO    ?= go
# The folders that hold our own Go files; vendored or generated trees have no business here.
GOFILES = $(shell git ls-files --cached --others --exclude-standard '*.go')

.PHONY: help build test unit race lint fmt vet staticcheck fuzz soak bench demo e2e corpus linters docs clean

help: ## list the targets
	@awk -F ':[a-z ]*## ' '/^[a-z0-9-]+:[a-z ]*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the program, as bin/modelops
	@mkdir -p bin
	$(GO) build -ldflags "-s -w" -o bin/modelops ./cmd/modelops

test: lint unit ## what must pass before a commit: lint and all tests

unit: ## all tests that need nothing but Go and git
	$(GO) test ./...

# The race detector triples the time of what links Argo CD, so it runs on the packages that share memory.
race: ## the tests of the concurrent packages under the race detector
	$(GO) test -race ./gitops/... ./argocd/... ./internal/release ./internal/view ./render/...

lint: fmt vet staticcheck ## formatting, vet, staticcheck

fmt: ## fail where gofmt would change a file
	@out=$$(gofmt -l $(GOFILES)); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi

vet: ## the checks of the Go toolchain, the e2e tests included
	$(GO) vet -tags e2e ./...

# Pinned in a module file of its own, so that the product depends on nothing that only checks it.
staticcheck: ## staticcheck, as tools/go.mod pins it
	$(GO) tool -modfile=tools/go.mod staticcheck ./...

FUZZTIME ?= 20s
fuzz: ## every fuzz test for FUZZTIME
	@set -e; for pkg in $$(git grep -l --untracked '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u); do \
	  for name in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$pkg/*_test.go | cut -d' ' -f2); do \
	    echo "$$pkg $$name"; $(GO) test ./$$pkg -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME); \
	  done; \
	done

SOAKFLAGS ?=
soak: build ## ten thousand changes of one branch by a crowd, with kills and faults, and a judge (SOAKFLAGS="-ops 500 -seed 1")
	$(GO) run ./internal/soak $(SOAKFLAGS)

bench: build ## speed and memory beside git, kustomize and argocd; exits 1 when a figure is short
	$(GO) run ./internal/bench

demo: ## the whole story in one process: promote, a version that never becomes healthy, the revert, the proof
	$(GO) run ./cmd/modelops-demo

e2e: ## the story on real Kubernetes, Argo CD and git; builds them once into a cache folder
	$(GO) test -tags e2e -count=1 -p 1 -timeout 60m ./e2e/...

corpus: ## what the offline layers say of some hundred manifests beside a real API server; exits 1 where they differ
	@$(GO) run ./e2e/corpus/compare

LINTERSFLAGS ?=
linters: build ## what other linters find and miss in the same manifests, and of the breaches of isolation (LINTERSFLAGS=-missed lists it)
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	  $(GO) test ./internal/validate/isolation -run '^TestBreaches$$' -count=1 -args -export "$$dir" >/dev/null && \
	  $(GO) run ./e2e/corpus/linters -breaches "$$dir" $(LINTERSFLAGS)

docs: ## write the generated pages anew: command reference and schemas
	$(GO) test ./cmd -run TestDocs -update
	$(GO) test ./render/spec -run TestSchemasAreCurrent -update

clean: ## remove what build made
	rm -rf bin
