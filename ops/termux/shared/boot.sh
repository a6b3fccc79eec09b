# Back after a restart of the phone: Termux:Boot runs what lies in ~/.termux/boot.

# Of the service $service.
install_boot() { # FOLDER: where it writes down that it ran [WAKE_LOCK: yes or no]
  local script since=$1/last-boot
  script=$HOME/.termux/boot/$(basename "$service")
  mkdir -p "$HOME/.termux/boot"
  {
    echo "#!$PREFIX/bin/sh"
    echo "export PREFIX='$PREFIX' PATH=\"$PREFIX/bin:\$PATH\""
    if [ "${2:-yes}" = yes ]; then
      echo '# Without the lock, Android stops the processor soon after the screen is off.'
      echo termux-wake-lock
    fi
    echo '# The number of the supervisor before the restart may be that of something else by now: it would count as running.'
    echo "daemon=$PREFIX/var/run/service-daemon.pid"
    # shellcheck disable=SC2016 # of the script
    echo 'grep -qs runsvdir "/proc/$(cat "$daemon")/cmdline" || rm -f "$daemon"'
    echo ". $PREFIX/etc/profile.d/start-services.sh"
    echo "date > '$since'"
  } > "$script.new"
  chmod 700 "$script.new"
  mv -f "$script.new" "$script"
  # Until then, for today.
  if [ "${2:-yes}" = yes ] && has termux-wake-lock; then termux-wake-lock || true; fi
}
