#!/bin/sh
# Reads JSON without jq, for handlers. One JSON text on standard input, and:
#   json.sh text [NAME]   member NAME of an object (or all of it); a string as the text that it stands for
#   json.sh raw [NAME]    the same as JSON, as it was sent
#   json.sh members       a line for each member of an object: "name":value
#   json.sh check         nothing
# Exits 1 if it is no JSON or has no such member; to `text`, null is no member. Exits 2 for an empty NAME.
lib=$(readlink -f "$0" 2> /dev/null) || lib=$0
lib=$(dirname "$lib")/lib

case ${1:-} in
  text | raw | members | check) ;;
  *)
    sed -n '2,/^# Exits/s/^# //p' "$0" >&2
    exit 2
    ;;
esac
if [ $# -gt 1 ] && [ -z "$2" ]; then
  echo "json.sh: NAME is empty: give it a value, or leave it out. Is a variable not set?" >&2
  exit 2
fi
export LC_ALL=C
exec awk -v want="$1" -v name="${2:-}" -f "$lib/json.awk"
