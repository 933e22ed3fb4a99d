// Moves the wall clock of one process, as if the clock of the machine were set: loaded with LD_PRELOAD, it adds the
// seconds that the file IMAGEWIRE_CLOCK holds to every CLOCK_REALTIME. All other clocks go on as they do.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
  long result = syscall(SYS_clock_gettime, clock, time);
  const char *path = getenv("IMAGEWIRE_CLOCK");
  if (result != 0 || clock != CLOCK_REALTIME || !path) return (int)result;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[32] = {0};
  if (read(file, text, sizeof text - 1) > 0) time->tv_sec += atol(text);
  close(file);
  return 0;
}
