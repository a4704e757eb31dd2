# Sourced by bin/test and .ci/run: headings with timing, and silence for what went well.
# shellcheck shell=bash

# step HEADING COMMAND…: prints the heading, runs the command, prints how long it took.
step() {
  current_step=$1
  local started=$SECONDS
  printf '\n== %s\n' "$current_step"
  shift
  "$@"
  printf '   ok, %d s\n' $((SECONDS - started))
  current_step=
}

# quietly COMMAND…: shows what the command printed only if it fails.
quietly() {
  local output status=0
  output=$("$@" 2>&1) || status=$?
  if ((status != 0)); then
    printf '%s\n' "$output" >&2
  fi
  return "$status"
}

# name_the_failure STATUS: says which step a failing run stopped in.
name_the_failure() {
  if (($1 != 0)) && [[ -n ${current_step:-} ]]; then
    printf '\nstopped in: %s\n' "$current_step" >&2
  fi
}
