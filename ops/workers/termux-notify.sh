#!/bin/sh
# Shows notifications on a phone; clients/phone has a worker that does more. A service that names this place still runs it.
here=$(readlink -f "$0" 2> /dev/null) || here=$0
clients=$(dirname "$here")/../../clients
exec sh "$clients/shell/worker.sh" --goal notify --timeout 30 "$@" -- sh "$clients/phone/handlers/notify.sh"
