# shellcheck shell=sh
# What the bus is told about a job, until it has answered.

# The body is in $dir/report.body. 0: the bus has it. 1: the lease is lost. 2: the bus does not take it.
report() { # VERB
  failures=0 silent=60
  while :; do
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

# The handler ended by itself, with $code.
report_end() {
  if [ "$code" != 0 ]; then
    if [ -s "$dir/handler.errors" ]; then
      report_failure "$(tail -c 500 "$dir/handler.errors" | tr -d '\000')"
    else
      report_failure "The handler ended with exit code $code."
    fi
  elif [ "$(wc -c < "$dir/handler.result")" -gt 1048576 ]; then
    report_failure 'The handler printed more than 1 MiB.'
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

report_result() { # [FILE FILTER: the result, and what makes JSON of it]
  {
    printf '{"claim_token":"%s","result_type":"%s"' "$token" "$result_type"
    if [ $# -gt 0 ]; then
      printf ',"result":'
      "$2" < "$1"
    fi
    printf '}'
  } > "$dir/report.body"
  report fulfill
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
  esac
}

# Why a result was not taken.
refusal() {
  case $status in
    foreign) echo "The result cannot reach the bus: $answer. The request had $(($(wc -c < "$dir/report.body"))) bytes." ;;
    *) echo "The bus refused the result: $(reason report)" ;;
  esac
}

report_failure() { # MESSAGE
  {
    printf '{"claim_token":"%s","error":' "$token"
    printf '%s' "$1" | quoted
    printf '}'
  } > "$dir/report.body"
  report fail
  case $? in
    0) log "$id: failed" ;;
    2) log "$id: the bus does not take the failure either: $(reason report)" ;;
  esac
}

# Standard input as a JSON string.
quoted() { od -An -v -tu1 | LC_ALL=C awk -f "$parts/quote.awk"; }
