// A directory whose disk does not answer: loaded with LD_PRELOAD, it makes realpath(3) of the path DEAD_DISK wait until somebody
// writes to the pipe DEAD_DISK_PIPE.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *realpath(const char *path, char *resolved) {
  const char *dead = getenv("DEAD_DISK"), *pipe = getenv("DEAD_DISK_PIPE");
  if (dead && pipe && strcmp(path, dead) == 0) close(open(pipe, O_RDONLY | O_CLOEXEC));
  char *(*next)(const char *, char *) = (char *(*)(const char *, char *))dlsym(RTLD_NEXT, "realpath");
  return next(path, resolved);
}
