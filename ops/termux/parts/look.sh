# Whether the bus does what its clients lean on, by the suite that looks at any bus from outside.

look_at_all() { look; }
# What is at work gets no jobs of ours.
look_only() { look --read-only; }

look() { # OPTIONS
  local log=$bus_home/install.log
  if ! (
    BUS_API_KEY=$(secret BUS_SECRET)
    BUS_ADMIN_TOKEN=$(secret BUS_ADMIN_SECRET)
    BUS_METRICS_TOKEN=$(secret BUS_METRICS_TOKEN)
    export BUS_API_KEY BUS_ADMIN_TOKEN BUS_METRICS_TOKEN
    node "$release/ops/smoke/run.ts" "$(here)" "$@"
  ) > "$log" 2>&1 < /dev/null; then
    grep -v '^ok ' "$log" >&2 || true
    fail 'the bus runs, and not all about it is well.' "What is not stands above. intent-bus-phone logs, and docs/operations/README.md"
  fi
  say "Smoke suite: $(tail -n 1 "$log")"
}
