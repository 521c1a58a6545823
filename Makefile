# The few commands that a person types.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WHEEL := target/wheels/built
MESSAGES := 1000000
SECONDS := 60
# All but via-libc, which is a choice between two ways.
FEATURES := posix-mqueue/mio,posix-mqueue/serde,posix-mqueue/tokio
# Other C libraries and sizes of integers; `rustup target add` installs what a check needs.
CROSS_TARGETS := x86_64-unknown-linux-musl i686-unknown-linux-gnu
FUZZ_TARGETS := names options deadlines operations
BENCH_C := target/bench/libraw.so
BENCH_PYTHON := target/bench/minimal-ready
BENCH_RUST := target/bench/release/libbench_peers.so
BENCH_RELAY = cargo bench --quiet --locked --package mqrelay --bench relay -- $(BENCH)
# A test that lacks something leaves a line; of tests that pass cargo shows nothing. Where standard
# output is closed, the lines cannot be shown, and no test has failed for that.
SKIPPED := target/tmp/skipped
SAY_SKIPPED = mkdir -p target/tmp; touch $(SKIPPED); sed 's/^/skipped: /' $(SKIPPED); \
	echo "tests of the relay that were skipped: $$(wc -l <$(SKIPPED))" || true
SOURCES := $(shell find crates python -type f) Cargo.toml Cargo.lock pyproject.toml README.md

# uv needs a cache, and in a container its user may have no home to keep it in.
ifndef UV_CACHE_DIR
UV_CACHE := $${XDG_CACHE_HOME:-$${HOME:-/dev/null}/.cache}/uv
ifneq ($(shell mkdir -p "$(UV_CACHE)" 2>/dev/null && test -w "$(UV_CACHE)" && echo writable),writable)
export UV_CACHE_DIR := $(CURDIR)/target/uv-cache
endif
endif

# A recipe that fails midway must run again, though its file may be there already.
.DELETE_ON_ERROR:

.PHONY: help demo relay-demo test test-rust test-python test-hostile test-mqctl test-relay test-mqrelay installed-mqctl installed-mqrelay test-via-libc docs lint bench bench-aio bench-startup bench-relay soak growth fuzz sanitize interpose-test clean

help:
	@echo "make demo    build, install into $(VENV), show a queue at work"
	@echo "make relay-demo   a message crosses from queue to queue through a broker (nats-server)"
	@echo "make test    every test: Rust, and Python on every CPython found"
	@echo "make test-relay   the relay's tests alone: it is killed, cut off, filled, clustered"
	@echo "make docs    the help in docs/mqctl.md and docs/relay.md, and the manual pages in target/man"
	@echo "make lint    formatting, lints, types, documentation"
	@echo "make bench   speed beside other libraries, in some minutes (BENCH=--quick: half of one)"
	@echo "make bench-aio   tasks beside threads and sockets, in a minute (BENCH=--uvloop: in its loop)"
	@echo "make bench-startup   the time that the command takes to start, beside other programs"
	@echo "make bench-relay   the relay beside the broker and the queue alone, in some minutes (BENCH=quick)"
	@echo "make soak    account for every message, MESSAGES=$(MESSAGES) in each configuration"
	@echo "make growth  each kind of call by itself, a million times, on every CPython found: none may grow"
	@echo "make fuzz    feed the parsers what nobody would write, SECONDS=$(SECONDS) each"
	@echo "make test-hostile    some tests with signals ignored, streams closed, processors busy, ..."
	@echo "make sanitize        the tests with AddressSanitizer"
	@echo "make interpose-test  C programs over the Rust crate"
	@echo "make clean   remove all that was built"

demo: $(BIN)/demo-ready
	@$(BIN)/python examples/demo.py

# Its program is the one that cargo built: it is not in the Python package.
relay-demo: $(BIN)/demo-ready
	@cargo build --quiet --locked --package mqrelay
	@$(BIN)/python examples/relay.py target/debug/mqrelay

test: test-rust test-python test-mqctl test-mqrelay test-via-libc

# Documentation examples run under cargo test alone.
test-rust:
	@rm -f $(SKIPPED)
	@if cargo nextest --version >/dev/null 2>&1; then \
		cargo nextest run --workspace --exclude mood-mqueue --features $(FEATURES) --no-fail-fast; \
	else \
		cargo test --workspace --exclude mood-mqueue --features $(FEATURES) --tests --no-fail-fast; \
	fi
	@$(SAY_SKIPPED)
	cargo test --workspace --exclude mood-mqueue --features $(FEATURES) --doc

test-python: $(WHEEL)
	$(BIN)/python tests/every_python.py target/wheels/*.whl

# Some tests again where signals are ignored, streams closed, processors busy, and so on.
test-hostile: $(BIN)/test-ready
	FEATURES=$(FEATURES) tests/hostile_conditions.sh

# The commands as pip installs them, each into an environment that has nothing else.
installed-mqctl installed-mqrelay: installed-%: $(BIN)/uv
	@rm -rf target/$*-wheel
	$(BIN)/maturin build --manifest-path crates/$*/Cargo.toml --locked --profile dev --quiet --out target/$*-wheel
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venvs/$*
	$(BIN)/uv pip install --quiet --python .venvs/$*/bin/python target/$*-wheel/*.whl

test-mqctl: installed-mqctl
	.venvs/mqctl/bin/mqctl create /mqctl-wheel.$$$$ --maxmsg 1 --msgsize 8 && \
		.venvs/mqctl/bin/mqctl rm --if-empty /mqctl-wheel.$$$$

test-mqrelay: installed-mqrelay
	.venvs/mqrelay/bin/mqrelay --help | grep --quiet -- --journal

test-relay:
	@rm -f $(SKIPPED)
	cargo test --package mqrelay --locked --no-fail-fast
	@$(SAY_SKIPPED)

# Where there is no instruction of ours for it, libc makes the calls that carry messages.
test-via-libc: $(BIN)/demo-ready
	cargo test --package posix-mqueue --all-features --tests
	@rm -rf target/via-libc
	$(BIN)/maturin build --release --locked --quiet --features via-libc --out target/via-libc
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venvs/via-libc
	$(BIN)/uv pip install --quiet --python .venvs/via-libc/bin/python --group test target/via-libc/*.whl
	.venvs/via-libc/bin/python -m pytest -q

# The help of the commands, as it is now.
docs:
	SNAPSHOTS=overwrite cargo test --quiet --package mqctl --test docs
	SNAPSHOTS=overwrite cargo test --quiet --package mqrelay --test docs
	cargo run --quiet --package mqctl -- man target/man

lint: $(BIN)/lint-ready
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features $(FEATURES) --locked -- -D warnings
	@for target in $(CROSS_TARGETS); do \
		if test -d "$$(rustc --print target-libdir --target $$target)"; then \
			echo "cargo check --target $$target"; \
			RUSTFLAGS="-D warnings" cargo check --package posix-mqueue --all-features --locked --target $$target || exit; \
		else \
			echo "skipped: the check for $$target, whose std is not installed"; \
		fi; \
	done
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps --locked
	$(BIN)/python -m pytest -q lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest mood.mqueue --mypy-config-file pyproject.toml

bench: $(BIN)/bench-ready $(BENCH_C) $(BENCH_PYTHON) $(BENCH_RUST)
	@$(BIN)/python -m bench $(BENCH)

bench-aio: $(BIN)/bench-ready
	@$(BIN)/python -m bench.aio $(BENCH)

bench-startup: $(BIN)/demo-ready
	cargo build --release --locked --quiet --package mqctl
	@$(BIN)/python -m bench.startup

# In an IPC namespace of its own, where that is allowed, queues may be longer than by default.
bench-relay:
	@cargo bench --quiet --locked --package mqrelay --bench relay --no-run
	@if unshare --ipc true 2>/dev/null; then \
		unshare --ipc sh -c 'echo 100 >/proc/sys/fs/mqueue/msg_max && exec "$$@"' sh $(BENCH_RELAY); \
	else \
		$(BENCH_RELAY); \
	fi

soak: $(BIN)/demo-ready
	$(BIN)/python soak/integrity.py --messages $(MESSAGES) --seconds 900

growth: $(WHEEL)
	$(BIN)/python tests/every_python.py target/wheels/*.whl growth

fuzz:
	@if cargo +nightly fuzz --version >/dev/null 2>&1; then \
		cd fuzz && for target in $(FUZZ_TARGETS); do \
			cargo +nightly fuzz run $$target -- -max_total_time=$(SECONDS) || exit; \
		done; \
	else \
		echo "skipped: no cargo +nightly, or no cargo-fuzz (cargo install cargo-fuzz)"; \
	fi

sanitize: $(WHEEL)
	@if cargo +nightly --version >/dev/null 2>&1; then \
		PATH="$(CURDIR)/$(BIN):$$PATH" tests/sanitized.sh; \
	else \
		echo "skipped: no cargo +nightly"; \
	fi

interpose-test:
	crates/mq-interpose/tests/run.sh

clean:
	rm -rf target $(VENV) .venvs .hypothesis

$(BIN)/uv: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "CPython 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group build
	@touch $@

$(WHEEL): $(BIN)/uv $(SOURCES)
	@rm -rf target/wheels
	$(BIN)/maturin build --release --locked --quiet --out target/wheels
	@touch $@

$(BENCH_C): $(wildcard bench/raw/*)
	@mkdir -p $(@D)
	gcc -std=c11 -O2 -Wall -Wextra -shared -fPIC -o $@ $(filter %.c,$^) -lrt

# Not every Python has its headers: without them the benchmark says that it has no such floor.
$(BENCH_PYTHON): bench/extension/minimal.c bench/raw/call.h $(BIN)/uv
	@mkdir -p $(@D)
	@set -- $$($(BIN)/python -c \
		'import sysconfig as s; print(s.get_path("include"), s.get_config_var("EXT_SUFFIX"))'); \
	if test -e "$$1/Python.h"; then \
		gcc -std=c11 -O2 -Wall -Wextra -shared -fPIC -I"$$1" -o "$(@D)/minimal$$2" $<; \
	fi
	@touch $@

$(BENCH_RUST): $(wildcard bench/rust/* bench/rust/src/*) $(SOURCES)
	cargo build --release --locked --quiet --manifest-path bench/rust/Cargo.toml --target-dir target/bench
	@touch $@

# Each kind of use has the wheel installed, and what it needs besides.
$(BIN)/demo-ready: $(WHEEL)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --reinstall-package mood-mqueue target/wheels/*.whl
	@touch $@

$(BIN)/%-ready: $(BIN)/demo-ready
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group $*
	@touch $@
