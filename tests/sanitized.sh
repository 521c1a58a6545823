#!/usr/bin/env bash
# The tests of the crate and of the package with AddressSanitizer, and the latter with Python's own
# checks as well. `make sanitize` calls it. A leak is not looked for: CPython leaves much at exit.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(rustc +nightly -vV | sed -n 's/^host: //p')
home=target/sanitized
export ASAN_OPTIONS=detect_leaks=0

echo "== the crate"
RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=$home/crate \
    cargo +nightly test --quiet -p posix-mqueue --tests --target "$target"

echo "== the package"
rm -rf $home/wheels
# The interpreter is not instrumented, so the runtime of gcc is loaded before it.
RUSTFLAGS="-Zsanitizer=address -Zexternal-clangrt" CARGO_TARGET_DIR=$home/package \
    RUSTUP_TOOLCHAIN=nightly maturin build --quiet --target "$target" \
    --skip-auditwheel --out $home/wheels
uv venv --quiet --clear $home/venv
uv pip install --quiet --python $home/venv/bin/python --group test $home/wheels/*.whl
# A child that is forked beside other threads may hang in the sanitizer, so there test_fork.py proves
# nothing. Memory means something else there too: terabytes are reserved, and what is freed is kept.
LD_PRELOAD=$(gcc -print-file-name=libasan.so) PYTHONMALLOC=malloc \
    $home/venv/bin/python -m pytest -q --ignore tests/test_exhaustion_memory.py \
    --ignore tests/test_lifecycle_growth.py --ignore tests/test_fork.py

echo "== the package with Python's debug allocator, developer mode and fault handler"
uv pip install --quiet --python $home/venv/bin/python --reinstall-package mood-mqueue target/wheels/*.whl
PYTHONDEVMODE=1 PYTHONMALLOC=debug $home/venv/bin/python -X faulthandler -m pytest -q
