#define _GNU_SOURCE
#include "CFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#if defined(__linux__) && __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

int cfiles_open_beneath(int directory, const char *path) {
#if defined(SYS_openat2) && defined(RESOLVE_BENEATH)
  struct open_how how = {
      .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
#else
  (void)directory, (void)path;
  errno = ENOSYS;
  return -1;
#endif
}

int cfiles_open_to_pass(int directory, const char *name) {
#if defined(O_PATH)
  const int search = O_PATH;
#elif defined(O_SEARCH)
  const int search = O_SEARCH;
#else
  const int search = O_RDONLY;
#endif
  return openat(directory, name, search | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}
