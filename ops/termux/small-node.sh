# shellcheck shell=bash
# How Node is started on a phone. Young objects die in 2 MiB instead of 32, and one thread of V8 serves where four would: 10 MB
# and five threads less, for a little more work. What is compiled counts for these flags alone.
export NODE_OPTIONS="--max-semi-space-size=1 --v8-pool-size=1" UV_THREADPOOL_SIZE=2
