# The libraries that the bus is made of, as its lockfile has them.

install_libraries() {
  local mark=$release/node_modules/.installed log=$bus_home/install.log
  [ ! -f "$mark" ] || return 0
  say 'Installing libraries (about 15 MB; a minute or two)'
  # Their own scripts are not run: none of them is needed, and each could do anything.
  if ! (cd "$release" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error) > "$log" 2>&1; then
    tail -n 5 "$log" >&2
    fail 'the libraries could not be installed.' \
      "Is there a network, and room on the disk (df -h)? Run it again: it goes on from here. All that npm said: $log"
  fi
  touch "$mark"
}
