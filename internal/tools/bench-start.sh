#!/usr/bin/env bash
# Prints how long the demo takes to be ready, first on an empty data directory and
# then again, one line a figure: name, value, unit, goal, ok or short.
set -u
program=$1
dir=$(mktemp -d)
chmod 711 "$dir"
trap 'kill -INT "${pid:-}" 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
measure() { # name goal
  "$program" --data "$dir/data" serve --demo --listen 127.0.0.1:0 2>"$dir/log" &
  pid=$!
  for _ in $(seq 1200); do
    grep -q 'Vigie is ready' "$dir/log" && break
    kill -0 "$pid" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
    sleep 0.1
  done
  value=$(sed -n 's/^Vigie is ready after \([0-9.]*\) s.*/\1/p' "$dir/log")
  printf '%s\t%s\ts\t%s\t%s\n' "$1" "$value" "$2" "$(awk -v v="$value" -v g="$2" 'BEGIN { print (v + 0 > 0 && v <= g) ? "ok" : "short" }')"
  kill -INT "$pid"; wait "$pid"
}
measure start_first 60
measure start_again 5
