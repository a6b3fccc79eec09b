/*
 * Makes any disk a slow one, or a failing one. For LD_PRELOAD:
 *   cc -shared -fPIC -pthread -o slow-sync.so slow-sync.c -ldl
 *
 * SLOW_SYNC_MS           every fsync and fdatasync takes this much longer
 * SLOW_SYNC_KIB_PER_MS   and so long, too, as what was written to the file since its last one needs; then the disk does one
 *                        sync at a time, as flash without a cache of its own does
 * FAIL_SYNC_FILE         while this file exists, both fail with EIO and sync nothing
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FILES 1024
static atomic_long written[FILES];
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;

static long number(const char *name)
{
  const char *text = getenv(name);
  return text == NULL ? 0 : strtol(text, NULL, 10);
}

static void wait_for(long microseconds)
{
  struct timespec pause = {microseconds / 1000000, microseconds % 1000000 * 1000};
  nanosleep(&pause, NULL);
}

static int slow_sync(const char *name, int file)
{
  const char *failing = getenv("FAIL_SYNC_FILE");
  if (failing != NULL && access(failing, F_OK) == 0) {
    errno = EIO;
    return -1;
  }
  long microseconds = number("SLOW_SYNC_MS") * 1000, kib_per_ms = number("SLOW_SYNC_KIB_PER_MS");
  if (kib_per_ms > 0) {
    long kib = atomic_exchange(&written[file % FILES], 0) / 1024;
    pthread_mutex_lock(&disk);
    wait_for(microseconds + kib * 1000 / kib_per_ms);
    pthread_mutex_unlock(&disk);
  } else if (microseconds > 0) {
    wait_for(microseconds);
  }
  int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  return sync(file);
}

int fsync(int file) { return slow_sync("fsync", file); }

int fdatasync(int file) { return slow_sync("fdatasync", file); }

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at)
{
  static ssize_t (*write_at)(int, const void *, size_t, off64_t);
  if (write_at == NULL) write_at = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
  atomic_fetch_add(&written[file % FILES], count);
  return write_at(file, bytes, count, at);
}
