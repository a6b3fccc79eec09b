# shellcheck shell=sh
# One job: the command that does it, and the lease that is kept meanwhile.

# Reads the claim's answer. 1: it is none.
read_job() {
  id=$(json text id < "$dir/claim.answer") || return 1
  token=$(json text claim_token < "$dir/claim.answer") || return 1
  case $id$token in
    *[!A-Za-z0-9_-]*) return 1 ;;
  esac
  held=$(json text claim_timeout < "$dir/claim.answer") || held=60
  held=${held%%.*}
}

keep_payload() {
  trouble='the claim holds none'
  must_keep payload payload_of_claim && [ -s "$dir/payload" ]
}

payload_of_claim() { json raw payload < "$dir/claim.answer"; }

# Sets $outcome: 0 if the job is fulfilled.
do_job() { # COMMAND…
  outcome=1 verdict=
  run_handler "$@"
  keep_lease &
  keeper=$!
  timer=
  if [ "$timeout" -gt 0 ]; then
    end_in_time &
    timer=$!
  fi
  code=
  until await "$handler"; do
    if [ -n "$verdict" ]; then
      end_handler
      break
    fi
  done
  handler=
  # A command need not notice that it could not write. This is tried before anything is taken away.
  cut_off=
  keep probe blanks 16 || cut_off=yes
  rm -f "$dir/handler.group" "$dir/probe"
  # The shell did not say how it ended; it says so itself, unless it was killed.
  [ "$code" != lost ] || code=$(cat "$dir/handler.code" 2> /dev/null) || code=unknown
  tail -n 20 "$dir/handler.errors" >&2 2> /dev/null

  case $verdict in
    lost) log "$id: the lease is lost; somebody else may have the job" ;;
    timeout) report_failure "The handler took longer than $timeout s." ;;
    *) report_end ;;
  esac
  end_watch "$keeper"
  [ -z "$timer" ] || end_watch "$timer"
  keeper='' timer=''
}

# Runs a command and writes down its exit code, and before that the group's number, for whoever finds that the worker was
# killed. The command is told to end like it, and ends first.
# shellcheck disable=SC2016
write_code='trap : TERM INT HUP; echo $$ > "${0%.code}.group"; "$@"; code=$?; echo "$code" > "$0"; exit "$code"'

run_handler() { # COMMAND…
  rm -f "$dir/handler.code"
  (
    export INTENT_ID="$id" INTENT_PAYLOAD_FILE="$dir/payload"
    INTENT_GOAL=$(json text goal < "$dir/claim.answer")
    INTENT_NAMESPACE=$(json text namespace < "$dir/claim.answer")
    INTENT_ATTEMPT=$(json text claim_attempts < "$dir/claim.answer")
    INTENT_PAYLOAD=$(cat "$dir/payload")
    # Linux starts no program with a variable beyond 128 KiB.
    [ "$(wc -c < "$dir/payload")" -le 100000 ] || INTENT_PAYLOAD=
    export INTENT_GOAL INTENT_NAMESPACE INTENT_ATTEMPT INTENT_PAYLOAD
    # In a group of its own, what it starts ends with it, and Ctrl-C is for the worker alone.
    if command -v setsid > /dev/null; then
      exec setsid sh -c "$write_code" "$dir/handler.code" "$@"
    fi
    exec "$@"
  ) < "$dir/payload" > "$dir/handler.result" 2> "$dir/handler.errors" &
  handler=$!
}

end_group() { # SIGNAL PROCESS
  kill -s "$1" -- "-$2" 2> /dev/null || kill -s "$1" "$2" 2> /dev/null
}

end_handler() {
  end_group TERM "$handler"
  (sleep 5 && end_group KILL "$handler") > /dev/null 2>&1 &
  killer=$!
  until await "$handler"; do :; done
  kill "$killer" 2> /dev/null
  end_group KILL "$handler"
}

# Runs in the background beside the handler. Extends the lease each third of it, until it is ended or the lease is lost.
keep_lease() {
  watch
  failures=0 silent=60
  third=$(((held + 2) / 3))
  pause=$third
  while :; do
    nap "$pause"
    orphaned && return
    must_keep extend.body printf '{"claim_token":"%s","seconds":%s}' "$token" "$held" || :
    request extend "/extend_claim/$id"
    case $status in
      200) failures=0 silent=60 pause=$third ;;
      404) give_verdict USR1 ;;
      foreign | stale | local) complain set_pause "$id: the lease is not extended yet: $answer" ;;
      000 | 408 | 429 | 5??)
        log "$id: the lease is not extended yet: $(reason extend)"
        failures=$((failures + 1))
        pause=$(pause_after_failure)
        ;;
      *)
        log "$id: the lease cannot be extended: $(reason extend)"
        return
        ;;
    esac
    [ "$pause" -le "$third" ] || pause=$third
  done
}

set_pause() { pause=$1; } # SECONDS

end_in_time() {
  watch
  nap "$timeout"
  give_verdict USR2
}

# What runs in the background ends together with what it waits for.
watch() {
  child='' stopping='' dir_at_first=$dir
  trap 'kill $child 2> /dev/null; [ "$dir" = "$dir_at_first" ] || rm -rf "$dir"; exit' TERM
  trap '' USR1 USR2
}

# A worker that was killed can report nothing: its handler goes, and the lease runs out.
orphaned() {
  ! kill -0 $$ 2> /dev/null || return 1
  end_group TERM "$handler"
  rm -rf "$dir"
}

# Repeated: a signal that comes right before a shell begins to wait is noticed with the next one.
give_verdict() { # SIGNAL
  while kill -s "$1" $$ 2> /dev/null; do nap 1; done
  exit
}

# Repeated for the same reason: bash loses a signal to a subshell that has just begun.
end_watch() { # PROCESS
  (while kill "$1"; do sleep 0.1 || sleep 1; done) > /dev/null 2>&1 &
  killer=$!
  code=
  until await "$1"; do :; done
  kill "$killer" 2> /dev/null
}
