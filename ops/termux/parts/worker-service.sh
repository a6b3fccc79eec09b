# The worker of a phone as a service of runit.

service=$PREFIX/var/service/intent-bus-worker
logs=$PREFIX/var/log/sv/intent-bus-worker
run_line="exec $PREFIX/bin/sh '$worker_home/code/ops/termux/run-worker.sh' 2>&1"
# Both halves are explained in run-worker.sh. 2, 3 and 4 do not mend themselves.
# shellcheck disable=SC2016 # of finish itself
finish_line='kill -s KILL -- "-$(cat group)" 2> /dev/null
case $1 in 0) ;; 2 | 3 | 4) : > refused ;; *) sleep 2 ;; esac'

# It finishes the job that it has.
stop_worker() {
  [ -d "$service/supervise" ] || return 0
  sv -w 30 force-stop "$service" > /dev/null 2>&1 || true
  rm -f "$service/refused"
}

start_worker() {
  supervise
  rm -f "$service/down"
  sv up "$service" > /dev/null || fail 'the supervisor does not start the worker.' 'intent-bus-worker logs says why.'
}

remove_service() {
  local gone=$PREFIX/var/service/.intent-bus-worker
  if [ -d "$service" ]; then
    stop_worker
    # By another name nobody starts its supervisor again.
    rm -rf "$gone"
    mv -T "$service" "$gone"
    ! has sv || sv -w 10 force-shutdown "$gone" > /dev/null 2>&1 || true
  fi
  rm -rf "$gone" "$logs"
}
