# ~/intent-bus/settings.env: what the bus is started with. Whoever runs the phone may write there; docs/configuration.md.

settings=$bus_home/settings.env
settings_changed=

write_settings() {
  mkdir -p "$bus_home/data" "$bus_home/backups"
  if [ ! -f "$settings" ]; then
    cat > "$settings" << 'END'
# Settings of the bus, a line each (docs/configuration.md); they count from the next `intent-bus-phone restart`.
# 0.0.0.0 opens it to the network that the phone is in, by plain HTTP; 127.0.0.1 to the phone alone.
HOST=0.0.0.0
PORT=8080
# A backup a day, into ~/intent-bus/backups.
BUS_BACKUP_INTERVAL=1d
END
  fi
  [ -z "$port" ] || set_setting PORT "$port"
  [ -z "$local_only" ] || set_setting HOST 127.0.0.1
}

set_setting() { # NAME VALUE
  [ "$(setting "$1")" != "$2" ] || return 0
  { grep -v "^$1=" "$settings" || true; } > "$settings.new"
  echo "$1=$2" >> "$settings.new"
  mv -f "$settings.new" "$settings"
  settings_changed=yes
}

setting() { # NAME
  sed -n "s/^$1=//p" "$settings" | tail -n 1
}

bus_port() {
  local given
  given=$(setting PORT)
  echo "${given:-8080}"
}

here() { echo "http://127.0.0.1:$(bus_port)"; }

secret() { # NAME
  sed -n "s/^$1=//p" "$bus_home/data/secrets.env"
}
