# shellcheck shell=sh
# The payload of a job, member by member, each checked before it is used. To be called as VARIABLE=$(…) || exit 1: what is
# refused ends that with 1, and the reason is the job's error.

refuse() { # MESSAGE [EXIT_CODE]
  printf '%s\n' "$1" >&2
  exit "${2:-1}"
}

shell=$(dirname "$0")/../../shell
json() { sh "$shell/json.sh" "$@"; }

# Standard input as a JSON string.
quoted() { od -An -v -tu1 | LC_ALL=C awk -f "$shell/lib/quote.awk"; }

payload=$(cat "$INTENT_PAYLOAD_FILE")

# A member as JSON; nothing if it is not there, or null. A payload that is a string is its member "text".
member() { # NAME
  case $1:$payload in
    *:'{'*) value=$(printf '%s' "$payload" | json raw "$1") || return 0 ;;
    text:'"'*) value=$payload ;;
    *:'"'* | *:null) return 0 ;;
    *) refuse 'The payload is no object.' ;;
  esac
  [ "$value" = null ] || printf '%s' "$value"
}

# A member that is a string, as the text that it stands for.
text() { # NAME
  value=$(member "$1") || exit 1
  case $value in
    '') ;;
    '"'*) printf '%s' "$value" | json text ;;
    *) refuse "$1 is no text." ;;
  esac
}

# A member that is one of these words, or the first of them if it is not there.
choice() { # NAME WORD…
  name=$1
  shift
  value=$(text "$name") || exit 1
  words=$*
  for word; do
    if [ "${value:-$1}" = "$word" ]; then
      printf '%s' "$word"
      return
    fi
  done
  refuse "The $name is '$value'; it takes $(printf '%s' "$words" | sed 's/ /, /g; s/\(.*\), /\1 or /')."
}

# A member that is a whole number.
whole() { # NAME LEAST MOST DEFAULT
  value=$(member "$1") || exit 1
  value=${value:-$4}
  case $value in
    *[!0-9]* | 0?* | ??????*) ;;
    *)
      if [ "$value" -ge "$2" ] && [ "$value" -le "$3" ]; then
        printf '%s' "$value"
        return
      fi
      ;;
  esac
  refuse "$1 is $value; it takes a whole number from $2 to $3."
}

# A member that is true or false; nothing if it is not there.
flag() { # NAME
  value=$(member "$1") || exit 1
  case $value in
    '' | true | false) printf '%s' "$value" ;;
    *) refuse "$1 is $value; it takes true or false." ;;
  esac
}
