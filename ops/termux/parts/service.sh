# The bus as a service of runit, which starts it again when it ends, and keeps a log of a few megabytes.

service=$PREFIX/var/service/intent-bus
logs=$PREFIX/var/log/sv/intent-bus

# These files say no more than where the release is: an upgrade does not touch them.
install_service() {
  mkdir -p "$logs"
  # Files of half a megabyte, the one that is written and five older ones.
  printf 's500000\nn5\n' > "$logs/config"
  if [ -d "$service" ]; then
    fill_service "$service"
    return
  fi
  local new=$PREFIX/var/service/.intent-bus-new
  rm -rf "$new"
  mkdir -p "$new/log"
  touch "$new/down"
  fill_service "$new"
  # All at once: the supervisor looks every few seconds.
  mv -T "$new" "$service"
}

fill_service() { # FOLDER
  put_program "$1/run" "exec $PREFIX/bin/bash '$bus_home/current/ops/termux/run.sh' 2>&1"
  # A bus that cannot start must not try all day long as fast as it can.
  put_program "$1/finish" '[ "$1" = 0 ] || sleep 2'
  put_program "$1/log/run" "exec $PREFIX/share/termux-services/svlogger"
}

install_commands() {
  put_program "$PREFIX/bin/intent-bus" "exec $PREFIX/bin/bash '$bus_home/current/ops/termux/command.sh' \"\$@\""
  put_program "$PREFIX/bin/intent-bus-phone" "exec $PREFIX/bin/bash '$bus_home/current/ops/termux/intent-bus-phone' \"\$@\""
}

# Never half a file, and never one that is rewritten while a shell reads it.
put_program() { # FILE LINE
  printf '#!%s/bin/sh\n%s\n' "$PREFIX" "$2" > "$1.new"
  chmod 755 "$1.new"
  mv -f "$1.new" "$1"
}

supervise() {
  # shellcheck disable=SC1091 # of Termux
  . "$PREFIX/etc/profile.d/start-services.sh"
  local left=15
  until [ -p "$service/supervise/ok" ] && sv status "$service" > /dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || fail 'the supervisor of Termux does not take the bus.' \
      'Close all sessions of Termux (exit), open it again, and run this again. If it stays so: pkg reinstall termux-services'
    sleep 1
  done
}

start_bus() {
  supervise
  sv-enable intent-bus > /dev/null 2>&1 || true
  sv up "$service" > /dev/null || fail 'the supervisor does not start the bus.' 'intent-bus-phone logs says why.'
}

# It finishes what it has begun, for up to BUS_DRAIN_SECONDS.
stop_bus() {
  [ -d "$service/supervise" ] || return 0
  sv -w 30 force-stop "$service" > /dev/null || true
}

# Whether the bus says so in time. A slow phone takes 20 s for its first start.
wait_ready() {
  local until=$((SECONDS + ${BUS_READY_SECONDS:-120}))
  until curl -sf --max-time 4 -o /dev/null "$(here)/health/ready" < /dev/null; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 1
  done
}

not_ready() {
  tail -n 8 "$logs/current" >&2 || true
  fail "the bus does not become ready at $(here)." \
    "Its last words are above; intent-bus-phone logs has more, docs/operations/bus-down.md what they mean. Is the port taken: --port 8081?"
}
