#!/bin/sh
# Makes a new machine ready: its volume mounted, Docker running and only after it. It may be run again.
set -eu
export DEBIAN_FRONTEND=noninteractive
. "${INTENT_BUS_MACHINE:-/etc/intent-bus-machine}"

# Hetzner attaches the volume a moment after the start.
waited=0
until [ -e "$DEVICE" ]; do
  if [ "$waited" -ge 300 ]; then
    echo "intent-bus: $DEVICE was not attached within 300 s" >&2
    exit 1
  fi
  sleep 1
  waited=$((waited + 1))
done

systemctl daemon-reload
systemctl enable --now mnt-bus.mount
for directory in $DIRECTORIES; do
  install -d -o "$OWNER" -g "$OWNER" -m 0700 "$MOUNT/$directory"
done

# The first start may not have got its packages; it does not try twice.
set --
command -v dockerd > /dev/null || set -- "$@" docker.io
command -v unattended-upgrade > /dev/null || set -- "$@" unattended-upgrades
if [ "$#" -gt 0 ]; then
  apt-get update
  apt-get install --yes "$@"
fi
# From Debian 13 on the client is a package of its own, which docker.io recommends; it is the other end of Docker over SSH.
command -v docker > /dev/null || apt-get install --yes docker-cli

systemctl try-reload-or-restart ssh
install -D -m 0644 /usr/local/share/intent-bus/docker-needs-volume.conf \
  /etc/systemd/system/docker.service.d/needs-volume.conf
systemctl daemon-reload
systemctl enable --now docker no-metadata
systemctl restart docker
