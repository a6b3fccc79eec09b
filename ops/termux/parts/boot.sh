# Back after a restart of the phone: Termux:Boot runs what lies in ~/.termux/boot.

install_boot() {
  mkdir -p "$HOME/.termux/boot"
  cat > "$HOME/.termux/boot/intent-bus.new" << END
#!$PREFIX/bin/sh
# Without the lock, Android stops the processor soon after the screen is off.
termux-wake-lock
. $PREFIX/etc/profile.d/start-services.sh
date > '$bus_home/last-boot'
END
  chmod 700 "$HOME/.termux/boot/intent-bus.new"
  mv -f "$HOME/.termux/boot/intent-bus.new" "$HOME/.termux/boot/intent-bus"
  # Until then, for today.
  if has termux-wake-lock; then termux-wake-lock || true; fi
}
