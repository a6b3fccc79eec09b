# The bus as a service of runit.

service=$PREFIX/var/service/intent-bus
logs=$PREFIX/var/log/sv/intent-bus
# While an upgrade is taken back there is no database, and none must be made (switch.sh).
run_line="[ ! -e '$bus_home/.going-back' ] || exit 1
exec $PREFIX/bin/bash '$bus_home/current/ops/termux/run.sh' 2>&1"
# A bus that cannot start must not try all day long as fast as it can.
finish_line='[ "$1" = 0 ] || sleep 2'

install_commands() {
  put_program "$PREFIX/bin/intent-bus" "exec $PREFIX/bin/bash '$bus_home/current/ops/termux/command.sh' \"\$@\""
  put_program "$PREFIX/bin/intent-bus-phone" "exec $PREFIX/bin/bash '$bus_home/current/ops/termux/intent-bus-phone' \"\$@\""
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
wait_ready() { wait_until is_ready; }
is_ready() { ready_at "$(here)"; }

# An older bus that has little room on its disk is not ready, and does jobs all the same.
wait_serves() { wait_until serves; }
serves() { serves_at "$(here)"; }
serves_at() { # URL
  local answer
  answer=$(curl -q -s --noproxy '*' --max-time 4 "$1/health/ready" < /dev/null) || return 1
  case $answer in *'"ok":true'* | *'"reasons":["disk_low"]'*) ;; *) return 1 ;; esac
}

wait_until() { # COMMAND
  local until=$((SECONDS + ${BUS_READY_SECONDS:-120}))
  until "$1"; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 1
  done
}

not_ready() {
  tail -n 8 "$logs/current" >&2 || true
  fail "the bus does not become ready at $(here)." \
    "Its last words are above; intent-bus-phone logs has more, docs/operations/bus-down.md what they mean. Is the port taken: --port 8081?"
}
