#!/usr/bin/env bash
# Stand-ins for the images that the Dockerfile and the compose file name, where none can be pulled: Debian's packages and
# this machine's own programs, under the same names. They show that our files work, not that those images do.
#
#   DOCKER_HOST=unix:///… ops/test/docker/base-images.sh CACHE NODE
#
# CACHE keeps the Debian tree from one run to the next; NODE is the Node 24 they get. Needs root and debootstrap.
set -euo pipefail
cache=$1
node=$2
here=$(cd "$(dirname "$0")/../../.." && pwd)
mkdir -p "$cache"
# Its folders are the same for all: one at a time.
exec 9> "$cache/base-images.lock"
flock 9

# The name behind an ARG of the Dockerfile, or behind `image:` in the compose file.
argument() { sed -n "s/^ARG $1=//p" "$here/Dockerfile" | head -n 1; }
composed() { sed -n "s#^ *image: \($1:.*\)#\1#p" "$here/docker-compose.yml"; }

debian=$cache/debian
if [[ ! -e $debian.done ]]; then
  rm -rf "$debian"
  debootstrap --variant=minbase --include=ca-certificates,libstdc++6 trixie "$debian" > "$cache/debootstrap.log" 2>&1
  # The compose plugin: a static program.
  cp /etc/ssl/certs/ca-certificates.crt "$debian/etc/ssl/certs/"
  chroot "$debian" sh -c 'cd /tmp && apt-get update -qq && apt-get download docker-compose' >> "$cache/debootstrap.log" 2>&1
  dpkg-deb -x "$debian"/tmp/docker-compose_*.deb "$cache/compose"
  rm -rf "$debian"/tmp/* "$debian"/var/lib/apt/lists/* "$debian"/var/cache/apt/*
  touch "$debian.done"
fi
mkdir -p "$cache/docker/cli-plugins"
cp "$cache/compose/usr/libexec/docker/cli-plugins/docker-compose" "$cache/docker/cli-plugins/"

# What builds: a Debian with Node and npm. The certificates are this machine's, for a registry behind a proxy of its own.
build=$cache/build
rm -rf "$build"
cp -a "$debian" "$build"
cp /etc/ssl/certs/ca-certificates.crt "$build/etc/ssl/certs/"
install -D "$node" "$build/usr/local/bin/node"
npm=$(dirname "$(dirname "$(realpath "$(command -v npm)")")")
mkdir -p "$build/usr/local/lib/node_modules"
cp -a "$npm" "$build/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$build/usr/local/bin/npm"
tar -C "$build" -c . | docker import \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' \
  - "$(argument BUILD_IMAGE)"

# What runs, as the distroless images have it: Node and the libraries it needs, and no shell, nor anything else.
run=$cache/run
rm -rf "$run"
mkdir -p "$run"/{etc/ssl/certs,home/nonroot,lib64,nodejs/bin,tmp,usr/bin}
chmod 1777 "$run/tmp"
install "$node" "$run/nodejs/bin/node"
cp "$debian/lib64/ld-linux-x86-64.so.2" "$run/lib64/" 2> /dev/null || true
libraries=$(cd "$debian" && echo usr/lib/*-linux-gnu)
mkdir -p "$run/$libraries"
for name in ld-linux-aarch64.so.1 libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 libatomic.so.1 libgcc_s.so.1 libstdc++.so.6; do
  [[ ! -e $debian/$libraries/$name ]] || cp -L "$debian/$libraries/$name" "$run/$libraries/"
done
ln -s usr/lib "$run/lib"
cp /etc/ssl/certs/ca-certificates.crt "$run/etc/ssl/certs/"
printf 'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' > "$run/etc/passwd"
printf 'root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n' > "$run/etc/group"
chown 65532:65532 "$run/home/nonroot"
tar -C "$run" -c . | docker import \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change 'USER 65532' --change 'WORKDIR /home/nonroot' --change 'ENTRYPOINT ["/nodejs/bin/node"]' \
  - "$(argument BASE_IMAGE)"

# Prometheus, Alertmanager and Caddy, as Debian has them here, each with the names, the user and the directories of its
# image, and with the wget of its busybox.
standin() {
  local image=$1 user=$2 data=$3 folder=$cache/standin
  shift 3
  [[ -n $image ]] || return 0
  rm -rf "$folder"
  mkdir -p "$folder"/{bin,etc,tmp,usr} "$folder/$data"
  chmod 1777 "$folder/tmp"
  cp -a "$debian/usr/lib" "$folder/usr/lib"
  cp -a "$debian/usr/lib64" "$folder/usr/" 2> /dev/null || true
  ln -s usr/lib "$folder/lib"
  [[ ! -e $debian/lib64 ]] || ln -s usr/lib64 "$folder/lib64"
  install "$(command -v busybox)" "$folder/bin/busybox"
  ln -s busybox "$folder/bin/wget"
  cp "$run/etc/passwd" "$run/etc/group" "$folder/etc/"
  local from
  while [[ ${1-} == *=* ]]; do
    from=$(command -v "${1#*=}") || return 0
    install "$from" "$folder/bin/${1%%=*}"
    shift
  done
  # Debian's Alertmanager reads its templates from here; the image's has them inside.
  [[ $data != alertmanager ]] || { mkdir -p "$folder/usr/share" && cp -a /usr/share/prometheus "$folder/usr/share/"; }
  [[ $user == 0 ]] || chown -R "$user:$user" "$folder/$data"
  tar -C "$folder" -c . | docker import --change 'ENV PATH=/bin' --change "USER $user" "$@" - "$image"
}
standin "$(composed prom/prometheus)" 65534 prometheus prometheus=prometheus promtool=promtool \
  --change 'ENTRYPOINT ["/bin/prometheus"]' --change 'VOLUME /prometheus'
standin "$(composed prom/alertmanager)" 65534 alertmanager alertmanager=prometheus-alertmanager amtool=amtool \
  --change 'ENTRYPOINT ["/bin/alertmanager"]' --change 'VOLUME /alertmanager'
standin "$(composed caddy)" 0 data caddy=caddy --change 'ENV XDG_CONFIG_HOME=/config' --change 'ENV XDG_DATA_HOME=/data' \
  --change 'CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]'

rm -rf "$build" "$run" "$cache/standin"
