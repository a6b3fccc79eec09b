# shellcheck shell=sh
# Settings, from the environment and then from options.

read_options() { # ARGUMENTS: sets $options_read, how many of them come before the command
  url=${BUS_URL:-http://localhost:8080}
  key=${BUS_API_KEY:-}
  key_file=${BUS_API_KEY_FILE:-}
  goal=${BUS_GOAL:-}
  namespace=${BUS_NAMESPACE:-}
  worker_id=${BUS_WORKER_ID:-}
  capabilities=${BUS_CAPABILITIES:-}
  result_type=${BUS_RESULT:-text}
  lease=${BUS_LEASE:-60}
  timeout=${BUS_TIMEOUT:-0}
  wait_seconds=${BUS_WAIT:-30}
  signed=${BUS_SIGN:-false}
  once=
  pass_key=

  options_read=0
  while [ $# -gt 0 ]; do
    case $1 in
      --help)
        usage
        exit 0
        ;;
      --once) once=yes ;;
      --pass-key) pass_key=yes ;;
      --signed) signed=true ;;
      --)
        options_read=$((options_read + 1))
        return
        ;;
      --url | --key-file | --goal | --namespace | --worker-id | --capabilities | --result | --lease | --timeout | --wait)
        [ $# -gt 1 ] || die 2 "$1 needs a value"
        case $2 in
          *[![:space:]]*) ;;
          *) die 2 "$1 is empty: give it a value, or leave it out. Is a variable not set?" ;;
        esac
        set_option "$1" "$2"
        options_read=$((options_read + 1))
        shift
        ;;
      -*) die 2 "there is no option $1 (worker.sh --help)" ;;
      *) return ;;
    esac
    options_read=$((options_read + 1))
    shift
  done
}

set_option() { # NAME VALUE
  case $1 in
    --url) url=$2 ;;
    --key-file) key_file=$2 ;;
    --goal) goal=$2 ;;
    --namespace) namespace=$2 ;;
    --worker-id) worker_id=$2 ;;
    --capabilities) capabilities=$2 ;;
    --result) result_type=$2 ;;
    --lease) lease=$2 ;;
    --timeout) timeout=$2 ;;
    --wait) wait_seconds=$2 ;;
  esac
}

# An empty one would take more than was meant: every goal, say, when the variable behind it is not set.
must_not_be_empty() { # VARIABLE IS_SET VALUE
  [ -n "$2" ] || return 0
  case $3 in
    *[![:space:]]*) ;;
    *) die 2 "$1 is empty: give it a value, or unset it" ;;
  esac
}

# Handlers, and all that is started for them, get the environment, but not what opens the bus.
hide_keys() {
  [ -z "$pass_key" ] || return 0
  unset BUS_API_KEY BUS_API_KEY_FILE INTENT_API_KEY BUS_ADMIN_TOKEN BUS_ADMIN_TOKEN_FILE
  unset BUS_SECRET BUS_SECRET_FILE BUS_ADMIN_SECRET BUS_ADMIN_SECRET_FILE
}

# One line for whoever reads the log.
announce() {
  what="any goal"
  [ -z "$goal" ] || what="the goal $goal"
  log "waiting for $what in the namespace ${namespace:-default} of $shown_url, as $worker_id; Ctrl-C or SIGTERM stops it"
}

check_settings() { # COMMAND
  # One that is missing is to be named now, and not after the first job.
  for tool in curl awk sed od tr mktemp tail wc date uname; do
    command -v "$tool" > /dev/null || die 2 "$tool is not installed"
  done
  command -v "$1" > /dev/null || die 2 "there is no command $1"
  # Another program's printf would have the key among its arguments.
  case $(command -v printf) in
    printf) ;;
    *) die 2 'this shell has no printf of its own, so ps would show the key: use dash, bash or busybox sh' ;;
  esac

  must_not_be_empty BUS_GOAL "${BUS_GOAL+set}" "$goal"
  must_not_be_empty BUS_NAMESPACE "${BUS_NAMESPACE+set}" "$namespace"
  must_not_be_empty BUS_WORKER_ID "${BUS_WORKER_ID+set}" "$worker_id"
  must_not_be_empty BUS_CAPABILITIES "${BUS_CAPABILITIES+set}" "$capabilities"
  is_url "$url" || die 2 "BUS_URL is '$url'; it takes http(s)://host[:port][/path]"
  url=${url%/}
  if [ -n "$key_file" ]; then
    if ! [ -f "$key_file" ] || ! [ -r "$key_file" ]; then die 2 "BUS_API_KEY_FILE is '$key_file', which is no file that can be read"; fi
    key=$(sed 1q "$key_file" | tr -d '\r')
    warn_of_key "the first line of $key_file" "$key"
  else
    warn_of_key BUS_API_KEY "$key"
  fi
  [ -n "$key" ] || die 2 'there is no API key: set BUS_API_KEY, or BUS_API_KEY_FILE to a file that holds it'
  case $key in
    *[[:cntrl:]]*) die 2 'the API key has control characters in it' ;;
  esac
  [ -n "$worker_id" ] || worker_id=$(own_name)
  case $result_type in
    text | json) ;;
    *) die 2 "BUS_RESULT is '$result_type'; it takes text or json" ;;
  esac
  case $signed in
    true | false) ;;
    *) die 2 "BUS_SIGN is '$signed'; it takes true or false" ;;
  esac
  whole BUS_LEASE "$lease" 10 3600
  whole BUS_WAIT "$wait_seconds" 0 60
  whole BUS_TIMEOUT "$timeout" 0 86400
}

# Scheme, host, port and path, and nothing that readers of URLs understand in different ways. A name and a password may come
# before the host.
is_url() { # TEXT
  printf '%s' "$1" | LC_ALL=C awk '
    { text = text (NR > 1 ? "\n" : "") $0 }
    END {
      if (text ~ /[\001-\040\177"<>\\?#]/) exit 1
      if (!match(text, /^https?:\/\//)) exit 1
      rest = substr(text, RLENGTH + 1)
      sub(/\/.*/, "", rest)
      sub(/^[^@]*@/, "", rest)
      if (!match(rest, /^\[[0-9A-Fa-f:.]+\]/) && !match(rest, /^[^]@%:[]+/)) exit 1
      rest = substr(rest, RLENGTH + 1)
      if (rest != "" && (rest !~ /^:[0-9]+$/ || length(rest) > 6 || substr(rest, 2) + 0 > 65535)) exit 1
    }'
}

# A line of a file of settings, or quotes that a program has not taken off, would be a part of the key.
warn_of_key() { # WHERE KEY
  case $2 in
    \"*\" | \'*\') log "$1 is in quotes; they count as part of the key" ;;
    # Base64 may end in = as well.
    *=*[!=]*)
      case ${2%%=*} in
        '' | [0-9]* | *[!A-Za-z0-9_]*) [ "${2#export }" = "$2" ] || log "$1 looks like export NAME=value; all of it counts as the key" ;;
        *) log "$1 looks like NAME=value; all of it counts as the key" ;;
      esac
      ;;
  esac
}

# The host's name, as in every worker, in the letters that the bus takes. Every Android calls itself localhost; its model says more.
own_name() {
  host=$(uname -n)
  if [ "$host" = localhost ] && command -v getprop > /dev/null; then host=$(getprop ro.product.model); fi
  printf '%s\n' "${host:-localhost}" | LC_ALL=C tr -c 'A-Za-z0-9_.:\n-' '-' | sed '1s/\(.\{64\}\).*/\1/;q'
}

whole() { # VARIABLE VALUE LEAST MOST
  case $2 in
    '' | *[!0-9]* | 0?* | ??????*) ;;
    *) if [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; then return; fi ;;
  esac
  die 2 "$1 is '$2'; it takes a whole number of seconds from $3 to $4"
}
