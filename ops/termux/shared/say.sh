# What is said, and how it ends when something fails.

say() { printf '%s\n' "$*"; }

fail() { # WHAT CURE
  printf '\nIt stopped: %s\n%s\n' "$1" "$2" >&2
  exit 1
}

has() { command -v "$1" > /dev/null 2>&1; }

free_mebibytes() { # FOLDER
  echo $(($(df -k "$1" | awk 'END { print $(NF - 2) }') / 1024))
}

# What a full disk makes fail may not tell that it is that.
say_if_full() {
  local free
  free=$(free_mebibytes "$bus_home")
  [ "$free" -ge 16 ] ||
    say "The disk is full: $free MiB are free. Make room (Settings, Storage), and run this again: it goes on from here."
}

# A person sees one line that changes; a log gets a line now and then.
show_progress() { # LINE
  if [ -t 1 ]; then
    printf '\r\033[K%s' "$1"
  elif [ "$SECONDS" -ge "${next_line:-0}" ]; then
    say "$1"
    next_line=$((SECONDS + 15))
  fi
}

end_progress() {
  if [ -t 1 ]; then printf '\r\033[K'; fi
}

# Seconds, for people: "40 s", "3 min".
span() {
  if [ "$1" -lt 90 ]; then echo "$1 s"; else echo "$((($1 + 30) / 60)) min"; fi
}
