#!/data/data/com.termux/files/usr/bin/bash
# What bootstrap.sh goes on with, once it has a release: set-up.sh RELEASE. From it come, in its environment: bus_home, and
# port, local_only, node_sqlite and untried, which may be empty; from whoever runs it, BUS_READY_SECONDS: how long a start may take (120).
set -euo pipefail

release=$1
lib=$release/ops/termux/lib
shared=$release/ops/termux/shared
# shellcheck source=shared/say.sh
. "$shared/say.sh"
# shellcheck source=lib/node.sh
. "$lib/node.sh"
# shellcheck source=lib/settings.sh
. "$lib/settings.sh"
# shellcheck source=lib/libraries.sh
. "$lib/libraries.sh"
# shellcheck source=lib/sqlite.sh
. "$lib/sqlite.sh"
# shellcheck source=shared/supervised.sh
. "$shared/supervised.sh"
# shellcheck source=lib/ready.sh
. "$lib/ready.sh"
# shellcheck source=lib/service.sh
. "$lib/service.sh"
# shellcheck source=shared/boot.sh
. "$shared/boot.sh"
# shellcheck source=lib/switch.sh
. "$lib/switch.sh"
# shellcheck source=lib/look.sh
. "$lib/look.sh"
# shellcheck source=lib/trial.sh
. "$lib/trial.sh"
# shellcheck source=lib/farewell.sh
. "$lib/farewell.sh"

leave() { # STATUS
  [ "$1" -eq 0 ] || say_if_full >&2
  end_trial
  rm -rf "$bus_home/.installing"
}
trap 'leave $?' EXIT
end_trial
must_have_node
write_settings
end_switch
install_libraries
choose_sqlite
warm_up
install_commands
previous=$(current_release)
if [ -z "$previous" ]; then
  point_to "$release"
  install_service
  install_boot "$bus_home"
  start_bus
  wait_ready || not_ready
  look_at_all
elif [ "$previous" = "$release" ]; then
  install_service
  install_boot "$bus_home"
  if [ -n "$settings_changed$driver_changed" ]; then stop_bus; fi
  start_bus
  wait_ready || not_ready
  look_only
else
  say "Upgrading from $(basename "$previous") to $(basename "$release")"
  back_up
  try_out
  switch_over
  install_boot "$bus_home"
  look_only
  forget_old_releases
fi
farewell
