#!/data/data/com.termux/files/usr/bin/bash
# What bootstrap.sh goes on with, once it has a release: set-up.sh RELEASE. From it come, in its environment: bus_home, and
# port, local_only, node_sqlite and untried, which may be empty; from whoever runs it, BUS_READY_SECONDS: how long a start may take (120).
set -euo pipefail

release=$1
parts=$release/ops/termux/parts
# shellcheck source=parts/say.sh
. "$parts/say.sh"
# shellcheck source=parts/node.sh
. "$parts/node.sh"
# shellcheck source=parts/settings.sh
. "$parts/settings.sh"
# shellcheck source=parts/libraries.sh
. "$parts/libraries.sh"
# shellcheck source=parts/sqlite.sh
. "$parts/sqlite.sh"
# shellcheck source=parts/supervised.sh
. "$parts/supervised.sh"
# shellcheck source=parts/ready.sh
. "$parts/ready.sh"
# shellcheck source=parts/service.sh
. "$parts/service.sh"
# shellcheck source=parts/boot.sh
. "$parts/boot.sh"
# shellcheck source=parts/switch.sh
. "$parts/switch.sh"
# shellcheck source=parts/look.sh
. "$parts/look.sh"
# shellcheck source=parts/trial.sh
. "$parts/trial.sh"
# shellcheck source=parts/farewell.sh
. "$parts/farewell.sh"

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
