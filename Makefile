# make          builds bin/posthouse
# make run      builds and starts it with the demo vendor
# make test     installs what the checks need and runs every check and test
# make help     lists the rest

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
# nomsgpack keeps gin's unused msgpack codec (1 MB) out of the binary.
TAGS := nomsgpack
GO_BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags $(TAGS) -ldflags "-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)"

LINT_VERSION := 2.15.0
LINT := .tools/golangci-lint-$(LINT_VERSION)
# The race detector needs a C compiler; a machine without one tests without it.
RACE := $(shell { command -v gcc || command -v clang; } >/dev/null 2>&1 && echo -race)
# A number of runs, not a time: a run that the end of the time cuts off counts
# as a failure.
FUZZTIME ?= 20000x
# Fuzzing looks for what nobody thought of, so it is no part of "make test",
# which runs what was found before (testdata/fuzz). It instruments everything a
# package imports: with a database in it that takes minutes; FUZZDIRS=proxy is
# quick.
FUZZDIRS ?= cmd proxy server
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64
SCRIPTS := install.sh .ci/run cmd/posthouse/testdata/install/posthouse
SDK := cmd/posthouse/testdata/sdk

.PHONY: help build run test lint shellcheck go-test fuzz bench bench-go dist fmt clean sdk

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/posthouse
	$(GO_BUILD) -o bin/ ./cmd/...

run: ## start with the demo vendor, data in ./data
	go run -tags $(TAGS) ./cmd/posthouse serve --demo --data-dir ./data

# Linting first, for it fails fastest; go test last, so that its closing lines
# are the last thing seen.
test: lint shellcheck $(if $(wildcard web/package.json),web-test) go-test ## install what is needed, run every check and test

go-test: sdk ## run the Go tests (with the race detector where there is a C compiler)
	@[ -n "$(RACE)" ] || echo 'make: no C compiler here, so the tests run without the race detector' >&2
	go test $(RACE) -tags $(TAGS) -timeout 30m ./...

sdk: # what the tests with the vendors' own client libraries need
ifneq ($(wildcard $(SDK)/package.json),)
	@command -v npm >/dev/null || { echo 'make: npm is needed for the tests with the openai package: install Node.js 20 or newer' >&2; exit 1; }
	@[ $(SDK)/node_modules -nt $(SDK)/package-lock.json ] || { cd $(SDK) && npm ci --no-audit --no-fund && touch node_modules; }
endif

lint: $(LINT) ## gofmt, go vet and golangci-lint
	@unformatted=$$(gofmt -l cmd proxy server migrations $(wildcard web/*.go)); [ -z "$$unformatted" ] || { echo "not formatted (run make fmt):"; echo "$$unformatted"; exit 1; }
	go vet -tags $(TAGS) ./...
	$(LINT) run --timeout 10m

fmt: $(LINT) ## format the Go code
	$(LINT) fmt

$(LINT):
	@mkdir -p .tools
	@found=$$(command -v golangci-lint || true); \
	if [ -n "$$found" ] && "$$found" version 2>/dev/null | grep -qF ' $(LINT_VERSION) '; then \
	  ln -sf "$$found" $@; \
	else \
	  echo 'installing golangci-lint $(LINT_VERSION) into .tools (about two minutes, once)'; \
	  GOBIN="$$PWD/.tools" GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(LINT_VERSION); \
	  mv .tools/golangci-lint $@; \
	fi

shellcheck: ## check the shell scripts
	@command -v shellcheck >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq shellcheck; } \
	  || { echo 'make: shellcheck is missing: install it (apt-get install shellcheck, brew install shellcheck)' >&2; exit 1; }
	shellcheck $(SCRIPTS)

fuzz: ## run every fuzz target FUZZTIME times (default 20000x)
	@grep -rn --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]*' $(FUZZDIRS) 2>/dev/null \
	| sed 's/^\(.*\)\/[^/]*:[0-9]*:func \(.*\)$$/\1 \2/' | while read -r dir name; do \
	  echo "go test -fuzz $$name ./$$dir"; \
	  go test -tags $(TAGS) -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "./$$dir" </dev/null >.fuzz.out 2>&1 || { cat .fuzz.out; rm -f .fuzz.out; exit 1; }; \
	  tail -n 1 .fuzz.out; \
	done; rm -f .fuzz.out

# Alone on the machine, this takes about ten minutes: BENCH='--only small' is
# quick, and BENCH='--duration 10s --rounds 9' is what a release is measured by.
bench: build ## measure bin/posthouse with everything on, into docs/performance.md
	bin/posthouse-lab bench --posthouse bin/posthouse --out docs/performance.md $(BENCH)

bench-go: ## run the Go benchmarks
	go test -tags $(TAGS) -run '^$$' -bench . -benchmem ./...

dist: ## build the release archives and checksums.txt in dist/
	rm -rf dist && mkdir -p dist
	@for platform in $(PLATFORMS); do \
	  os=$${platform%/*} arch=$${platform#*/}; stage=dist/$$os-$$arch; mkdir -p $$stage; \
	  echo "building $$platform"; \
	  GOOS=$$os GOARCH=$$arch $(GO_BUILD) -o $$stage/posthouse ./cmd/posthouse; \
	  cp install.sh LICENSE $$stage/; \
	  tar -czf dist/posthouse_$${os}_$$arch.tar.gz -C $$stage posthouse install.sh LICENSE; \
	  rm -rf $$stage; \
	done
	cp install.sh dist/
	cd dist && { command -v sha256sum >/dev/null && sha256sum *.tar.gz || shasum -a 256 *.tar.gz; } >checksums.txt

clean: ## remove what was built (not the tools)
	rm -rf bin dist

ifneq ($(wildcard web/package.json),)
.PHONY: web web-test screenshots
web: ## build the console into web/dist
	cd web && npm ci --no-audit --no-fund && npm run build

web-test: ## check and test the console
	cd web && npm test

# They differ from run to run by what is in them, so no test compares them.
screenshots: ## make the README's pictures anew, in docs/screenshots
	cd web && POSTHOUSE_PICTURES=1 npx playwright test --project pictures
endif
