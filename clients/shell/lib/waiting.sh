# shellcheck shell=sh
# Waiting that a signal can end. A shell runs a trap only between two commands, so whatever takes time runs in the
# background and is waited for. The first signal to stop sets $stopping; USR1 and USR2 bring a verdict on the handler.

listen_for_signals() {
  stopping='' woken='' verdict='' child='' handler='' keeper='' timer=''
  trap 'signalled 143' TERM
  trap 'signalled 130' INT
  trap 'signalled 129' HUP
  trap 'woken=yes verdict=lost' USR1
  trap 'woken=yes verdict=timeout' USR2
}

signalled() { # EXIT_CODE
  woken=yes
  if [ -z "$stopping" ]; then
    stopping=yes
    [ -z "$handler" ] || log 'stopping when this job is done; a second signal ends it at once'
    return
  fi
  trap '' TERM INT HUP USR1 USR2
  if [ -n "$handler" ]; then
    end_group TERM "$handler"
    sleep 1
    end_group KILL "$handler"
  fi
  exit "$1"
}

# Waits until a process has ended, or a signal came: then 1, and the caller looks why, and waits again. $code, which the
# caller empties before the first call, is the exit code when it returns 0, or "lost": when a signal comes in the instant in
# which the process ends, bash forgets its exit code, and to wait for it once more would be to wait for all others.
await() { # PROCESS
  wait "$1" 2> /dev/null
  ended=$?
  # 127: it was waited for before, and the signal came right after that.
  if [ "$ended" != 127 ] || [ -z "$code" ]; then code=$ended; fi
  [ -n "$woken" ] || return 0
  woken=
  ! kill -0 "$1" 2> /dev/null || return 1
  [ "$code" -le 128 ] || code=lost
}

# Sleeps. A signal to stop ends it.
nap() { # SECONDS
  [ -z "$stopping" ] || return 0
  sleep "$1" &
  child=$!
  code=
  until await "$child"; do
    [ -z "$stopping" ] || kill "$child" 2> /dev/null
  done
  child=
}

# Sleeps, whatever signals come: to stop is not to throw a result away.
sleep_through() { # SECONDS
  sleep "$1" &
  child=$!
  code=
  until await "$child"; do :; done
  child=
}

random_below() { # LIMIT, up to 65536
  echo "$(($(od -An -N2 -tu2 /dev/urandom) % $1))"
}

# How long to wait after the failure number $failures: what the bus said, else 1 to 2 s, doubled each time up to 30 to 60 s,
# by chance so that not all workers come back in the same second.
pause_after_failure() {
  limit=60
  [ "$failures" -gt 5 ] || limit=$((1 << failures))
  least=$(((limit + 1) / 2))
  retry_after "$((least + $(random_below $((limit - least + 1)))))"
}

# Says what keeps it waiting, at once and then once a minute, and waits by the given command. Two minutes of nothing else
# would look as if it had given up.
complain() { # COMMAND MESSAGE
  if [ "$silent" -ge 60 ]; then
    log "$2"
    silent=0
  fi
  failures=$((failures + 1))
  pause=$(pause_after_failure)
  [ $((silent + pause)) -le 60 ] || pause=$((60 - silent))
  silent=$((silent + pause))
  "$1" "$pause"
}

# The bus answers: whoever read that it was away reads that it is back.
back() {
  [ "$failures" = 0 ] || log 'the bus is back'
  failures=0 silent=60
}

# The bus did not answer, or not now.
away() {
  [ -z "$once" ] || exit 3
  failures=$((failures + 1))
  nap "$(pause_after_failure)"
}

# Something that may pass keeps the bus from answering: with --once, it is tried for as long as a command is.
unready() { # EXIT_CODE MESSAGE
  if [ -n "$once" ]; then
    [ "$patience" -gt 0 ] || die "$1" "$2"
    nap_within_patience
  else
    complain nap "$2"
  fi
}

nap_within_patience() {
  failures=$((failures + 1))
  pause=$(pause_after_failure)
  [ "$pause" -le "$patience" ] || pause=$patience
  patience=$((patience - pause))
  nap "$pause"
}
