# shellcheck shell=sh
# What the bus is told about a job, until it has answered.

# The body is in $dir/report.body. 0: the bus has it. 1: the lease is lost, or it was told to stop before it could tell the bus.
# 2: the bus does not take it. 3: the body is no longer there.
report() { # VERB
  failures=0 silent=60
  while :; do
    [ -f "$dir/report.body" ] || return 3
    request report "/$1/$id"
    case $status in
      200)
        [ "$(json text ok < "$dir/report.answer")" != true ] || return 0
        foreign_answer report
        complain sleep_through "$id: not reported yet: $answer"
        continue
        ;;
      foreign | stale)
        # A proxy that lets no body of this size through will not let it through later either.
        [ "$1 $status $answer_status" != 'fulfill foreign 413' ] || return 2
        complain sleep_through "$id: not reported yet: $answer"
        continue
        ;;
      local)
        ! gives_up || return 1
        complain nap "$id: not reported yet: $answer"
        continue
        ;;
      000 | 408 | 429 | 5??) log "$id: not reported yet: $(reason report)" ;;
      404)
        log "$id: the lease was lost, or an earlier try to report did arrive"
        return 1
        ;;
      401 | 403) die 4 "$id: the bus refuses this worker: $(reason report)" ;;
      *) return 2 ;;
    esac
    failures=$((failures + 1))
    sleep_through "$(pause_after_failure)"
  done
}

# Without room nothing can be reported, and waiting for room may be for ever: a signal to stop ends it.
gives_up() {
  [ -n "$stopping" ] || return 1
  log "$id: ended without a report: $trouble; the job comes again when its lease is over"
}

# The handler ended by itself, with $code.
report_end() {
  if ! [ -f "$dir/handler.result" ]; then
    report_failure "The worker's directory for temporary files vanished, and what the command printed with it."
  elif [ "$code" != 0 ]; then
    if [ -s "$dir/handler.errors" ]; then
      report_failure "$(tail -c 500 "$dir/handler.errors" | tr -d '\000')"
    else
      report_failure "The handler ended with exit code $code."
    fi
  elif [ -n "$cut_off" ]; then
    report_failure "There is no room in the worker's directory for temporary files: what the command printed may be cut off."
  elif [ "$(wc -c < "$dir/handler.result")" -gt 1048576 ]; then
    report_failure 'The handler printed more than 1 MiB.'
  elif has_nul "$dir/handler.result"; then
    report_failure "The handler printed a NUL, a byte of zero, which neither text nor JSON can hold."
  elif [ "$result_type" = text ]; then
    report_result "$dir/handler.result" quoted
  elif ! [ -s "$dir/handler.result" ]; then
    report_result
  elif json check < "$dir/handler.result"; then
    report_result "$dir/handler.result" cat
  else
    report_failure 'The handler printed no JSON.'
  fi
}

has_nul() { [ "$(wc -c < "$1")" -ne "$(tr -d '\000' < "$1" | wc -c)" ]; } # FILE

report_result() { # [FILE FILTER: the result, and what makes JSON of it]
  if must_keep report.body result_body "$@" && [ "$(tail -c 1 "$dir/report.body")" = '}' ]; then
    report fulfill
  else
    report_failure "The worker has no room for the result: $trouble."
    return
  fi
  case $? in
    0)
      outcome=0
      log "$id: fulfilled"
      ;;
    2)
      why=$(refusal)
      log "$id: $why"
      report_failure "$why"
      ;;
    3) report_failure "The worker's directory for temporary files vanished, and the result with it." ;;
  esac
}

result_body() {
  printf '{"claim_token":"%s","result_type":"%s"' "$token" "$result_type"
  if [ $# -gt 0 ]; then
    printf ',"result":'
    "$2" < "$1"
  fi
  printf '}'
}

# Why a result was not taken.
refusal() {
  case $status in
    foreign) echo "The result cannot reach the bus: $answer. The request had $(($(wc -c < "$dir/report.body"))) bytes." ;;
    *) echo "The bus refused the result: $(reason report)" ;;
  esac
}

report_failure() { # MESSAGE
  failures=0 silent=60
  while :; do
    if must_keep report.body failure_body "$1"; then
      report fail
      case $? in
        0) log "$id: failed" ;;
        2) log "$id: the bus does not take the failure either: $(reason report)" ;;
        3) continue ;;
      esac
      return
    fi
    ! gives_up || return
    complain nap "$id: not reported yet: $trouble"
  done
}

failure_body() { # MESSAGE
  printf '{"claim_token":"%s","error":' "$token"
  printf '%s' "$1" | quoted
  printf '}'
}

# Standard input as a JSON string.
quoted() { od -An -v -tu1 | LC_ALL=C awk -f "$lib/quote.awk"; }
