# A service of runit, which starts it again when it ends, and keeps a log of a few megabytes. Whoever uses this says what:
# $service is its folder, $logs that of its log, $run_line and $finish_line are what its two programs do.

# These files say no more than where the release is: an upgrade does not touch them.
install_service() {
  mkdir -p "$logs"
  # Files of half a megabyte, the one that is written and five older ones.
  printf 's500000\nn5\n' > "$logs/config"
  if [ -d "$service" ]; then
    fill_service "$service"
    return
  fi
  local new=$PREFIX/var/service/.$(basename "$service")-new
  rm -rf "$new"
  mkdir -p "$new/log"
  touch "$new/down"
  fill_service "$new"
  # All at once: the supervisor looks every few seconds.
  mv -T "$new" "$service"
}

fill_service() { # FOLDER
  put_program "$1/run" "$run_line"
  put_program "$1/finish" "$finish_line"
  put_program "$1/log/run" "exec $PREFIX/share/termux-services/svlogger"
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
    [ "$left" -gt 0 ] || fail "the supervisor of Termux does not take $(basename "$service")." \
      'Close all sessions of Termux (exit), open it again, and run this again. If it stays so: pkg reinstall termux-services'
    sleep 1
  done
}
