# shellcheck shell=bash
# Where the bus of the phone is, and its settings, for its service and its commands.
bus_home=$HOME/intent-bus
[ -f "$bus_home/current/.sqlite-driver" ] || {
  echo "There is no bus in $bus_home: ops/termux/bootstrap.sh installs one." >&2
  exit 1
}
export BUS_DB_PATH="$bus_home/data/bus.db" BUS_BACKUP_DIR="$bus_home/backups"
BUS_SQLITE_DRIVER=$(cat "$bus_home/current/.sqlite-driver")
export BUS_SQLITE_DRIVER
# shellcheck source=shared/settings-file.sh
. "$(dirname "${BASH_SOURCE[0]}")/shared/settings-file.sh"
export_setting() { export "$1=$2"; }
each_setting "$bus_home/settings.env" export_setting
