#!/usr/bin/env bash
# Prints how long the audit of a year takes from PostgreSQL: measured on 180 links and
# projected to 1,500; one line a figure: name, value, unit, goal, ok or short.
set -eu
out=$("${GO:-go}" test ./internal/store -run '^$' -bench '^BenchmarkAuditYear$' -benchtime 3x -timeout 10m)
line() { # name unit goal
  awk -v name="$1" -v unit="$2" -v goal="$3" '/^BenchmarkAuditYear/ {
    for (i = 2; i < NF; i++) if ($(i + 1) == unit) { v = $i; found = 1 }
    printf "%s\t%.2f\t%s\t%s\t%s\n", name, v, unit, goal, found && v <= goal ? "ok" : "short" }' <<<"$out"
}
line audit_year_180 s/180-links 2
line audit_year_1500_projected s/1500-links 3.7
