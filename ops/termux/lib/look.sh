# Whether the bus does what its clients lean on, by the suite that looks at any bus from outside.

look_at_all() { look; }
# What is at work gets no jobs of ours.
look_only() { look --read-only; }

look() { # OPTIONS
  local log=$bus_home/install.log key
  key=$(secret BUS_SECRET)
  # The suite does not sign.
  case $(setting BUS_REQUIRE_SIGNATURES | tr '[:upper:]' '[:lower:]') in
    true | 1 | yes | on)
      key=
      set -- --read-only
      ;;
  esac
  look_at "$(here)" "$key" "$@" > "$log" 2>&1 || {
    grep -v '^ok ' "$log" >&2 || true
    fail 'the bus runs, and not all about it is well.' "What is not stands above. intent-bus-phone logs, and docs/operations/README.md"
  }
  say "Smoke suite: $(tail -n 1 "$log")"
}

look_at() ( # URL KEY OPTIONS: of the suite
  url=$1
  case $(curl -q -s --noproxy '*' --max-time 4 "$url/health/ready" < /dev/null) in
    *'"maintenance":true'*)
      echo 'not run, since the bus is in maintenance'
      exit
      ;;
  esac
  BUS_API_KEY=$2
  BUS_ADMIN_TOKEN=$(secret BUS_ADMIN_SECRET)
  BUS_METRICS_TOKEN=$(secret BUS_METRICS_TOKEN)
  export BUS_API_KEY BUS_ADMIN_TOKEN BUS_METRICS_TOKEN
  shift 2
  node "$release/ops/acceptance/smoke/run.ts" "$url" "$@" < /dev/null
)
