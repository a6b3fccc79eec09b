# ~/intent-bus/settings.env: what the bus is started with. Whoever runs the phone may write there; docs/configuration.md.

# shellcheck source=../shared/settings-file.sh
. "$release/ops/termux/shared/settings-file.sh"
settings=$bus_home/settings.env
settings_changed=

write_settings() {
  mkdir -p "$bus_home/data" "$bus_home/backups"
  if [ ! -f "$settings" ]; then
    cat > "$settings.new" << 'END'
# Settings of the bus, NAME=value, a line each (docs/configuration.md); they count from the next `intent-bus-phone restart`.
# 0.0.0.0 opens it to the network that the phone is in, by plain HTTP; 127.0.0.1 to the phone alone.
HOST=0.0.0.0
PORT=8080
# A backup a day, into ~/intent-bus/backups.
BUS_BACKUP_INTERVAL=1d
END
    # All of it or nothing: it is written once.
    mv -f "$settings.new" "$settings"
  fi
  [ -z "$port" ] || set_setting PORT "$port"
  [ -z "$local_only" ] || set_setting HOST 127.0.0.1
}

set_setting() { # NAME VALUE
  [ "$(setting "$1")" != "$2" ] || return 0
  { grep -vE "^[[:space:]]*(export[[:space:]]+)?$1=" "$settings" || true; } > "$settings.new"
  echo "$1=$2" >> "$settings.new"
  mv -f "$settings.new" "$settings"
  settings_changed=yes
}

setting() { setting_of "$settings" "$1"; } # NAME

here() { bus_url "$(setting HOST)" "$(setting PORT)"; }

database() { bus_database "$(setting BUS_DB_PATH)"; }

secret() { bus_secret "$1" "$(setting "$1")" "$(setting "$1_FILE")" "$(database)"; } # NAME
