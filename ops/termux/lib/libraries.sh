# The libraries that the bus is made of, as its lockfile has them.

install_libraries() {
  local mark=$release/node_modules/.installed log=$bus_home/install.log
  [ ! -f "$mark" ] || return 0
  say 'Installing libraries (about 15 MB; a minute or two)'
  # Their own scripts are not run: none of them is needed, and each could do anything.
  if ! (cd "$release" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error) > "$log" 2>&1; then
    tail -n 5 "$log" >&2
    fail 'the libraries could not be installed.' \
      "Is there a network, and room on the disk? Run it again: it goes on from here. All that npm said: $log"
  fi
  touch "$mark"
}

# Started once beside the data, so that its compiled code is kept: a start that finds it needs 20 MB less, until it ends.
warm_up() {
  local mark=$release/node_modules/.warm log=$bus_home/install.log
  [ ! -f "$mark" ] || return 0
  if ! (
    BUS_SQLITE_DRIVER=$(cat "$driver_file")
    export BUS_SQLITE_DRIVER
    # shellcheck source=../small-node.sh
    . "$release/ops/termux/small-node.sh"
    cd "$release" && node ops/image/warm.js
  ) > "$log" 2>&1 < /dev/null; then
    tail -n 20 "$log" >&2
    fail 'the release does not start, not even beside your data.' "All that it said: $log. The bus that ran goes on."
  fi
  touch "$mark"
}
