#!/usr/bin/env bash
# Pulumi's CLI, its language host for Node and a Docker provider, from their sources in Go: where the published binaries
# cannot be fetched, and so that they are the same wherever the tests run.
#
#   infra/test/engine/build.sh CACHE      CACHE/bin is for PATH, CACHE/plugins for PULUMI_HOME
#
# Minutes at first, nothing afterwards. Whoever calls it a second time waits for the first. Needs Go 1.26.
set -euo pipefail
cache=$1
here=$(cd "$(dirname "$0")" && pwd)
# Where Go's own archive puts it, and no PATH has it by itself.
PATH=$PATH:/usr/local/go/bin
command -v go > /dev/null || { echo 'go is not installed' >&2 && exit 1; }
mkdir -p "$cache"/{bin,plugins}
exec 9> "$cache/lock"
flock 9

# Two compilers at a time: more of them do not fit into the memory of a small machine.
export GOFLAGS='-p=2 -buildvcs=false -mod=mod -trimpath' CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off

# part NAME PROGRAM PACKAGE [BUILD FLAGS]: builds PACKAGE of the module go/NAME, unless it was built of the same sources.
part() {
  local name=$1 program=$cache/$2 package=$3 work=$cache/src/$1 began=$SECONDS sources
  shift 3
  sources=$(cd "$here/go/$name" && { printf '%s\n' "$@" && find . -type f | sort | xargs cat; } | sha256sum)
  if [[ -x $program && $(cat "$cache/$name.built" 2> /dev/null) == "$sources" ]]; then return; fi
  rm -rf "$work" "$cache/$name.built"
  mkdir -p "$(dirname "$work")" "$(dirname "$program")"
  cp -r "$here/go/$name" "$work"
  # Go adds to go.mod and go.sum what they leave open: the versions follow from those that are named.
  if ! (cd "$work" && if [[ -x patch.sh ]]; then ./patch.sh; fi && go build "$@" -o "$program" "$package") > "$cache/$name.log" 2>&1; then
    tail -n 20 "$cache/$name.log" >&2
    echo "$name could not be built" >&2
    exit 1
  fi
  echo "$sources" > "$cache/$name.built"
  echo "$name: built in $((SECONDS - began)) s"
}

# The version of a module that go.mod names; of a package that package.json names.
required() { sed -n "s#^.*$2 v\([0-9.]*\)\$#\1#p" "$here/go/$1/go.mod"; }
cli=$(required pulumi github.com/pulumi/pulumi/pkg/v3)
docker=5.2.0

part language-nodejs bin/pulumi-language-nodejs github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs \
  -mod=vendor
part resource-docker "plugins/resource-docker-v$docker/pulumi-resource-docker" ./cmd/pulumi-resource-docker \
  -tags no_compose -ldflags "-s -w -X main.version=$docker"
part pulumi bin/pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi \
  -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$cli"
install "$here/dynamic/pulumi-resource-pulumi-nodejs" "$cache/bin/"
