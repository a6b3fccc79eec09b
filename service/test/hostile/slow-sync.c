/*
 * Makes any disk a slow one, or a failing one. For LD_PRELOAD:
 *   cc -shared -fPIC -o slow-sync.so slow-sync.c -ldl
 *
 * SLOW_SYNC_MS      every fsync and fdatasync takes this much longer
 * FAIL_SYNC_FILE    while this file exists, both fail with EIO and sync nothing
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int slow_sync(const char *name, int file)
{
  const char *failing = getenv("FAIL_SYNC_FILE");
  if (failing != NULL && access(failing, F_OK) == 0) {
    errno = EIO;
    return -1;
  }
  const char *ms = getenv("SLOW_SYNC_MS");
  if (ms != NULL) {
    long duration = strtol(ms, NULL, 10);
    struct timespec pause = {duration / 1000, duration % 1000 * 1000000L};
    nanosleep(&pause, NULL);
  }
  int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  return sync(file);
}

int fsync(int file) { return slow_sync("fsync", file); }

int fdatasync(int file) { return slow_sync("fdatasync", file); }
