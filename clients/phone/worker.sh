#!/data/data/com.termux/files/usr/bin/sh
# This phone as a worker, by Termux:API. `worker.sh --help` says how; docs/phone-worker.md, what for.
set -u

here=$(readlink -f "$0" 2> /dev/null) || here=$0
here=$(dirname "$here")

# What makes the phone show itself, and no more. The others cost money, or tell something about whoever carries it.
harmless='notify speak vibrate torch battery'

usage() {
  cat << 'END_OF_USAGE'
worker.sh [OPTIONS of clients/shell/worker.sh]

Takes the jobs of one namespace, one at a time; a job's goal is the name of its
handler, a file in clients/phone/handlers.

  --list        the handlers: which are on, and why others are not
  --help        this, and the options

  PHONE_ALLOW      names, separated by commas or spaces: what is off until it is
                   allowed (sms, photo, sensor, location, clipboard)
  PHONE_SMS_TO     the numbers to which messages may go, separated likewise, or
                   the word any
  PHONE_PHOTO_URL  photos are sent there (PUT, their name added), and not kept;
                   without it they stay on the phone
  PHONE_HOME       where photos, and what was sent, are kept
                   (~/intent-bus-worker)

Other defaults than those below: the namespace phone, --wait 60, --timeout 120,
--result json. BUS_CAPABILITIES adds to what is advertised, which is the names
of the handlers that are on.

END_OF_USAGE
  sh "$here/../shell/worker.sh" --help
}

# Why a handler is off; nothing if it is on.
why_off() { # NAME
  case " $harmless $(printf '%s' "${PHONE_ALLOW:-}" | tr ',' ' ') " in
    *" $1 "*) ;;
    *)
      echo 'not allowed: add it to PHONE_ALLOW'
      return
      ;;
  esac
  needs=$(sed -n 's/^needs=//p' "$here/handlers/$1.sh")
  command -v "$needs" > /dev/null || echo "$needs is not installed: pkg install termux-api"
}

handlers() {
  for file in "$here"/handlers/*.sh; do basename "$file" .sh; done
}

case ${1:-} in
  --help) usage ;;
  --list)
    for name in $(handlers); do
      reason=$(why_off "$name")
      printf '%-10s %s\n' "$name" "${reason:-on}"
    done
    ;;
  --do)
    case $INTENT_GOAL in
      *[!a-z]*) ;;
      *)
        case " $PHONE_HANDLERS " in
          *" $INTENT_GOAL "*) exec sh "$here/handlers/$INTENT_GOAL.sh" ;;
        esac
        ;;
    esac
    echo "This phone does not do '$INTENT_GOAL'; it does: $PHONE_HANDLERS" >&2
    exit 1
    ;;
  *)
    for name in $(printf '%s' "${PHONE_ALLOW:-}" | tr ',' ' '); do
      [ -f "$here/handlers/$name.sh" ] || {
        echo "worker: PHONE_ALLOW names '$name'; there are: $(handlers | tr '\n' ' ')" >&2
        exit 2
      }
    done
    PHONE_HANDLERS=
    for name in $(handlers); do
      [ -n "$(why_off "$name")" ] || PHONE_HANDLERS="$PHONE_HANDLERS${PHONE_HANDLERS:+ }$name"
    done
    if [ -z "$PHONE_HANDLERS" ]; then
      echo 'worker: this phone can do nothing yet: pkg install termux-api, and install the app Termux:API' >&2
      exit 2
    fi
    echo "worker: this phone does: $PHONE_HANDLERS" >&2
    BUS_CAPABILITIES=$(printf '%s' "$PHONE_HANDLERS" | tr ' ' ',')${BUS_CAPABILITIES:+,$BUS_CAPABILITIES}
    export PHONE_HOME="${PHONE_HOME:-${HOME:-.}/intent-bus-worker}"
    export PHONE_HANDLERS BUS_CAPABILITIES BUS_RESULT=json
    export BUS_NAMESPACE="${BUS_NAMESPACE-phone}" BUS_WAIT="${BUS_WAIT:-60}" BUS_TIMEOUT="${BUS_TIMEOUT:-120}"
    exec sh "$here/../shell/worker.sh" "$@" -- sh "$here/worker.sh" --do
    ;;
esac
