#!/usr/bin/env bash
# Runs tests that depend on their surroundings under hostile conditions: under all of them, or under
# those that the arguments name. `make test-hostile` builds what it needs and calls it.
set -euo pipefail
cd "$(dirname "$0")/.."

python=$PWD/.venv/bin/python
interpreter=$("$python" -c 'import sys; print(sys.base_prefix)')
scratch=$(mktemp -d)
# An interrupted run must not leave its busy processes, which ignore SIGINT.
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
mkdir -m 1777 "$scratch/a b"

signals_ignored() { env --ignore-signal=HUP,INT,QUIT "$@"; }
signals_blocked() { env --block-signal "$@"; }
stdin_closed() { "$@" <&-; }
stdout_closed() { "$@" >&-; }
stderr_closed() { "$@" 2>&-; }
umask_000() { (umask 000 && TMPDIR="$scratch/a b" "$@"); }
umask_077() { (umask 077 && LC_ALL=C "$@"); }

busy_machine() {
	local processes=() code=0
	for _ in {1..8}; do
		while :; do :; done &
		processes+=($!)
	done
	"$@" || code=$?
	kill "${processes[@]}"
	wait "${processes[@]}" 2>/dev/null || true
	return $code
}

ordinary_user() {
	if (($(id -u))); then
		env -u HOME "$@"
	else
		unshare --mount bash -euc "$(declare -f unlock)"'
			unlock "$0" "$1" "$2"
			shift 2
			exec setpriv --reuid 65534 --regid 65534 --clear-groups \
				env -u HOME -u USER -u LOGNAME TMPDIR="$0/a b" "$@"
		' "$scratch" "$PWD" "$interpreter" "$@"
	fi
}

# Usage: unlock SCRATCH FOLDER...
# Lets every user enter the folders. An empty folder covers the first parent that others cannot
# enter, and the folders are mounted again inside it.
unlock() {
	local spare folder parent part number=0
	spare=$(mktemp -d "$1/XXXXXX")
	shift
	for folder; do
		mkdir "$spare/$((++number))"
		mount --rbind "$folder" "$spare/$number"
	done
	number=0
	for folder; do
		parent=
		while IFS= read -r -d / part; do
			parent+=/$part
			if [[ -e $parent ]] && ((!(8#$(stat -c %a "$parent") & 1))); then
				mount -t tmpfs -o mode=755 none "$parent"
				break
			fi
		done <<<"${folder#/}/"
		mkdir -p "$folder"
		mount --rbind "$spare/$((++number))" "$folder"
	done
}

python_tests() {
	"$1" "$python" examples/demo.py >/dev/null
	"$1" "$python" -m pytest -q -p no:cacheprovider \
		tests/test_{signals,aio_close,notify_process,sweep,list_queues}.py
}

# Not cargo nextest, which handles signals and so gives each test the default ones.
rust_tests() {
	"$1" cargo test --quiet --locked --workspace --exclude mood-mqueue --features "$FEATURES" \
		--test signals --test recv_no_loss --test program
}

conditions=(
	signals_ignored signals_blocked stdin_closed stdout_closed stderr_closed
	umask_000 umask_077 busy_machine ordinary_user
)
for condition in "${@:-${conditions[@]}}"; do
	echo "== $condition"
	SECONDS=0
	python_tests "$condition"
	case $condition in
	signals_blocked) ;; # Child programs inherit the mask, which safe Rust cannot change.
	ordinary_user) ;;   # Another user cannot write to the target folder.
	*) rust_tests "$condition" ;;
	esac
	echo "== $condition: $SECONDS s"
done
