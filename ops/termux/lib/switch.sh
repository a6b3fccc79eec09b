# From one release to another, and back when the new one does not become ready.

current_release() {
  if [ -d "$bus_home/current/" ]; then readlink -f "$bus_home/current"; fi
}

point_to() { # RELEASE
  ln -sfn "$1" "$bus_home/.current"
  mv -fT "$bus_home/.current" "$bus_home/current"
}

# Sets $backup: its file.
back_up() {
  local log=$bus_home/install.log
  say 'Backing up'
  (cd "$bus_home" && intent-bus --json backup --to "$bus_home/backups") > "$log" 2>&1 < /dev/null || {
    cat "$log" >&2
    fail 'there is no backup, and so no upgrade.' 'Mend what stands above. The bus goes on as it was.'
  }
  backup=$(sed -n 's/.*"path":"\([^"]*\)".*/\1/p' "$log")
}

# Holds the release from before, from when the bus is stopped until one release or the other has proved itself. Its time is
# that of the switch.
switching=$bus_home/.switching
# There while the database is being put back: nothing starts the bus then (service.sh), for it would find none, and make one.
going_back=$bus_home/.going-back

switch_over() {
  printf '%s\n' "$previous" > "$switching.new"
  mv -f "$switching.new" "$switching"
  stop_bus
  point_to "$release"
  install_service
  if current_proves_itself; then return; fi
  go_back
  taken_back
}

# What a switch that was killed has left: brought to its end, forwards if the newer release becomes ready.
end_switch() {
  [ -f "$switching" ] || return 0
  local tried
  previous=$(cat "$switching")
  tried=$(current_release)
  install_service
  if [ -f "$going_back" ]; then
    say "The way back to $(basename "$previous") was interrupted: going on with it"
    go_back
  elif [ "$tried" = "$previous" ]; then
    rm -f "$switching"
    start_bus
    wait_serves || not_ready
  else
    say "The upgrade to $(basename "$tried") was interrupted: going on with it"
    if current_proves_itself; then return; fi
    go_back
    if [ "$tried" = "$release" ]; then taken_back; fi
  fi
}

# What serves is kept, even when it is not ready: what it acknowledges would be lost on the way back.
current_proves_itself() {
  # Not even a supervisor that fails may end it here.
  if (start_bus) && wait_serves; then
    rm -f "$switching"
    return
  fi
  tail -n 8 "$logs/current" >&2 || true
  say "$(basename "$(current_release)") does not become ready: back to $(basename "$previous")"
  return 1
}

# Each step may be the last before it is killed, and is done again then. Not in a condition: there no step would end it.
go_back() {
  touch "$going_back" "$service/down"
  stop_bus
  point_to "$previous"
  put_database_back
  rm -f "$going_back"
  rm -f "$switching"
  start_bus
  wait_serves || fail 'neither the new release nor the one before becomes ready.' \
    "intent-bus-phone logs says why. The backup from before is in $bus_home/backups: docs/backup.md says how to restore it."
}

taken_back() {
  local lost='Nothing that was acknowledged is lost.'
  [ -z "$newer_database" ] || lost="If the new one has acknowledged anything, that is only in $newer_database."
  fail "the upgrade was taken back; the bus runs as before." "The last words of the new one are above. $lost"
}

# A newer bus may have moved the database to a form that the older one does not read; it has kept a copy of the older one.
# If it has not, the database is as it was, with all that was acknowledged meanwhile.
newer_database=
put_database_back() {
  local data name copy aside each
  name=$(basename "$(database)")
  data=$(dirname "$(database)")
  # The same again, when it goes on.
  aside=$data/after-upgrade-$(date -r "$switching" +%Y%m%d-%H%M%S)
  [ ! -d "$aside" ] || newer_database=$aside
  copy=$(find "$data" -maxdepth 1 -name "$name.v*.bak" -newer "$switching" | head -n 1)
  [ -n "$copy" ] || return 0
  newer_database=$aside
  mkdir -p "$aside"
  for each in "$name-shm" "$name-wal" "$name"; do
    [ ! -f "$data/$each" ] || mv -f "$data/$each" "$aside/"
  done
  mv -f "$copy" "$data/$name"
  say "The database is that from before the upgrade; the newer one is in $aside"
}

# All but the one that runs and the one before it.
forget_old_releases() {
  local each
  for each in "$bus_home"/releases/*; do
    case $(readlink -f "$each") in "$release" | "$previous") ;; *) rm -rf "$each" ;; esac
  done
}
