# The worker of a phone as a service of runit.

service=$PREFIX/var/service/intent-bus-worker
logs=$PREFIX/var/log/sv/intent-bus-worker
run_line="exec $PREFIX/bin/sh '$worker_home/code/clients/phone/run.sh' 2>&1"
finish_line="exec $PREFIX/bin/sh '$worker_home/code/clients/phone/finish.sh' \"\$1\""

# It finishes the job that it has.
stop_worker() {
  [ -d "$service/supervise" ] || return 0
  local patience
  patience=$(patience)
  ! compgen -G "$worker_home/tmp/*/handler.group" > /dev/null || say "It finishes its job first, for up to $patience s."
  sv -w "$patience" force-stop "$service" > /dev/null 2>&1 || true
  rm -f "$service/refused"
}

# Seconds: what a job may take, and half a minute to end it and to report. One that may take for ever is not waited for longer
# than others.
patience() {
  local timeout=''
  [ ! -f "$worker_home/settings.env" ] ||
    timeout=$(sed -n "s/^BUS_TIMEOUT=[\"']\{0,1\}\([1-9][0-9]\{0,4\}\)[\"']\{0,1\}\$/\1/p" "$worker_home/settings.env" | tail -n 1)
  echo $((${timeout:-120} + 30))
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
