#!/data/data/com.termux/files/usr/bin/bash
# Makes an Android phone with Termux a worker of a bus: `bash install.sh --help` says how, docs/phone-worker.md what for.
# Run again, it mends, upgrades, or takes other settings.
set -euo pipefail

usage() {
  cat << 'END'
bash install.sh [OPTIONS]

  --url URL          the bus — or BUS_URL. Without it: as before, the bus on
                     this very phone, or it asks
  --key-file FILE    a file whose first line is the API key — or the key in
                     BUS_API_KEY. Without it, likewise
  --name NAME        what the bus calls this phone (its model)
  --allow LIST       what is off until you allow it: sms, photo, sensor,
                     location, clipboard; the word none takes all back
  --sms-to LIST      the numbers to which messages may go, the word any, or none
  --namespace NAME   whose jobs it takes (phone)
  --wake-lock yes|no whether the processor stays awake when the screen is off
                     (yes); no: jobs wait, the battery lasts
  --dry-run          say what would be done, and do nothing
  --uninstall        take the worker away; photos stay
  --help

BUS_SIGN=true before it signs what it sends, for a bus that demands that;
BUS_SIGN=false ends it.
What was given is remembered in ~/intent-bus-worker/settings.env. Nothing
outside of $HOME and $PREFIX is written.
END
}

misused() {
  printf 'install: %s\ninstall: --help says what there is\n' "$1" >&2
  exit 2
}

# Termux sets it. Elsewhere there is help, and nothing else.
: "${PREFIX:=}"
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$source/clients/phone
shell=$source/clients/shell
shared=$source/ops/termux/shared
worker_home=$HOME/intent-bus-worker
# shellcheck source=../../ops/termux/shared/say.sh
. "$shared/say.sh"
# shellcheck source=../../ops/termux/shared/settings-file.sh
. "$shared/settings-file.sh"
# shellcheck source=../../ops/termux/shared/supervised.sh
. "$shared/supervised.sh"
# shellcheck source=lib/service.sh
. "$here/lib/service.sh"
# shellcheck source=../../ops/termux/shared/boot.sh
. "$shared/boot.sh"
# shellcheck source=lib/settings.sh
. "$here/lib/settings.sh"
# shellcheck source=lib/first-notification.sh
. "$here/lib/first-notification.sh"

main() {
  local uninstall=''
  dry_run='' sign=${BUS_SIGN:-}
  url=${BUS_URL:-} key=${BUS_API_KEY:-} name='' allow='' sms_to='' namespace='' wake_lock='' key_file=''
  while [ $# -gt 0 ]; do
    case $1 in
      --url | --key-file | --name | --allow | --sms-to | --namespace | --wake-lock)
        [ $# -gt 1 ] || misused "$1 needs a value"
        [ -n "$2" ] || misused "$1 is empty: give it a value, or leave it out"
        case $1 in
          --url) url=$2 ;;
          --key-file) key_file=$2 ;;
          --name) name=$2 ;;
          --allow) allow=$2 ;;
          --sms-to) sms_to=$2 ;;
          --namespace) namespace=$2 ;;
          --wake-lock) wake_lock=$2 ;;
        esac
        shift
        ;;
      --dry-run) dry_run=yes ;;
      --uninstall) uninstall=yes ;;
      --help)
        usage
        exit 0
        ;;
      *) misused "there is no option $1" ;;
    esac
    shift
  done
  { [ -d "${PREFIX:-/none}/bin" ] && has pkg; } ||
    fail 'this is not Termux.' 'Install Termux from F-Droid, open it, and paste the line there. Elsewhere: docs/shell-workers.md.'
  if [ -n "$uninstall" ]; then
    take_away
    return
  fi

  umask 077
  settle
  if [ -n "$dry_run" ]; then
    plan
    return
  fi
  packages
  check_bus
  app_answers
  put_code
  write_worker_settings
  put_program "$PREFIX/bin/intent-bus-worker" "exec $PREFIX/bin/bash '$worker_home/code/clients/phone/intent-bus-worker' \"\$@\""
  stop_worker
  install_service
  install_boot "$worker_home" "$wake_lock"
  start_worker
  first_notification
  farewell
}

missing() {
  local each
  for each in curl:curl termux-services:sv-enable termux-api:termux-notification; do
    has "${each#*:}" || echo "${each%:*}"
  done
}

plan() {
  local lacking given='asked for'
  lacking=$(missing | tr '\n' ' ')
  [ -z "$key" ] || given='there'
  say 'This would be done, and nothing is now:'
  say "  packages       ${lacking:-all are there}"
  say "  bus            ${url:-asked for}; its key is $given$([ "$sign" = false ] || echo ', and signs')"
  say "  worker         $name, for the namespace $namespace, in $worker_home"
  say "  allowed        ${allow:-nothing of what is off}; messages to ${sms_to:-nobody}"
  say "  service        $service, with its log in $logs"
  say "  at boot        $HOME/.termux/boot/intent-bus-worker$([ "$wake_lock" = no ] || echo ', and a wake lock')"
  say "  command        $PREFIX/bin/intent-bus-worker"
  say '  before that    look whether the bus knows the key, and the app Termux:API answers'
  say '  then           start, and a first notification, by the bus'
}

packages() {
  local lacking log=$PREFIX/tmp/intent-bus-worker-packages.log
  lacking=$(missing | tr '\n' ' ')
  [ -n "$lacking" ] || return 0
  say "Installing packages: $lacking"
  # shellcheck disable=SC2086 # one word each
  DEBIAN_FRONTEND=noninteractive pkg install -y -oDpkg::Options::=--force-confold $lacking < /dev/null > "$log" 2>&1 || {
    tail -n 5 "$log" >&2
    fail 'the packages could not be installed.' \
      'Is there a network? Often this helps: pkg upgrade, or termux-change-repo for another mirror. Then run this again.'
  }
  rm -f "$log"
}

# The commands are there without the app, and then wait for ever.
app_answers() {
  timeout 20 termux-battery-status > /dev/null 2>&1 < /dev/null ||
    fail 'the app Termux:API does not answer.' \
      'Install Termux:API from where Termux came from (F-Droid; apps of two stores do not speak to each other), open it once, and run this again.'
}

# What the worker is made of, so that the clone or release it came from can go.
put_code() {
  local code=$worker_home/code
  [ "$source" != "$code" ] || return 0
  rm -rf "$code.new" "$code.old"
  mkdir -p "$code.new/clients" "$code.new/ops/termux"
  cp -R "$shell" "$here" "$code.new/clients/"
  rm -rf "$code.new"/clients/*/test
  # With what still leads there from where the worker was until version 0.1.0: one that runs meanwhile looks there.
  cp -R "$source/ops/workers" "$code.new/ops/"
  cp -R "$shared" "$source"/ops/termux/*worker* "$code.new/ops/termux/"
  if [ -e "$code" ]; then mv -T "$code" "$code.old"; fi
  mv -T "$code.new" "$code"
  rm -rf "$code.old"
}

take_away() {
  local each
  local -a all=("$HOME/.termux/boot/intent-bus-worker" "$PREFIX/bin/intent-bus-worker"
    "$worker_home"/{code,key,settings.env,sms-sent,last-boot,tmp})
  if [ -n "$dry_run" ]; then
    say 'This would be taken away, and nothing is now:'
    for each in "$service" "$logs" "${all[@]}"; do [ ! -e "$each" ] || say "  $each"; done
    return
  fi
  remove_service
  rm -rf "${all[@]}"
  # The bus on this phone keeps its lock.
  if [ ! -e "$HOME/.termux/boot/intent-bus" ] && has termux-wake-unlock; then termux-wake-unlock || true; fi
  rmdir "$worker_home" 2> /dev/null || [ ! -e "$worker_home" ] || say "What it kept is in $worker_home."
  say 'The worker is gone. The packages stay: pkg uninstall termux-api termux-services'
}

farewell() {
  cat << END

This phone is the worker $name of $url. From elsewhere, with the same key:

  intent-bus publish notify '"Hello"' --namespace $namespace --target-worker $name

END
  intent-bus-worker list | sed 's/^/  /'
  cat << 'END'

Other settings: run this again with --allow, --name… Its log: intent-bus-worker logs
Android will stop it unless you do this once, by hand:

  1. Install Termux:Boot from where Termux came from, and open it once.
  2. Settings, Apps, Termux, Termux:API and Termux:Boot: Battery, Unrestricted. Some makers have a second list: dontkillmyapp.com
END
}

main "$@"
