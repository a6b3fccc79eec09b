# shellcheck shell=bash
# How ~/intent-bus/settings.env is read, by all that reads it: NAME=value, a line each. It is no shell's: $ and & mean
# nothing, quotes around a value are taken off, and what follows ` #` is a comment.

# Calls COMMAND NAME VALUE for each, in order.
each_setting() { # FILE COMMAND
  local line value
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    if [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]]; then
      value=${BASH_REMATCH[3]}
      case $value in
        \"*\"*)
          value=${value#\"}
          value=${value%%\"*}
          ;;
        \'*\'*)
          value=${value#\'}
          value=${value%%\'*}
          ;;
        *)
          value=${value%%[[:space:]]#*}
          value=${value%"${value##*[![:space:]]}"}
          ;;
      esac
      "$2" "${BASH_REMATCH[2]}" "$value"
    elif [[ ! $line =~ ^[[:space:]]*(#|$) ]]; then
      printf '%s: this line is not NAME=value, and does not count: %s\n' "$1" "$line" >&2
    fi
  done < "$1"
}

# As it counts for the bus; the last one, as there.
setting_of() { # FILE NAME
  local wanted=$2 found=''
  each_setting "$1" take_wanted 2> /dev/null
  echo "$found"
}
take_wanted() { [ "$1" != "$wanted" ] || found=$2; }

# Where the phone itself reaches a bus that listens there.
bus_url() { # HOST PORT
  local host=$1
  case $host in
    '' | 0.0.0.0 | ::) host=127.0.0.1 ;;
    *:*) host="[$host]" ;;
  esac
  echo "http://$host:${2:-8080}"
}

# As the bus takes it, which runs in $bus_home.
# shellcheck disable=SC2154 # of whoever reads this file
bus_database() { # BUS_DB_PATH
  case $1 in
    '') echo "$bus_home/data/bus.db" ;;
    /*) echo "$1" ;;
    *) echo "$bus_home/$1" ;;
  esac
}

# As given, else of the file that was given, else as the first start has made it.
bus_secret() { # NAME GIVEN GIVEN_FILE DATABASE
  if [ -n "$2" ]; then
    echo "$2"
  elif [ -n "$3" ]; then
    (cd "$bus_home" && head -n 1 "$3")
  else
    sed -n "s/^$1=//p" "$(dirname "$4")/secrets.env"
  fi
}
