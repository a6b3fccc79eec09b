#!/data/data/com.termux/files/usr/bin/bash
# The worker of a phone lives in clients/phone. A line that names this place still runs it.
exec bash "$(dirname "$(readlink -f "$0")")/../../clients/phone/install.sh" "$@"
