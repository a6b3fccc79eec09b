# From one release to another, and back when the new one does not become ready.

current_release() {
  if [ -d "$bus_home/current/" ]; then readlink -f "$bus_home/current"; fi
}

point_to() { # RELEASE
  ln -sfn "$1" "$bus_home/.current"
  mv -fT "$bus_home/.current" "$bus_home/current"
}

back_up() {
  local log=$bus_home/install.log
  say 'Backing up'
  (cd "$bus_home" && intent-bus backup --to "$bus_home/backups" --keep 90d) > "$log" 2>&1 < /dev/null || {
    cat "$log" >&2
    fail 'there is no backup, and so no upgrade.' 'Mend what stands above. The bus goes on as it was.'
  }
}

switch_over() {
  local since=$bus_home/.switching
  touch "$since"
  stop_bus
  point_to "$release"
  install_service
  start_bus
  if wait_ready; then
    rm -f "$since"
    return
  fi
  tail -n 8 "$logs/current" >&2 || true
  say "$(basename "$release") does not become ready: back to $(basename "$previous")"
  stop_bus
  put_database_back "$since"
  point_to "$previous"
  start_bus
  rm -f "$since"
  wait_ready || fail 'neither the new release nor the one before becomes ready.' \
    "intent-bus-phone logs says why. The backup from before is in $bus_home/backups: docs/backup.md says how to restore it."
  fail "the upgrade was taken back; the bus runs as before." \
    'The last words of the new one are above. Nothing that was acknowledged is lost.'
}

# A newer bus may have moved the database to a form that the older one does not read; it has kept a copy of the older one.
# If it has not, the database is as it was, with all that was acknowledged meanwhile.
put_database_back() { # SINCE
  local data=$bus_home/data copy aside
  copy=$(find "$data" -name 'bus.db.v*.bak' -newer "$1" | head -n 1)
  [ -n "$copy" ] || return 0
  aside=$data/after-upgrade-$(date +%Y%m%d-%H%M%S)
  mkdir "$aside"
  find "$data" -maxdepth 1 -type f \( -name bus.db -o -name bus.db-wal -o -name bus.db-shm \) -exec mv {} "$aside/" \;
  mv "$copy" "$data/bus.db"
  say "The database is that from before the upgrade; the newer one is in $aside"
}

# All but the one that runs and the one before it.
forget_old_releases() {
  local each
  for each in "$bus_home"/releases/*; do
    case $(readlink -f "$each") in "$release" | "$previous") ;; *) rm -rf "$each" ;; esac
  done
}
