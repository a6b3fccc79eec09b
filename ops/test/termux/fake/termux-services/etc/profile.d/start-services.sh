export LOGDIR="$PREFIX/var/log"
export SVDIR="$PREFIX/var/service"
service-daemon start > /dev/null 2>&1
