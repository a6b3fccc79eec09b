#!/bin/sh
# Calls a URL for each job with the goal `webhook`. The payload:
# {"url", "body"?, "method"?, "headers"?}. Only origins that were allowed are
# called:
#   webhook.sh --allow https://hooks.example.org [--allow ORIGIN …] [OPTIONS]
# or WEBHOOK_ALLOW="ORIGIN ORIGIN …". The word `any` allows every URL, also
# those of your own network and of the machine. The options are those of
# worker.sh:
set -u

here=$(readlink -f "$0" 2> /dev/null) || here=$0
here=$(dirname "$here")

# What stands above, and the options of the worker.
usage() {
  sed -n '2,8s/^# //p' "$here/webhook.sh"
  echo
  sh "$here/worker.sh" --help
}

refuse() { # MESSAGE [EXIT_CODE]
  echo "webhook: $1" >&2
  exit "${2:-1}"
}

# Prints an origin as it is compared: in lower case, without the port that its scheme has anyway. 1: it is none.
origin_of() { # URL
  # Nothing but scheme, host and port before the path: with names, backslashes or spaces in there, two readers of a URL
  # could see two hosts in it.
  printf '%s' "$1" | LC_ALL=C awk '
    { text = text (NR > 1 ? "\n" : "") $0 }
    END {
      if (text ~ /[\001-\040\177]/) exit 1
      if (!match(text, /^[Hh][Tt][Tt][Pp][Ss]?:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?/)) exit 1
      rest = substr(text, RLENGTH + 1)
      if (rest != "" && rest !~ /^[\/?#]/) exit 1
      origin = tolower(substr(text, 1, RLENGTH))
      if (origin ~ /^http:/) sub(/:80$/, "", origin)
      else sub(/:443$/, "", origin)
      print origin
    }'
}

work() {
  # Reads options, passes on the rest, and refuses to begin without a list.
  allowed=${WEBHOOK_ALLOW:-}
  count=$#
  while [ "$count" -gt 0 ]; do
    if [ "$1" = --help ]; then
      usage
      exit 0
    elif [ "$1" = --allow ]; then
      [ "$count" -gt 1 ] || refuse '--allow needs an origin' 2
      [ -n "$2" ] || refuse '--allow is empty: give it an origin, or leave it out' 2
      allowed="$allowed $2"
      shift 2
      count=$((count - 2))
    else
      set -- "$@" "$1"
      shift
      count=$((count - 1))
    fi
  done
  set -f
  WEBHOOK_ALLOW=
  for entry in $allowed; do
    case $entry in
      any) origin=any ;;
      *://*/*) origin= ;;
      *) origin=$(origin_of "$entry") || origin= ;;
    esac
    [ -n "$origin" ] || refuse "$entry is no origin; it takes http(s)://host[:port], or any" 2
    WEBHOOK_ALLOW="$WEBHOOK_ALLOW $origin"
  done
  set +f
  [ -n "$WEBHOOK_ALLOW" ] || refuse 'say which URLs may be called: --allow https://hooks.example.org, or --allow any' 2
  export WEBHOOK_ALLOW
  exec sh "$here/worker.sh" --goal webhook --result json "$@" -- sh "$here/webhook.sh" --call
}

json() { sh "$here/json.sh" "$@"; }
member() { json "$1" "$2" < "$INTENT_PAYLOAD_FILE"; }

# A text between the quotes of curl's configuration.
config_text() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }

call() {
  url=$(member text url) || refuse 'The payload has no url.'
  origin=$(origin_of "$url") || refuse 'The url is none that is called: it takes http(s)://host[:port], then a path.'
  case " $WEBHOOK_ALLOW " in
    *" $origin "* | *' any '*) ;;
    *) refuse "$origin is not allowed here." ;;
  esac
  method=$(member text method) || method=POST
  case $method in
    GET | POST | PUT | PATCH | DELETE) ;;
    *) refuse "The method is '$method'; it takes GET, POST, PUT, PATCH or DELETE." ;;
  esac

  dir=$(mktemp -d) || refuse 'no directory for temporary files could be made'
  trap 'rm -rf "$dir"' EXIT
  trap 'exit 143' TERM
  printf 'url = "%s"\nheader = "X-Intent-ID: %s"\n' "$(config_text "$url")" "$INTENT_ID" > "$dir/config"
  type_of_body='application/json'
  if body=$(member raw body); then
    case $body in
      '"'*)
        type_of_body='text/plain; charset=utf-8'
        member text body > "$dir/body"
        ;;
      *) printf '%s' "$body" > "$dir/body" ;;
    esac
    set -- --data-binary "@$dir/body"
  else
    case $method in
      # Some servers refuse these without it: they cannot know that there is no body.
      POST | PUT | PATCH) echo 'header = "Content-Length: 0"' >> "$dir/config" ;;
    esac
  fi
  # A proxy cannot lead back to this machine, nor into the list of what is allowed on it.
  case ${origin#*://} in
    localhost | localhost:* | *.localhost | *.localhost:* | 127.* | '[::1]' | '[::1]:'*) echo 'noproxy = "*"' >> "$dir/config" ;;
  esac
  headers
  [ $# -eq 0 ] || [ -z "$type_of_body" ] || printf 'header = "Content-Type: %s"\n' "$type_of_body" >> "$dir/config"

  # Redirects are not followed: they could lead anywhere. What curl reads by itself from URLs (globs, ~/.curlrc) is off.
  status=$(curl -q -sS --config "$dir/config" --globoff --proto '=http,https' --connect-timeout 15 -m 30 \
    -X "$method" -o /dev/null -w '%{http_code}' "$@" 2> "$dir/errors") || refuse "$(tail -n 1 "$dir/errors")"
  case $status in
    2??) printf '{"status":%s}' "$status" ;;
    *) refuse "It answered $status." ;;
  esac
}

# Adds the payload's headers. Not those that say where a request goes or where it ends.
headers() {
  list=$(member raw headers) || return 0
  printf '%s' "$list" | json members > "$dir/members" || refuse 'headers is no object.'
  while IFS= read -r line; do
    name=${line#'"'}
    name=${name%%'"'*}
    case $name in
      '' | *[!A-Za-z0-9_-]*) refuse 'A name among the headers is none: it takes letters, digits, - and _.' ;;
    esac
    value=$(printf '%s' "${line#"\"$name\":"}" | json text) || refuse "The header $name has no value."
    case $value in
      *[[:cntrl:]]*) refuse "The header $name has control characters in it." ;;
      '') field="$name;" ;;
      *) field="$name: $value" ;;
    esac
    case $(printf '%s' "$name" | tr '[:upper:]' '[:lower:]') in
      host | content-length | transfer-encoding | connection) refuse "The header $name is not for a payload to set." ;;
      content-type) type_of_body= ;;
    esac
    printf 'header = "%s"\n' "$(config_text "$field")" >> "$dir/config"
  done < "$dir/members"
}

if [ "${1:-}" = --call ]; then call; else work "$@"; fi
