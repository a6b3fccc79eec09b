# shellcheck shell=sh
# One request to the bus. A request has a name: $dir/NAME.body is what is sent, .answer, .head and .errors what came of it.

prepare_requests() {
  # A proxy cannot lead back to this machine.
  proxy_setting=
  ! is_loopback "$url" || proxy_setting='noproxy = "*"'
  if [ "$signed" = true ]; then prepare_signatures; fi
  url_text=$(config_text "$url")
  # A password in the address is not for the log.
  shown_url=$(printf '%s' "$url" | sed 's,//[^/]*@,//,')
  key_text=$(config_text "$key")
}

is_loopback() { # URL
  host=${1#*://}
  host=${host%%/*}
  host=${host##*@}
  case $host in
    localhost | localhost:* | *.localhost | *.localhost:* | 127.* | '[::1]' | '[::1]:'*) ;;
    *) return 1 ;;
  esac
}

# A text between the quotes of curl's configuration.
config_text() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }

# POSTs a body and sets $status: 000 when there was no whole answer; `foreign` when it is not the bus's ($answer says what it
# is then, $answer_status its status); `stale` when the bus refuses the signature for its time, `local` when there is no room for the answer ($answer says so).
request() { # NAME PATH [until_stopped: a signal to stop calls it off]
  have_dir || {
    local_trouble
    return
  }
  rm -f "$dir/$1.answer" "$dir/$1.head"
  signature_headers=
  if [ "$signed" = true ]; then signature_headers=$(signed_headers POST "$2" "$dir/$1.body"); fi
  # The key comes in by a pipe: among the arguments, ps would show it. -q: ~/.curlrc is for other uses.
  curl -q -sS --config - --connect-timeout 15 -m "$((wait_seconds + 15))" -X POST --data-binary "@$dir/$1.body" \
    -o "$dir/$1.answer" -D "$dir/$1.head" -w '%{http_code}' > "$dir/$1.status" 2> "$dir/$1.errors" << END &
url = "$url_text$2"
header = "X-API-KEY: $key_text"
header = "Content-Type: application/json"
header = "Expect:"
$proxy_setting
$signature_headers
END
  child=$!
  code=
  while :; do
    if [ -n "${3:-}" ] && [ -n "$stopping" ]; then kill "$child" 2> /dev/null; fi
    await "$child" && break
  done
  child=
  # curl writes the status when it has the whole answer.
  case $code in
    0 | lost) status=$(cat "$dir/$1.status" 2> /dev/null) ;;
    # It could not write what came.
    23) status=local ;;
    *) status= ;;
  esac
  status=${status:-000}
  read_head "$dir/$1.head"
  answer_status=$status
  if [ "$status" = local ]; then
    trouble="there is no room in $dir"
    rm -f "$dir/reserve"
    local_trouble
  elif [ "$status" = 000 ]; then
    must_keep probe echo x || local_trouble
  elif ! is_of_the_bus "$status" "$dir/$1.answer"; then
    foreign_answer "$1"
  elif [ "$status" = 403 ]; then
    case $(reason "$1") in
      *'Stale timestamp'*) stale_answer ;;
    esac
  fi
}

local_trouble() { status=local answer=$trouble retry_said=''; }

foreign_answer() { # NAME
  status=foreign
  answer="something other than an Intent Bus answers at $shown_url: $(described "$answer_status" "$dir/$1.answer")"
}

# A machine without a clock of its own, such as a Raspberry Pi, begins with a wrong time and gets the right one by NTP.
stale_answer() {
  status=stale
  answer="this machine's clock is $(clock_difference), so the bus takes no signature of it (403 Stale timestamp)"
}

# Percent-encodes all but A-Z a-z 0-9 - . _ ~, as the signature wants it.
encoded() { # TEXT
  printf '%s' "$1" | od -An -v -tu1 | LC_ALL=C awk '{
    for (i = 1; i <= NF; i++) {
      letter = $i < 128 ? sprintf("%c", $i + 0) : ""
      if (letter ~ /^[A-Za-z0-9._~-]$/) printf "%s", letter
      else printf "%%%02X", $i
    }
  }'
}

# In the order in which it is signed.
path_of_claim() { # SECONDS_TO_WAIT
  printf '/claim?'
  parameter capabilities "$capabilities"
  parameter goal "$goal"
  parameter lease "$lease"
  parameter namespace "$namespace"
  parameter wait "$1"
  printf 'worker_id=%s' "$(encoded "$worker_id")"
}

parameter() { # NAME VALUE
  [ -z "$2" ] || printf '%s=%s&' "$1" "$(encoded "$2")"
}

# When the last answer says to come again, in seconds, 1 to 300; the given number if it does not say.
retry_after() { # SECONDS
  seconds=${retry_said# }
  case $seconds in
    '' | *[!0-9]*) seconds=$1 ;;
    ????*) seconds=300 ;;
  esac
  [ "$seconds" -le 300 ] || seconds=300
  [ "$seconds" -ge 1 ] || seconds=1
  echo "$seconds"
}

# Why a request did not succeed, in words.
reason() { # NAME
  case $status in
    000) tail -n 1 "$dir/$1.errors" ;;
    foreign | stale | local) echo "$answer" ;;
    *) echo "$status $(json raw error < "$dir/$1.answer" | json text message)" ;;
  esac
}
