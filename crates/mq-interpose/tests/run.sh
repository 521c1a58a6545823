#!/usr/bin/env bash
# Runs C programs over our code, and counts the calls that arrived.
set -euo pipefail
cd "$(dirname "$0")/../../.."

# A closed standard stream would be the next file that a program opens.
for fd in 0 1 2; do
    [[ -e /dev/fd/$fd ]] || eval "exec $fd<>/dev/null"
done

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
library=$target/debug/libmq_interpose.so
work=$target/interpose
mkdir -p "$work"

fail() {
    echo "$*" >&2
    exit 1
}

# Usage: calls COUNTS NAME
calls() {
    awk -v name="$2" '$1 == name { n += $2 } END { printf "%d", n }' "$1"
}

# Usage: arrived COUNTS NAME...
arrived() {
    local counts=$1 name
    shift
    for name; do
        (($(calls "$counts" "$name") > 0)) || fail "$(basename "$counts"): no call of $name arrived"
    done
}

# Usage: over COUNTS PROGRAM ARGUMENT...
over() {
    local counts=$1
    shift
    rm -f "$counts"
    env LD_PRELOAD="$library" MQ_INTERPOSE_COUNTS="$counts" "$@"
    [[ -s $counts ]] || fail "$1: no call arrived"
    awk '{ n[$1] += $2 } END { for (name in n) print "  " name, n[name] }' "$counts" | sort
}

cargo build --quiet --locked --package mq-interpose
# Some of what the program passes is wrong on purpose.
"${CC:-gcc}" -std=c11 -O1 -Wall -Wextra -Werror \
    -Wno-nonnull -Wno-stringop-overread -Wno-stringop-overflow \
    -pthread -o "$work/conformance" crates/mq-interpose/tests/conformance.c -lrt

echo "conformance:"
# It tells the truth only if it passes on the C library too.
"$work/conformance"
over "$work/conformance.counts" "$work/conformance"
arrived "$work/conformance.counts" __mq_open_2 \
    mq_{open,close,unlink,send,receive,timedsend,timedreceive,getattr,setattr,notify}

if ! command -v stress-ng >/dev/null; then
    echo "stress-ng: not run, since it is not installed (apt-get install stress-ng)"
    exit 0
fi
echo "stress-ng:"
over "$work/stress-ng.counts" stress-ng --mq 2 --mq-ops 20000 --timeout 60 --verify \
    --metrics-brief --temp-path "$work"
arrived "$work/stress-ng.counts" mq_{open,close,unlink,send,receive,getattr}
sent=$(($(calls "$work/stress-ng.counts" mq_send) + $(calls "$work/stress-ng.counts" mq_timedsend)))
((sent >= 20000)) || fail "stress-ng: it sent 20000 messages, and $sent calls arrived"
