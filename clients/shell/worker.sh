#!/bin/sh
# A worker for the Intent Bus: claims one job after the other and has a command do them. `worker.sh --help` says how.
# For any POSIX sh with curl and the usual tools (dash, bash, busybox, Termux).
set -u

lib=$(readlink -f "$0" 2> /dev/null) || lib=$0
lib=$(dirname "$lib")/lib
# shellcheck source=lib/options.sh
. "$lib/options.sh"
# shellcheck source=lib/waiting.sh
. "$lib/waiting.sh"
# shellcheck source=lib/signature.sh
. "$lib/signature.sh"
# shellcheck source=lib/answer.sh
. "$lib/answer.sh"
# shellcheck source=lib/bus.sh
. "$lib/bus.sh"
# shellcheck source=lib/room.sh
. "$lib/room.sh"
# shellcheck source=lib/handler.sh
. "$lib/handler.sh"
# shellcheck source=lib/report.sh
. "$lib/report.sh"

usage() {
  cat << 'END'
worker.sh [OPTIONS] -- COMMAND [ARGUMENT…]

Run COMMAND for each job. It gets the payload, as JSON, on standard input, and
INTENT_ID, INTENT_GOAL, INTENT_NAMESPACE, INTENT_ATTEMPT, INTENT_PAYLOAD and
INTENT_PAYLOAD_FILE in its environment. Exit code 0: what it printed is the
result. Any other: the job failed, and the last 500 bytes that it wrote to
standard error say why.

  --url URL             BUS_URL           the bus (http://localhost:8080)
                        BUS_API_KEY       the API key; there is no option for
                                          it, since ps would show it
  --key-file FILE       BUS_API_KEY_FILE  a file whose first line is the API
                                          key; wins over BUS_API_KEY
  --goal GOAL           BUS_GOAL          take only this goal (any)
  --namespace NAME      BUS_NAMESPACE     take from this namespace (default)
  --worker-id ID        BUS_WORKER_ID     this worker's name, for intents with
                                          a target_worker (the host's name; a
                                          phone's model)
  --capabilities LIST   BUS_CAPABILITIES  what it can do, separated by commas
                                          (nothing)
  --result text|json    BUS_RESULT        what COMMAND prints (text)
  --lease SECONDS       BUS_LEASE         10 to 3600: how long a job stays its
                                          own without a sign of life (60)
  --timeout SECONDS     BUS_TIMEOUT       end COMMAND after so long, a failure
                                          (0: never)
  --wait SECONDS        BUS_WAIT          0 to 60: how long the bus may keep a
                                          claim waiting (30)
  --signed              BUS_SIGN=true     sign every request
  --pass-key                              let COMMAND see what opens the bus
  --once                                  take one job, or end if none comes
                                          within --wait
  --help

COMMAND does not get what opens the bus, unless --pass-key says so:
BUS_API_KEY, BUS_API_KEY_FILE, INTENT_API_KEY, BUS_ADMIN_TOKEN,
BUS_ADMIN_TOKEN_FILE, BUS_SECRET, BUS_SECRET_FILE, BUS_ADMIN_SECRET and
BUS_ADMIN_SECRET_FILE.

At SIGTERM, SIGINT or SIGHUP it finishes its job and ends. A second one ends
job and worker at once.

Exit codes, the same as those of intent-bus work:

  0        stopped, or --once did its job
  1        --once could not do its job
  2        wrong options, or something is not installed, or --once found no
           room for temporary files
  3        --once, and no bus answers
  4        the bus refuses the key, the signature or the connection
  6        the bus refuses the request
  7        --once found no job
  128 + N  a second signal, number N, ended it

An answer counts only if it is the bus's own (it has the header
X-Intent-Version). Until then the worker waits.
END
}

log() { printf 'worker: %s\n' "$*" >&2; }

die() { # EXIT_CODE MESSAGE
  log "$2"
  exit "$1"
}

json() { LC_ALL=C awk -v want="$1" -v name="${2:-}" -f "$lib/json.awk"; }

# Whatever it ends by, nothing of a job stays behind.
clean_up() {
  for process in $child $keeper $timer; do kill "$process" 2> /dev/null; done
  rm -rf "$dir"
}

read_options "$@"
shift "$options_read"
[ $# -gt 0 ] || die 2 'there is no command: worker.sh [OPTIONS] -- COMMAND (worker.sh --help)'
check_settings "$1"
hide_keys
prepare_requests
claim_path=$(path_of_claim "$wait_seconds")
hasty_path=$(path_of_claim 0)

listen_for_signals
dir=
trap clean_up EXIT
roomless=
failures=0 silent=60
# Seconds for which --once puts up with what is not the bus.
patience=30
announce

# A job that comes just before the poll is called off is still done.
while [ -z "$stopping" ]; do
  if ! can_keep_job; then
    [ -z "$once" ] || die 2 "$trouble"
    roomless=yes
    complain nap "no job is claimed: $trouble"
    continue
  fi
  if [ -n "$roomless" ]; then
    log 'there is room again'
    roomless='' failures=0 silent=60
  fi
  # After a failure without a wait: that it is back is known at once.
  if [ "$failures" = 0 ]; then asked=$claim_path; else asked=$hasty_path; fi
  request claim "$asked" until_stopped
  case $status in
    200)
      if read_job; then
        back
        if keep_payload; then
          do_job "$@"
        else
          outcome=1
          report_failure "The worker cannot keep the payload: $trouble."
        fi
        [ -z "$once" ] || exit "$outcome"
        failures=0 silent=60
      else
        foreign_answer claim
        unready 3 "$answer"
      fi
      ;;
    local)
      [ -z "$stopping" ] || break
      log "a job may have come that could not be kept; it comes again when its lease is over: $answer"
      # As large as that one was, or larger.
      [ "$reserve_kib" -ge 65536 ] || reserve_kib=$((4 * reserve_kib))
      rm -f "$dir/reserve"
      ;;
    204)
      [ -z "$once" ] || exit 7
      back
      nap "$(retry_after 1)"
      ;;
    foreign | stale)
      [ -z "$stopping" ] || break
      if [ "$status" = stale ]; then unready 4 "$answer"; else unready 3 "$answer"; fi
      ;;
    000 | 408 | 429 | 5??)
      [ -z "$stopping" ] || break
      case $code in
        # No such protocol, and no URL.
        1 | 3) die 2 "curl cannot ask $shown_url: $(reason claim)" ;;
      esac
      log "no answer to a claim: $(reason claim)"
      away
      ;;
    401 | 403) die 4 "the bus refuses this worker: $(reason claim)" ;;
    *) die 6 "the bus refuses the claim; is $shown_url right? $(reason claim)" ;;
  esac
done
# Told to stop. With --once that is before it found a job.
[ -z "$once" ] || exit 7
