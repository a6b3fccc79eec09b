# The new release tried beside the one that runs, before anything is switched: on a copy of the data, at a port of its own.
# What fails here has touched neither.

trial=$bus_home/.trial

try_out() {
  if [ -n "$untried" ]; then
    say 'It is not tried on a copy of your data first, as you said.'
    return
  fi
  trial_has_room
  say "Trying it on a copy of your data, while $(basename "$previous") goes on"
  mkdir -p "$trial"
  lay_out_trial > "$trial/log" 2>&1 || trial_failed 'the copy could not be made'
  for_trial node "$release/service/launch.js" > "$trial/log" 2>&1 < /dev/null &
  # Nobody is told when it is ended.
  disown
  local pid=$! until=$((SECONDS + ${BUS_READY_SECONDS:-120}))
  until trial_serves; do
    kill -0 "$pid" 2> /dev/null || trial_failed 'it ends by itself'
    [ "$SECONDS" -lt "$until" ] || trial_failed 'it does not become ready'
    sleep 1
  done
  # All of it, jobs too: there they are nobody's.
  look_at "$(trial_url)" "$(secret BUS_SECRET)" > "$trial/looked" 2>&1 || {
    grep -v '^ok ' "$trial/looked" >&2 || true
    trial_failed 'not all about it is well'
  }
  say "Smoke suite, there: $(tail -n 1 "$trial/looked")"
  end_trial
}

# MiB: the copy, another one before its form is changed, and what is written meanwhile.
trial_has_room() {
  local database size need free
  database=$(database)
  # There need not be a log of changes.
  size=$({ du -ck "$database" "$database-wal" 2> /dev/null || true; } | tail -n 1 | cut -f 1)
  need=$((size * 2 / 1024 + 64))
  free=$(free_mebibytes "$bus_home")
  [ "$free" -ge "$need" ] || fail "to try the new release on a copy of your data takes $need MiB, and $free are free." \
    'Make room (Settings, Storage), and run it again. Or say --untried: the way back is the same, but what fails is seen at work only.'
}

# The backup that was just made; of one that is sealed for somebody else, what it was made of.
lay_out_trial() {
  local from key
  from=$(database)
  case $backup in
    *.age) for_trial node "$release/ops/termux/copy-database.ts" "$from" "$trial/bus.db" ;;
    *) for_trial node "$release/clients/cli/intent-bus.js" restore "$backup" ;;
  esac < /dev/null || return
  key=$(setting BUS_KEY_FILE)
  (
    cd "$bus_home" && copy_if_there "$(dirname "$from")/secrets.env" "$trial/secrets.env" &&
      copy_if_there "${key:-$(dirname "$from")/bus.key}" "$trial/bus.key"
  )
}

copy_if_there() { [ ! -f "$1" ] || cp "$1" "$2"; }

# With the settings of the bus; but nobody else reaches it, and it makes no backups and sends none anywhere.
for_trial() ( # COMMAND
  # shellcheck source=../environment.sh
  . "$release/ops/termux/environment.sh"
  # shellcheck source=../small-node.sh
  . "$release/ops/termux/small-node.sh"
  unset "${!BUS_BACKUP_S3_@}"
  export BUS_SQLITE_DRIVER BUS_DB_PATH="$trial/bus.db" BUS_KEY_FILE="$trial/bus.key" HOST=127.0.0.1 PORT=0
  export BUS_BACKUP_INTERVAL=0 BUS_BACKUP_DIR="$trial/backups" BUS_MIN_FREE_DISK_BYTES=0
  export BUS_REQUIRE_SIGNATURES=false BUS_MAINTENANCE_MODE=false
  BUS_SQLITE_DRIVER=$(cat "$driver_file")
  cd "$bus_home"
  exec "$@"
)

# It writes down where it listens.
trial_url() { echo "http://127.0.0.1:$(sed -n 's/.*:\([0-9]*\)$/\1/p' "$trial/bus.url")"; }
trial_serves() { [ -f "$trial/bus.url" ] && serves_at "$(trial_url)"; }

trial_failed() { # WHY
  tail -n 8 "$trial/log" >&2 || true
  fail "the new release does not prove itself on a copy of your data: $1." \
    "Its last words are above. Nothing was switched: $(basename "$previous") has gone on all the time."
}

# Of one that was killed, too: what it has left is known by its settings.
end_trial() {
  local left
  [ -d "$trial" ] || return 0
  # What may not be read is somebody else's.
  while left=$({ grep -lsF "BUS_DB_PATH=$trial/" /proc/[0-9]*/environ || true; } | cut -d / -f 3) && [ -n "$left" ]; do
    # shellcheck disable=SC2086 # one number each
    kill -9 $left 2> /dev/null || true
    sleep 0.2
  done
  rm -rf "$trial"
}
