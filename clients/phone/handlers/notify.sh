#!/data/data/com.termux/files/usr/bin/sh
# Shows a notification. {"title", "text"}, one of them at least; "group", "priority", "sound" (true).
set -u
needs=termux-notification
. "$(dirname "$0")/../lib/payload.sh"
. "$(dirname "$0")/../lib/ask.sh"

title=$(text title) || exit 1
text=$(text text) || exit 1
group=$(text group) || exit 1
priority=$(choice priority default min low high max) || exit 1
sound=$(flag sound) || exit 1
[ -n "$title$text" ] || refuse 'The payload has neither a title nor a text.'

# The intent's id: a job that is done twice replaces its notification. Nothing of a payload goes into an action, since
# those are commands.
set -- --id "$INTENT_ID" --title "${title:-$text}" --content "$text" --priority "$priority"
[ -z "$group" ] || set -- "$@" --group "$group"
[ "$sound" != true ] || set -- "$@" --sound
ask 30 "$needs" "$@" < /dev/null
