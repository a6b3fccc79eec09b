#!/data/data/com.termux/files/usr/bin/sh
# What the supervisor runs: this phone's worker, with its settings, in the foreground.
set -eu
# Of a worker before this one, whose phone went off: by now it may be the number of something else.
rm -f group
: "${PREFIX:=/data/data/com.termux/files/usr}" "${HOME:=/data/data/com.termux/files/home}"
worker_home=$HOME/intent-bus-worker
# Payloads lie there while a job lasts. One that was killed leaves them; the next one takes them away.
export PREFIX HOME PATH="$PREFIX/bin" TMPDIR="$worker_home/tmp"
rm -rf "$TMPDIR"
mkdir -m 700 "$TMPDIR"
export BUS_API_KEY_FILE="$worker_home/key"
set -a
# shellcheck disable=SC1091 # the owner's
. "$worker_home/settings.env"
set +a

# The bus refused it, or a setting is wrong (finish.sh has written that down). Its owner may mend that elsewhere, so it
# does try again, and not so often that the battery notices.
if [ -f refused ]; then
  rm -f refused
  echo 'worker: trying again in five minutes; "intent-bus-worker restart" does so now' >&2
  sleep 300
fi
# In a group of its own, under the id of this process: finish.sh ends it.
echo $$ > group
exec setsid sh "$worker_home/code/clients/phone/worker.sh"
