# Whether the bus is one, and the way of a job through it to this phone. Of $url, $key and $sign; $workers reads JSON, and signs.

# shellcheck source=../../workers/parts/signature.sh
. "$workers/parts/signature.sh"
# What has none of the programs for it says so by that.
die() { fail "$2." 'pkg install coreutils'; }

# The answer to a request: its status is in $status, its text in $answer. The key comes in by a pipe, where ps does not see it.
bus() { # PATH [BODY]
  local signature=''
  local -a body=()
  [ $# -lt 2 ] || body=(-H 'Content-Type: application/json' --data-binary "$2")
  if [ "$sign" = true ]; then
    prepare_signatures
    signature=$(signed_headers "$([ $# -lt 2 ] && echo GET || echo POST)" "$1" <(printf '%s' "${2:-}"))
  fi
  answer=$(printf 'header = "X-API-KEY: %s"\n%s\n' "$key" "$signature" |
    curl -q -sS --config - --connect-timeout 15 --max-time 60 -w '\n%{http_code}' "${body[@]}" "$url$1" 2>&1) || true
  status=${answer##*$'\n'}
  answer=${answer%$'\n'*}
}

json() { sh "$workers/json.sh" "$@"; }
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
  # What no bus has: a 404 in the bus's own words says that the key is good.
  bus /status/00000000000000000000000000000000
  case $status in
    404) if member error > /dev/null; then return; fi ;;
    401) fail "the bus does not know this key." 'Paste it again; it begins with tk_. On the bus: intent-bus keys list' ;;
    403) fail "the bus refuses: $(reason)" 'Is it to be reached by https://? If it wants signatures: BUS_SIGN=true before the command.' ;;
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
