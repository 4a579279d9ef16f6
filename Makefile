# Everything goes through cargo, and npm for the web application; this file names the steps people and CI take.
#
#   PROFILE          cargo profile of `build` and `demo` (release)
#   FLOWGLASS_CACHE  where the Python environment, npm packages and, in CI, the build cache live (the checkout)
#   BENCH_ROWS       records of `bench` (4,000,000; `bench-full` 100,000,000)
#   BENCH_KEEP       folder where a benchmark's lakes and files are made and stay, for the next run to go on from (none)
#   FLOWGLASS_KILLS  kills of the crash tests (10; `test-full` 200)

PROFILE ?= release
FUZZ_SECONDS ?= 60
BENCH_ROWS ?= 4000000
PYTHON ?= python3
CARGO ?= cargo

TARGET := $(or $(CARGO_TARGET_DIR),target)
VENV := $(or $(FLOWGLASS_CACHE),.)/$(if $(FLOWGLASS_CACHE),venv,.venv)
VENV_DONE := $(VENV)/requirements.done
BENCH_VENV := $(VENV)-bench
BENCH_VENV_DONE := $(BENCH_VENV)/requirements.done
FULL_CASES := 4096

# In CI the lints are run by the compiler that builds the tests, so that no dependency is built a second time for
# clippy alone (`cargo clippy` is this wrapper around `cargo check`). Interactive builds stay plain.
ifdef LINT_WHILE_BUILDING
export RUSTC_WORKSPACE_WRAPPER := clippy-driver
export CLIPPY_ARGS := -Dwarnings__CLIPPY_HACKERY__
CLIPPY = $(CARGO) test --workspace --all-targets --no-run
else
CLIPPY = $(CARGO) clippy --workspace --all-targets -- -D warnings
endif

.PHONY: help ui build demo lint test test-full test-rust test-ui test-e2e test-interop screenshots bench bench-full fuzz clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1 - /p' Makefile | awk -F' - ' '{printf "  make %-13s %s\n", $$1, $$2}'

ui: ## Build the web application (where npm exists), which the program embeds
	@sh scripts/ui build

build: need-cargo ui ## Build the program
	$(CARGO) build --profile $(PROFILE) -p flowglass

demo: need-cargo ui ## Build and run the main job on a simulated VPC: bucket, watch, search, API
	$(CARGO) run --profile $(PROFILE) -p flowglass -- demo

lint: need-cargo ui ## Formatting, lints, dependencies
	$(CARGO) fmt --all --check
	$(CLIPPY)
	@if command -v cargo-hakari >/dev/null 2>&1; then $(CARGO) hakari generate --diff; \
	else echo "lint: cargo-hakari is not installed, workspace-hack is not verified"; fi
	@sh scripts/ui lint

test: test-rust test-ui test-e2e test-interop ## All tests

test-rust: need-cargo ui
	$(CARGO) test --workspace

test-ui: ## Tests of the web application's parts
	@sh scripts/ui test

test-e2e: need-cargo ui ## The real program in a real browser, on the simulated VPC
	$(CARGO) build -p flowglass
	@FLOWGLASS_BINARY="$(abspath $(TARGET))/debug/flowglass" sh scripts/ui e2e

screenshots: need-cargo ui ## Picture every page into docs/images
	$(CARGO) build -p flowglass
	@FLOWGLASS_BINARY="$(abspath $(TARGET))/debug/flowglass" sh scripts/ui screenshots

test-interop: need-cargo $(VENV_DONE)
	$(CARGO) build -p flowglass
	PYTHONDONTWRITEBYTECODE=1 FLOWGLASS_BINARY="$(abspath $(TARGET))/debug/flowglass" "$(VENV)/bin/python" -m pytest -q -p no:cacheprovider tests/interop

test-full: export FLOWGLASS_KILLS ?= 200
test-full: export PROPTEST_CASES ?= $(FULL_CASES)
test-full: test ## The same, with 200 kills and more generated cases

bench: ## Speed beside DuckDB and ClickHouse, in minutes; a Markdown table
bench-full: BENCH_ROWS = 100000000 ## The same with 100 million rows
bench bench-full: export BENCH_BARE ?= "$(abspath $(TARGET))/release/examples/bare" {bucket} {out} {threads}
bench bench-full: need-cargo $(BENCH_VENV_DONE)
	$(CARGO) build --release -p flowglass -p flowglass-test-s3
	$(CARGO) build --release -p flowglass-ingest --example bare
	PYTHONDONTWRITEBYTECODE=1 "$(BENCH_VENV)/bin/python" bench/bench.py --binary "$(TARGET)/release/flowglass" --rows $(BENCH_ROWS) --decode

fuzz: need-cargo ## Fuzz every target for FUZZ_SECONDS
	sh scripts/fuzz $(FUZZ_SECONDS)

clean: ## Remove what was built
	$(CARGO) clean
	rm -rf .venv .venv-bench ui/node_modules ui/dist/assets ui/dist/index.html

$(VENV_DONE): tests/interop/requirements.txt
$(BENCH_VENV_DONE): bench/requirements.txt
$(VENV_DONE) $(BENCH_VENV_DONE):
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "python3 is missing: install python3 and python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "python3-venv is missing: install it (apt install python3-venv)" >&2; exit 1; }
	rm -rf "$(@D)"
	$(PYTHON) -m venv "$(@D)"
	"$(@D)/bin/python" -m pip install --quiet --disable-pip-version-check -r $<
	touch "$@"

.PHONY: need-cargo
need-cargo:
	@command -v $(CARGO) >/dev/null 2>&1 || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null 2>&1 || { echo "a C compiler is missing: install one (apt install build-essential)" >&2; exit 1; }
