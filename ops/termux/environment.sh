# shellcheck shell=bash
# Where the bus of the phone is, and its settings, for its service and its commands.
bus_home=$HOME/intent-bus
export BUS_DB_PATH="$bus_home/data/bus.db" BUS_BACKUP_DIR="$bus_home/backups"
BUS_SQLITE_DRIVER=$(cat "$bus_home/current/.sqlite-driver")
export BUS_SQLITE_DRIVER
set -a
# shellcheck disable=SC1091 # the operator's
. "$bus_home/settings.env"
set +a
