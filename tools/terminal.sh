# What ./demo, ./test and the tools say on a terminal, and the surroundings they all run in. Sourced by bash.

export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
umask 022

# Nothing may wait for a key that nobody presses.
exec </dev/null

say() { printf '%s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# now_ms: a clock for how long a step took, in milliseconds.
now_ms() { local us=${EPOCHREALTIME/./}; echo $((us / 1000)); }

# seconds_since START_MS: "3.4 s"
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# run_logged LOG COMMAND...: the command's words go to LOG; when it fails, the end of LOG is shown.
run_logged() {
  local log=$1 status=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    printf -- '--- the last lines of %s\n' "$log" >&2
    tail -n 40 "$log" >&2
    printf -- '--- failed (status %d): %s\n' "$status" "$*" >&2
  fi
  return "$status"
}
