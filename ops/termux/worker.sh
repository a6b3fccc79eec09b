#!/data/data/com.termux/files/usr/bin/sh
# The worker of a phone lives in clients/phone. A line that names this place still runs it.
exec sh "$(dirname "$(readlink -f "$0")")/../../clients/phone/worker.sh" "$@"
