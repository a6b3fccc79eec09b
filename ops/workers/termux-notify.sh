#!/bin/sh
# Shows a notification on a phone for each job with the goal `notify`. In Termux, with the Termux:API app and `pkg install
# termux-api`. The payload: {"title", "text"}, one of them at least, and if you like "group", "priority" (min, low, default,
# high, max) and "sound" (true). The options are those of worker.sh.
set -u

here=$(readlink -f "$0" 2> /dev/null) || here=$0
here=$(dirname "$here")

# Without the Termux:API app, termux-notification hangs: hence the timeout.
if [ "${1:-}" != --show ]; then
  if ! command -v termux-notification > /dev/null; then
    echo 'termux-notification is not installed: pkg install termux-api, and install the Termux:API app' >&2
    exit 2
  fi
  exec sh "$here/worker.sh" --goal notify --timeout 30 "$@" -- sh "$here/termux-notify.sh" --show
fi

member() { sh "$here/json.sh" text "$1" < "$INTENT_PAYLOAD_FILE"; }

refuse() {
  echo "$1" >&2
  exit 1
}

title=$(member title)
text=$(member text)
group=$(member group)
priority=$(member priority) || priority=default
sound=$(member sound)
[ -n "$title$text" ] || refuse 'The payload has neither a title nor a text.'
case $priority in
  min | low | default | high | max) ;;
  *) refuse "The priority is '$priority'; it takes min, low, default, high or max." ;;
esac

# The intent's id: a job that is done twice replaces its notification. Nothing of a payload goes into an action, since
# those are commands.
set -- --id "$INTENT_ID" --title "${title:-$text}" --content "$text" --priority "$priority"
[ -z "$group" ] || set -- "$@" --group "$group"
[ "$sound" != true ] || set -- "$@" --sound
termux-notification "$@" < /dev/null
