# Whether the bus is one, and the way of a job through it to this phone. Of $url, $key and $sign; $shell reads JSON, and signs.

# shellcheck source=../../shell/lib/signature.sh
. "$shell/lib/signature.sh"
# shellcheck source=../../shell/lib/answer.sh
. "$shell/lib/answer.sh"
# What has none of the programs for it says so by that.
die() { fail "$2." 'pkg install coreutils'; }

# The answer to a request: its status is in $status, its text in $answer. The status is `foreign` when it is not the bus's; then
# $answer says what it is. The key comes in by a pipe, where ps does not see it.
bus() { # PATH [BODY]
  local signature='' folder
  local -a body=()
  [ $# -lt 2 ] || body=(-H 'Content-Type: application/json' --data-binary "$2")
  if [ "$sign" = true ]; then
    prepare_signatures
    signature=$(signed_headers "$([ $# -lt 2 ] && echo GET || echo POST)" "$1" <(printf '%s' "${2:-}"))
  fi
  folder=$(mktemp -d)
  status=$(printf 'header = "X-API-KEY: %s"\n%s\n' "$key" "$signature" |
    curl -q -sS --config - --connect-timeout 15 --max-time 60 -D "$folder/head" -o "$folder/answer" -w '%{http_code}' "${body[@]}" "$url$1" \
      2> "$folder/errors") || status=000
  read_head "$folder/head"
  if [ "$status" = 000 ]; then
    answer=$(cat "$folder/errors")
  elif is_of_the_bus "$status" "$folder/answer"; then
    answer=$(cat "$folder/answer")
  else
    answer="something other than an Intent Bus answers at $url: $(described "$status" "$folder/answer")"
    status=foreign
  fi
  rm -rf "$folder"
}

json() { sh "$shell/json.sh" "$@"; }
member() { printf '%s' "$answer" | json text "$1"; }
reason() {
  local error
  if error=$(printf '%s' "$answer" | json raw error); then
    printf '%s' "$error" | json text message
  else
    printf '%s' "$answer" | head -n 1 | cut -c 1-200
  fi
}

check_bus() {
  local pause
  # A log-in page, or a proxy whose bus is starting, may be gone in half a minute.
  for pause in 2 4 8 16 ''; do
    # What no bus has: its 404 says that the key is good.
    bus /status/00000000000000000000000000000000
    if [ "$status" != foreign ] || [ -z "$pause" ]; then break; fi
    sleep "$pause"
  done
  case $status in
    404) return ;;
    401) fail "the bus does not know this key." 'Paste it again; it begins with tk_. On the bus: intent-bus keys list' ;;
    403)
      case $(reason) in
        *'Stale timestamp'*)
          fail "this phone's clock is $(clock_difference), so the bus takes no signature." \
            "Set it: Settings, Date & time, automatically. Or is it the clock of the bus that is wrong?"
          ;;
      esac
      fail "the bus refuses: $(reason)" 'Is it to be reached by https://? If it wants signatures: BUS_SIGN=true before the command.'
      ;;
    foreign) fail "$answer." 'Does this network ask you to log in first? Open the address in the browser of this phone.' ;;
  esac
  fail "there is no bus at $url: $(reason)" 'Are both in the same network? Open the address in the browser of this phone.'
}

# To this phone, by the bus, as any other job would come.
first_notification() {
  local id since=$SECONDS
  bus /intent "{\"goal\":\"notify\",\"namespace\":\"$namespace\",\"target_worker\":\"$name\",\"max_attempts\":1,\"payload\":{\"title\":\"Intent Bus\",\"text\":\"This phone does jobs now.\"}}"
  [ "$status" = 201 ] || fail "the bus does not take a job: $(reason)" 'The worker runs, all the same. intent-bus-worker logs'
  id=$(member id)
  bus "/result/$id?wait=45"
  case $(member status || true) in
    fulfilled) say "The first notification came $((SECONDS - since)) s after it was sent." ;;
    dead) fail "the notification failed: $(member error)" 'Is the app Termux:API there, opened once, and allowed to show notifications?' ;;
    *) fail 'the worker has not taken its first job.' 'intent-bus-worker logs says why.' ;;
  esac
}
