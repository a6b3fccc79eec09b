#!/data/data/com.termux/files/usr/bin/bash
# Makes an Android phone with Termux a server: `bash bootstrap.sh --help` says how, docs/phone.md says what to expect.
#
# Stands alone until it has a release of the bus; what is in there (ops/termux/set-up.sh) does the rest. Run again, it goes
# on where it stopped, mends what is broken, or upgrades.
set -euo pipefail

usage() {
  cat << 'END'
bash bootstrap.sh [OPTIONS]

  --from SOURCE      the release: a clone, a .tar.gz, its URL, or URL.git#TAG of
                     a repository (the clone that this script is in; what is
                     installed) — or BUS_SOURCE
  --sha256 HEX       what the .tar.gz must have; without it, SOURCE.sha256 says
                     so — or BUS_SHA256
  --port N           where the bus listens (8080)
  --local            listen on the phone itself only, not on the network it is
                     in
  --node-sqlite      use the SQLite inside of Node: no compiler is installed,
                     nothing is compiled; so it stays, until
  --compile          compile SQLite, after all
  --untried          upgrade without a trial on a copy of the data, for which
                     there may be no room
  --dry-run          say what would be done, and do nothing
  --uninstall        take everything away but the data, the backups and the
                     settings
  --delete-data      with --uninstall: these too
  --help

Nothing outside of $HOME and $PREFIX is written: the bus goes to ~/intent-bus.
END
}

main() {
  from=${BUS_SOURCE:-} sha256=${BUS_SHA256:-} port='' local_only='' node_sqlite='' untried='' dry_run='' uninstall='' delete_data=''
  while [ $# -gt 0 ]; do
    case $1 in
      --from | --sha256 | --port)
        [ $# -gt 1 ] || misused "$1 needs a value"
        [ -n "$2" ] || misused "$1 is empty: give it a value, or leave it out"
        case $1 in
          --from) from=$2 ;;
          --sha256) sha256=$2 ;;
          --port) port=$2 ;;
        esac
        shift
        ;;
      --local) local_only=yes ;;
      --node-sqlite) node_sqlite=yes ;;
      --compile) node_sqlite=no ;;
      --untried) untried=yes ;;
      --dry-run) dry_run=yes ;;
      --uninstall) uninstall=yes ;;
      --delete-data) delete_data=yes ;;
      --help)
        usage
        exit 0
        ;;
      *) misused "there is no option $1" ;;
    esac
    shift
  done
  # What is set and empty would go unchecked, or install something else.
  [ -z "${BUS_SHA256+set}" ] || [ -n "$BUS_SHA256" ] || misused 'BUS_SHA256 is empty: give it a value, or unset it'
  [ -z "${BUS_SOURCE+set}" ] || [ -n "$BUS_SOURCE" ] || misused 'BUS_SOURCE is empty: give it a value, or unset it'
  case $port in *[!0-9]*) misused "--port takes a number, not '$port'" ;; esac
  [ -z "$port" ] || { [ "$port" -ge 1024 ] && [ "$port" -le 65535 ]; } || misused '--port takes 1024 to 65535'
  [ -z "$delete_data" ] || [ -n "$uninstall" ] || misused '--delete-data goes with --uninstall'

  must_be_termux
  bus_home=$HOME/intent-bus
  # For the scripts of the release.
  export bus_home port local_only node_sqlite untried

  if [ -n "$uninstall" ]; then
    take_away
    return
  fi

  umask 077
  choose_source
  local remembered=$bus_home/.sqlite-of-node
  if [ "$node_sqlite" = no ]; then node_sqlite=''; elif [ -f "$remembered" ]; then node_sqlite=yes; fi
  if [ -n "$dry_run" ]; then
    plan
    return
  fi
  mkdir -p "$bus_home/releases"
  one_at_a_time
  if [ -n "$node_sqlite" ]; then touch "$remembered"; else rm -f "$remembered"; fi
  check_room
  packages
  get_release
  [ -f "$release/ops/termux/set-up.sh" ] || fail "$from has no ops/termux/set-up.sh: it is older than this script." \
    'Give a newer release with --from.'
  # As the same process: it is the one that has the lock, and is told to end.
  exec bash "$release/ops/termux/set-up.sh" "$release" < /dev/null
}

say() { printf '%s\n' "$*"; }
fail() { # WHAT CURE
  printf '\nIt stopped: %s\n%s\n' "$1" "$2" >&2
  exit 1
}
misused() {
  printf 'bootstrap: %s\nbootstrap: --help says what there is\n' "$1" >&2
  exit 2
}
has() { command -v "$1" > /dev/null 2>&1; }

must_be_termux() {
  { [ -d "${PREFIX:-/none}/bin" ] && [ -n "${HOME:-}" ] && has pkg; } ||
    fail 'this is not Termux.' 'Install Termux from F-Droid, open it, and paste the line there. On a Linux machine: docs/on-a-server.md.'
  [ "$(id -u)" -ne 0 ] || fail 'this is root.' 'Run it as Termux starts you; the bus needs no root.'
  case $HOME in
    /storage/* | /sdcard/* | /mnt/*)
      fail "\$HOME is $HOME, from where Android runs no program." 'Open a new session of Termux, which has its own.'
      ;;
  esac
}

choose_source() {
  [ -z "$from" ] || return 0
  local here
  # By its real name: what `current` leads to is a release that is installed.
  here=$(cd "$(dirname "${BASH_SOURCE[0]:-.}")" && pwd -P)
  if [ -f "$here/set-up.sh" ]; then
    from=$(cd "$here/../.." && pwd -P)
  elif [ -d "$bus_home/current/" ]; then
    from=$(readlink -f "$bus_home/current")
  else
    fail 'there is no release to install.' 'Say where it is: --from /path/of/a/clone, or --from https://…/intent-bus.tar.gz'
  fi
}

# What this needs, as PACKAGE:COMMAND.
wanted() {
  printf '%s\n' nodejs-lts:node npm:npm termux-services:sv-enable curl:curl tar:tar
  [ -n "$node_sqlite" ] || printf '%s\n' clang:clang make:make python:python3 binutils:ar pkg-config:pkg-config
  case $from in *.git | *.git#*) echo git:git ;; *) [ ! -e "$from/.git" ] || echo git:git ;; esac
}

missing() {
  local each
  for each in $(wanted); do
    has "${each#*:}" || echo "${each%:*}"
  done
}

plan() {
  local lacking previous=''
  lacking=$(missing | tr '\n' ' ')
  [ ! -e "$bus_home/current" ] || previous=$(basename "$(readlink "$bus_home/current")")
  say "This would be done, and nothing is now:"
  say "  packages       ${lacking:-all are there}"
  say "  release        $from${previous:+, beside $previous, which stays for the way back}"
  say "  libraries      npm ci --omit=dev, in $bus_home/releases"
  say "  SQLite         $([ -n "$node_sqlite" ] && echo 'that of Node' || echo 'compiled here, some minutes; if that fails, that of Node')"
  if [ -n "$previous" ]; then
    say "  backup         into $bus_home/backups, before anything else"
    [ -n "$untried" ] || say "  trial          on a copy of the data, while $previous goes on"
  fi
  say "  service        $PREFIX/var/service/intent-bus, with its log in $PREFIX/var/log/sv/intent-bus"
  say "  at boot        $HOME/.termux/boot/intent-bus, and a wake lock"
  say "  commands       $PREFIX/bin/intent-bus, $PREFIX/bin/intent-bus-phone"
  say "  then           start, wait until it is ready, and look at it with the smoke suite"
}

one_at_a_time() {
  local lock=$bus_home/.installing holder
  if ! mkdir "$lock" 2> /dev/null; then
    holder=$(cat "$lock/pid" 2> /dev/null || echo 0)
    if [ "$holder" -gt 0 ] && kill -0 "$holder" 2> /dev/null; then
      fail "another one is at it (process $holder)." 'Wait for it, or end it, and run this again.'
    fi
    # It was killed; this one goes on from there.
  fi
  echo $$ > "$lock/pid"
  trap 'leave $?' EXIT
}

# However it ends: what a full disk makes fail may not tell that it is that.
leave() { # STATUS
  local free
  if [ "$1" -ne 0 ] && [ -d "$bus_home" ]; then
    free=$(free_mebibytes)
    [ "$free" -ge 16 ] ||
      say "The disk is full: $free MiB are free. Make room (Settings, Storage), and run this again: it goes on from here." >&2
  fi
  rm -rf "$bus_home/.installing"
}
free_mebibytes() { echo $(($(df -k "$bus_home" | awk 'END { print $(NF - 2) }') / 1024)); }

# MiB: what the packages, the release with its libraries, and the compiler at work take. Packages as Termux lists them.
check_room() {
  local need=250 free
  [ -z "$(missing)" ] || need=500
  case $(missing) in *clang*) need=1200 ;; esac
  free=$(free_mebibytes)
  [ "$free" -ge "$need" ] || fail "$free MiB are free, and this needs $need." \
    "Make room (Settings, Storage), or say --node-sqlite, which needs no compiler. Then run it again: it goes on from here."
}

packages() {
  local lacking log=$bus_home/packages.log
  lacking=$(missing)
  [ -n "$lacking" ] || return 0
  say "Installing packages: $(echo "$lacking" | tr '\n' ' ')(some minutes on a slow line)"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # one word each
  pkg install -y -oDpkg::Options::=--force-confold $lacking < /dev/null > "$log" 2>&1 || {
    tail -n 5 "$log" >&2
    fail 'the packages could not be installed.' \
      "Look at $log. Is there a network? Often this helps: pkg upgrade, or termux-change-repo for another mirror. Then run this again."
  }
}

# Sets $release: the folder of the release, complete.
get_release() {
  if is_installed; then
    release=$(readlink -f "$from")
    return
  fi
  local fetched=$bus_home/.fetched
  mkdir -p "$fetched"
  case $from in
    *.git | *.git#*) from_repository ;;
    http://* | https://*) from_url ;;
    *) if [ -d "$from" ]; then from_folder; else from_file; fi ;;
  esac
  unpack
  # As `current` is read: they are compared.
  release=$(readlink -f "$release")
}

# One of those in ~/intent-bus/releases, however it is called. A copy of it would be another release.
is_installed() {
  [ -d "$from" ] || return 1
  case $(readlink -f "$from") in "$(readlink -f "$bus_home/releases")"/*) ;; *) return 1 ;; esac
}

from_repository() {
  local tag='' clone=$fetched/clone
  case $from in *#*) tag=${from##*#} ;; esac
  say "Fetching ${from%%#*}${tag:+, $tag}"
  rm -rf "$clone"
  # Bare: what is in it is read by its archive.
  git clone --quiet --bare --depth 1 ${tag:+--branch "$tag"} "${from%%#*}" "$clone" < /dev/null ||
    fail "${from%%#*} could not be cloned${tag:+ at $tag}." 'Check the address, the tag and the network; then run it again.'
  archive_of "$clone"
  [ -z "$sha256" ] || verify
}

from_folder() {
  if [ -e "$from/.git" ]; then
    archive_of "$from"
  else
    tarball=$fetched/release.tar.gz
    # Not the folder itself: its time changes with whatever is written beside the release.
    (
      cd "$from"
      for each in * .[!.]*; do
        case $each in node_modules | data | .sqlite-driver* | '.[!.]*') ;; *) printf './%s\n' "$each" ;; esac
      done | tar -cf - -T -
    ) | gzip -n > "$tarball"
  fi
  [ -z "$sha256" ] || verify
}

# The committed state, and nothing that lies beside it.
archive_of() { # CLONE
  tarball=$fetched/release.tar.gz
  git -C "$1" -c safe.directory='*' archive --format=tar HEAD | gzip -n > "$tarball" ||
    fail "$1 is no whole clone." 'Clone it anew, and run this again.'
}

from_file() {
  [ -f "$from" ] || fail "there is no $from." 'Check --from.'
  tarball=$from
  if [ -z "$sha256" ] && [ -f "$from.sha256" ]; then sha256=$(cut -c 1-64 "$from.sha256"); fi
  [ -z "$sha256" ] || verify
}

# Whether this very release lies there already.
is_unpacked() {
  release=$(echo "$bus_home"/releases/*-"${sha256:0:12}")
  [ -d "$release" ]
}

from_url() {
  local part
  tarball=$fetched/release.tar.gz
  if [ -z "$sha256" ]; then
    sha256=$(curl -fsSL --retry 3 --max-time 60 "$from.sha256" < /dev/null | cut -c 1-64) ||
      fail "there is no $from.sha256, and so no way to know what would come." 'Give its checksum with --sha256, if the network is well.'
  fi
  # Named by what it is to become, so that nothing else is gone on with.
  part=$fetched/$sha256.part
  # Killed when all had come.
  if [ -f "$part" ] && [ "$(sha256sum < "$part" | cut -c 1-64)" = "$sha256" ]; then mv -f "$part" "$tarball"; fi
  if is_unpacked || { [ -f "$tarball" ] && matches; }; then return 0; fi
  say "Fetching $from"
  # What has come already is kept, and the rest is asked for.
  download -C - || {
    # A server that sends only the whole.
    [ $? -eq 33 ] && rm -f "$part" && download
  } || fail "$from did not come whole." 'Is there a network? Run it again: it goes on where it stopped.'
  mv -f "$part" "$tarball"
  verify
}

download() { # OPTIONS: of curl
  curl -fL --retry 3 --connect-timeout 20 --speed-time 30 --speed-limit 1000 "$@" -sS -o "$part" "$from" < /dev/null
}

matches() { [ "$(sha256sum < "$tarball" | cut -c 1-64)" = "$sha256" ]; }
verify() {
  matches && return
  case $tarball in "$fetched"/*) rm -f "$tarball" ;; esac
  fail "$from is not what its checksum says ($sha256)." 'Do not use it. Get it again, or ask whoever published it.'
}

unpack() {
  local unpacked=$bus_home/releases/.unpacked version said
  [ -n "$sha256" ] || sha256=$(sha256sum < "$tarball" | cut -c 1-64)
  if is_unpacked; then
    rm -rf "$fetched"
    return
  fi
  rm -rf "$unpacked"
  mkdir -p "$unpacked"
  said=$(tar -xzf "$tarball" -C "$unpacked" 2>&1) || {
    # Of a full disk it says so for each file. Read to the end: a reader that stops early ends this script by SIGPIPE.
    printf '%s\n' "$said" | sed -n 1,3p >&2
    fail "$from could not be unpacked." 'It may be damaged: get it again, and run this again.'
  }
  # A release may be in a folder of its own.
  local top=$unpacked
  [ -f "$top/package.json" ] || top=$(echo "$unpacked"/*/)
  [ -f "$top/service/launch.js" ] || fail "there is no bus in $from." 'Check --from.'
  version=$(sed -n 's/^  "version": "\([^"]*\)".*/\1/p' "$top/service/package.json")
  release=$bus_home/releases/$version-${sha256:0:12}
  mv -T "${top%/}" "$release"
  rm -rf "$unpacked" "$fetched"
}

take_away() {
  local each
  local -a all=("$PREFIX/var/service/intent-bus" "$PREFIX/var/log/sv/intent-bus" "$HOME/.termux/boot/intent-bus"
    "$PREFIX/bin/intent-bus" "$PREFIX/bin/intent-bus-phone" "$bus_home/current" "$bus_home/releases" "$bus_home/.fetched"
    "$bus_home/.installing" "$bus_home/.switching" "$bus_home/.going-back" "$bus_home/.trial"
    "$bus_home/.sqlite-of-node"
    "$bus_home/packages.log" "$bus_home/install.log" "$bus_home/last-boot")
  [ -z "$delete_data" ] || all+=("$bus_home")
  if [ -n "$dry_run" ]; then
    say 'This would be taken away, and nothing is now:'
    for each in "${all[@]}"; do [ ! -e "$each" ] || say "  $each"; done
    return
  fi
  if [ -d "$bus_home" ]; then one_at_a_time; fi
  if [ -d "$PREFIX/var/service/intent-bus" ] && has sv; then
    local service=$PREFIX/var/service/intent-bus gone=$PREFIX/var/service/.intent-bus
    sv -w 30 force-stop "$service" > /dev/null 2>&1 || true
    # By another name nobody starts its supervisor again.
    rm -rf "$gone"
    mv -T "$service" "$gone"
    sv -w 10 force-shutdown "$gone" > /dev/null 2>&1 || true
    rm -rf "$gone"
  fi
  # Of a trial that was killed.
  grep -lsF "BUS_DB_PATH=$bus_home/.trial/" /proc/[0-9]*/environ | cut -d / -f 3 | xargs -r kill -9 || true
  for each in "${all[@]}"; do rm -rf "$each"; done
  # A worker on this phone keeps its lock.
  if [ ! -e "$HOME/.termux/boot/intent-bus-worker" ] && has termux-wake-unlock; then termux-wake-unlock || true; fi
  say 'The bus is gone.'
  [ ! -d "$bus_home" ] || say "Its data, backups and settings are still in $bus_home; --uninstall --delete-data deletes them too."
  say 'The packages stay, since others may need them: pkg uninstall clang make python nodejs-lts npm termux-services'
}

main "$@"
