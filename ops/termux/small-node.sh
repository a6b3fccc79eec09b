# shellcheck shell=bash
# How Node is started on a phone. Young objects die in 2 MiB instead of 32, and one thread of V8 serves where four would: 10 MB
# and five threads less, for a little more work. What is compiled counts for these flags alone.
export NODE_OPTIONS="--max-semi-space-size=1 --v8-pool-size=1" UV_THREADPOOL_SIZE=2
# SQLite writes in the thread that serves, unless the owner wants it otherwise: 14 MiB less idle, 27 less with work (docs/phone.md).
export BUS_SQLITE_WRITER="${BUS_SQLITE_WRITER:-inline}"
