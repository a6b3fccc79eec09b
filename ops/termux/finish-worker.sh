#!/data/data/com.termux/files/usr/bin/sh
# The worker of a phone lives in clients/phone. The service of an installed one still runs this, without a PATH.
exec "${PREFIX:-/data/data/com.termux/files/usr}/bin/sh" "${0%/*}/../../clients/phone/finish.sh" "$@"
