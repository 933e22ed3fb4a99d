# Two commands do everything on a fresh machine with Swift 6.2 or newer: `make demo` and `make test`.

PREFIX ?= /usr/local
# An import that Package.swift does not declare is an error: the rooms keep to their doors.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
RELEASE := .build/release/imagewire
DEBUG := .build/debug/imagewire
PYTHON := .build-tools/venv/bin/python

.PHONY: bench browser build clean demo dependencies dist format fuzz fuzz-short help install lint mcp-clients sanitize \
  schemas shells test test-clients test-dist test-editors test-mcp test-node test-openai test-program test-python test-swift \
  tools

help: ## What there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST) | column -t -s ':'

dependencies:
	@.ci/dependencies

tools:
	@.ci/tools

shells:
	@.ci/shells

browser:
	@.ci/browser

mcp-clients:
	@.ci/mcp-clients

build: export IMAGEWIRE_COMMIT = $(shell git rev-parse --short=12 HEAD 2>/dev/null)
build: dependencies ## The program, optimised: .build/release/imagewire
	swift build -c release $(SWIFT_FLAGS) --product imagewire

demo: build ## One conversation through the sandbox, on real pipes, without a key
	@clients/shell/conversation.sh $(RELEASE) "a red fox in snow"

test: test-swift test-program ## Every test

test-swift: dependencies
	swift build --build-tests $(SWIFT_FLAGS)
	swift test --skip-build

test-program: dependencies tools shells browser
	swift build $(SWIFT_FLAGS) --product imagewire
	IMAGEWIRE=$(abspath $(DEBUG)) $(PYTHON) -m pytest -q -p no:cacheprovider Tests/ProgramTests

test-mcp: dependencies tools mcp-clients ## The MCP tool, driven by clients that others wrote
	swift build $(SWIFT_FLAGS) --product imagewire
	IMAGEWIRE=$(abspath $(DEBUG)) $(PYTHON) -m pytest -q -p no:cacheprovider Tests/MCPTests

test-clients: test-python test-node ## Every client, each as its own ecosystem tests

test-python: dependencies tools
	swift build $(SWIFT_FLAGS) --product imagewire
	IMAGEWIRE=$(abspath $(DEBUG)) PYTHONPATH=clients/python/src \
	  $(PYTHON) -m pytest -q -p no:cacheprovider clients/python/tests

test-node: dependencies
	@.ci/node
	swift build $(SWIFT_FLAGS) --product imagewire
	tsc -p clients/node/test/types
	IMAGEWIRE=$(abspath $(DEBUG)) node --test clients/node/test/*.test.js

schemas: dependencies ## schemas/*.json anew, from the table of methods
	swift build $(SWIFT_FLAGS) --product imagewire
	mkdir -p schemas && rm -f schemas/*.json
	for name in $$($(DEBUG) schema --names); do $(DEBUG) schema $$name >schemas/$$name.json || exit 1; done
	python3 Tests/MCPTests/render.py $(DEBUG) schemas/mcp

FUZZ_SECONDS ?= 600

fuzz: dependencies ## The fuzzers, FUZZ_SECONDS each (600)
	.ci/fuzz $(FUZZ_SECONDS)

fuzz-short: ## The fuzzers, 20 seconds each
	@$(MAKE) fuzz FUZZ_SECONDS=20

sanitize: dependencies ## Every Swift test under the address sanitizer, then under the thread sanitizer
	.ci/sanitize address
	.ci/sanitize thread

test-openai: dependencies tools ## The provider openai against LiteLLM's proxy (750 MB from PyPI)
	@.ci/litellm
	swift build $(SWIFT_FLAGS) --product imagewire
	IMAGEWIRE=$(abspath $(DEBUG)) $(PYTHON) -m pytest -q -p no:cacheprovider Tests/ForeignServers

test-clients: test-editors ## The clients, each in what it is written for

test-editors: dependencies ## The editors' clients, in the real editors
	@.ci/editors
	swift build $(SWIFT_FLAGS) --product imagewire
	IMAGEWIRE=$(abspath $(DEBUG)) clients/neovim/tests/run.sh
	IMAGEWIRE=$(abspath $(DEBUG)) clients/vim/tests/run.sh
	IMAGEWIRE=$(abspath $(DEBUG)) clients/emacs/tests/run.sh
	IMAGEWIRE=$(abspath $(DEBUG)) node --test clients/vscode/tests/extension.test.js
	IMAGEWIRE=$(abspath $(DEBUG)) clients/shell/tests/run.sh

bench: build ## Speed and memory, beside the floor and plain servers: Tests/Benchmarks/figures.md, .svg
	swift build -c release $(SWIFT_FLAGS) --product imagewire --scratch-path .build-dist --static-swift-stdlib
	python3 Tests/Benchmarks/bench.py $(RELEASE) --static .build-dist/release/imagewire

install: build ## The program, its man page, completions and schemas below $(PREFIX)
	@.ci/stage $(RELEASE) $(DESTDIR)$(PREFIX)

dist: dependencies ## A tarball that needs no Swift, with its SHA-256: .build-dist/
	@.ci/dist

test-dist: dependencies ## The tarball in a bare Debian without Swift (needs root; fetches Debian's base)
	@.ci/test-dist

format: ## The source as swift-format wants it
	swift format -i -r Sources Tests Package.swift

lint: ## Whether it is
	swift format lint --strict -r Sources Tests Package.swift

clean:
	rm -rf .build
