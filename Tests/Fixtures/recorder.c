// Records every operation of a program that changes files below one directory, what it writes to its standard output,
// and what it sends over sockets, in one order for all its threads and processes. Loaded by LD_PRELOAD; Linux and glibc.
//
//   RECORDER_ROOT=/some/directory RECORDER_FILE=/elsewhere/record LD_PRELOAD=recorder.so program arguments...
//
// The record is a sequence of entries: a line `KIND NUMBER NUMBER LENGTH`, LENGTH bytes, and a newline.
//
//   make INODE 0 path      a file was made                 mkdir INODE 0 path     a directory was made
//   write INODE OFFSET data                                size INODE SIZE        the file was cut or extended
//   sync INODE 0           fsync or fdatasync of a file    syncdir INODE 0 path   the same of a directory
//   link INODE 0 old\0new  rename 0 0 old\0new             unlink 0 0 path        rmdir 0 0 path
//   told PROCESS 0 data    written to standard output      sent PROCESS 0 data    written to a socket
//   reached 0 PORT address a connection was begun         unknown 0 0 text       a call that cannot be replayed
//
// With RECORDER_FAIL_SYNC=N the Nth sync of the process fails, with the error number RECORDER_ERROR.
//
// SQLite's `-shm` is left out: it is only an index of the log, and is made anew by the first process that opens
// the database. An inode number may be used again once its file is gone; `make` begins a new file.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static int record = -1;
static struct stat output;
static long syncs, failing_sync, error_number;

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, #name)

static ssize_t real_write(int file, const void *bytes, size_t count) {
  REAL(write);
  return real(file, bytes, count);
}

static void fail(const char *what) {
  char text[256];
  int length = snprintf(text, sizeof text, "recorder: %s: %s\n", what, strerror(errno));
  real_write(2, text, (size_t)length);
  _exit(125);
}

__attribute__((constructor)) static void begin(void) {
  const char *directory = getenv("RECORDER_ROOT"), *path = getenv("RECORDER_FILE");
  if (!directory || !path) return;
  if (!realpath(directory, root)) fail(directory);
  if (getenv("RECORDER_FAIL_SYNC")) failing_sync = atol(getenv("RECORDER_FAIL_SYNC"));
  if (getenv("RECORDER_ERROR")) error_number = atol(getenv("RECORDER_ERROR"));
  record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  // Out of the way of numbers that the program expects to get.
  int high = record < 0 ? -1 : fcntl(record, F_DUPFD_CLOEXEC, 200);
  if (high < 0) fail(path);
  close(record);
  record = high;
  if (fstat(1, &output) != 0 || !S_ISFIFO(output.st_mode)) memset(&output, 0, sizeof output);
}

// One order for the threads of this process and for all processes with this record.
static void enter(void) {
  pthread_mutex_lock(&mutex);
  while (flock(record, LOCK_EX) != 0)
    if (errno != EINTR) fail("flock");
}

static void leave(void) {
  int kept = errno;
  flock(record, LOCK_UN);
  pthread_mutex_unlock(&mutex);
  errno = kept;
}

static void put(const void *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = real_write(record, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("the record");
    bytes = (const char *)bytes + written;
    count -= (size_t)written;
  }
}

static void note(const char *kind, unsigned long long a, unsigned long long b, const void *bytes, size_t count) {
  int kept = errno;
  char head[128];
  put(head, (size_t)snprintf(head, sizeof head, "%s %llu %llu %zu\n", kind, a, b, count));
  put(bytes, count);
  put("\n", 1);
  errno = kept;
}

static int is_below_root(const char *path) {
  size_t length = strlen(root), all = strlen(path);
  if (record < 0 || strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != 0)) return 0;
  return all < 4 || strcmp(path + all - 4, "-shm") != 0;
}

// The whole path of a name that need not exist; 0 where it is not below the root.
static int resolve(int directory, const char *name, char *path) {
  int kept = errno;
  char joined[2 * PATH_MAX], folder[PATH_MAX];
  if (name[0] == '/' || directory == AT_FDCWD) {
    snprintf(joined, sizeof joined, "%s%s", name[0] == '/' ? "" : "./", name);
  } else {
    snprintf(joined, sizeof joined, "/proc/self/fd/%d/%s", directory, name);
  }
  char *last = strrchr(joined, '/');
  *last = 0;
  int is_known = realpath(joined[0] ? joined : "/", folder) != NULL;
  errno = kept;
  if (!is_known || strlen(folder) + strlen(last + 1) + 2 > PATH_MAX) return 0;
  sprintf(path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, last + 1);
  return is_below_root(path);
}

// Whether a descriptor is a file or a directory below the root.
static int resolve_open(int file, struct stat *status, char *path) {
  int kept = errno;
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", file);
  ssize_t length = fstat(file, status) == 0 && (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode))
    ? readlink(name, path, PATH_MAX - 1) : -1;
  errno = kept;
  if (length < 0) return 0;
  path[length] = 0;
  return is_below_root(path);
}

// -- making, naming, removing --------------------------------------------------------------------------------------------

static int opened(int directory, const char *name, int flags, mode_t mode) {
  static int (*real)(int, const char *, int, ...);
  if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, "openat");
  char path[PATH_MAX];
  if (record < 0 || !(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE || !resolve(directory, name, path))
    return real(directory, name, flags, mode);
  enter();
  struct stat status;
  int is_new = fstatat(directory, name, &status, 0) != 0;
  int file = real(directory, name, flags, mode);
  if (file >= 0 && fstat(file, &status) == 0) {
    if (is_new) note("make", status.st_ino, 0, path, strlen(path));
    else if (flags & O_TRUNC) note("size", status.st_ino, 0, "", 0);
  }
  leave();
  return file;
}

#define WITH_MODE(last) \
  va_list rest; \
  va_start(rest, last); \
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
  va_end(rest)

int open(const char *name, int flags, ...) { WITH_MODE(flags); return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { WITH_MODE(flags); return opened(AT_FDCWD, name, flags, mode); }
int openat(int directory, const char *name, int flags, ...) { WITH_MODE(flags); return opened(directory, name, flags, mode); }
int openat64(int directory, const char *name, int flags, ...) { WITH_MODE(flags); return opened(directory, name, flags, mode); }

int mkdirat(int directory, const char *name, mode_t mode) {
  REAL(mkdirat);
  char path[PATH_MAX];
  if (record < 0 || !resolve(directory, name, path)) return real(directory, name, mode);
  enter();
  int result = real(directory, name, mode);
  struct stat status;
  if (result == 0 && stat(path, &status) == 0) note("mkdir", status.st_ino, 0, path, strlen(path));
  leave();
  return result;
}

int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int unlinkat(int directory, const char *name, int flags) {
  REAL(unlinkat);
  char path[PATH_MAX];
  if (record < 0 || !resolve(directory, name, path)) return real(directory, name, flags);
  enter();
  int result = real(directory, name, flags);
  if (result == 0) note(flags & AT_REMOVEDIR ? "rmdir" : "unlink", 0, 0, path, strlen(path));
  leave();
  return result;
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

static void note_pair(const char *kind, ino_t inode, const char *old, const char *new) {
  char both[2 * PATH_MAX];
  size_t length = (size_t)sprintf(both, "%s", old) + 1;
  length += (size_t)sprintf(both + length, "%s", new);
  note(kind, inode, 0, both, length);
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
  REAL(linkat);
  char source[PATH_MAX], target[PATH_MAX];
  if (record < 0 || !resolve(to, new, target)) return real(from, old, to, new, flags);
  enter();
  int result = real(from, old, to, new, flags);
  struct stat status;
  if (result == 0 && stat(target, &status) == 0) {
    // By descriptor (`/proc/self/fd/N`) the source has no name of its own; the inode tells it.
    if (!resolve(from, old, source)) source[0] = 0;
    note_pair("link", status.st_ino, source, target);
  }
  leave();
  return result;
}

int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
  REAL(renameat2);
  char source[PATH_MAX], target[PATH_MAX];
  int has_source = record >= 0 && resolve(from, old, source), has_target = record >= 0 && resolve(to, new, target);
  if (!has_source && !has_target) return real(from, old, to, new, flags);
  enter();
  int result = real(from, old, to, new, flags);
  if (result == 0) {
    if (has_source && has_target && !(flags & RENAME_EXCHANGE)) note_pair("rename", 0, source, target);
    else note("unknown", 0, 0, "rename", 6);
  }
  leave();
  return result;
}

int renameat(int from, const char *old, int to, const char *new) { return renameat2(from, old, to, new, 0); }
int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }

// -- bytes ---------------------------------------------------------------------------------------------------------------

// Whether what is written to this descriptor is recorded, and as what.
static const char *kind_of(int file, struct stat *status) {
  char path[PATH_MAX];
  memset(status, 0, sizeof *status);
  if (record < 0) return NULL;
  if (resolve_open(file, status, path)) return "write";
  if (S_ISSOCK(status->st_mode)) return "sent";
  return output.st_ino && status->st_ino == output.st_ino && status->st_dev == output.st_dev ? "told" : NULL;
}

static unsigned long long number(const char *kind, const struct stat *status) {
  return kind[0] == 'w' ? status->st_ino : (unsigned long long)getpid();
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  REAL(writev);
  struct stat status;
  const char *kind = kind_of(file, &status);
  if (!kind) return real(file, parts, count);
  enter();
  ssize_t result = real(file, parts, count);
  off_t place = kind[0] == 'w' && result > 0 ? lseek(file, 0, SEEK_CUR) - result : 0;
  for (ssize_t left = result; left > 0; parts++) {
    size_t length = parts->iov_len < (size_t)left ? parts->iov_len : (size_t)left;
    note(kind, number(kind, &status), (unsigned long long)place, parts->iov_base, length);
    if (kind[0] == 'w') place += (off_t)length;
    left -= (ssize_t)length;
  }
  leave();
  return result;
}

ssize_t write(int file, const void *bytes, size_t count) {
  struct stat status;
  const char *kind = kind_of(file, &status);
  if (!kind) return real_write(file, bytes, count);
  enter();
  ssize_t result = real_write(file, bytes, count);
  if (result > 0) {
    off_t place = kind[0] == 'w' ? lseek(file, 0, SEEK_CUR) - result : 0;
    note(kind, number(kind, &status), (unsigned long long)place, bytes, (size_t)result);
  }
  leave();
  return result;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t place) {
  REAL(pwrite64);
  struct stat status;
  const char *kind = kind_of(file, &status);
  if (!kind) return real(file, bytes, count, place);
  enter();
  ssize_t result = real(file, bytes, count, place);
  if (result > 0) note(kind, status.st_ino, (unsigned long long)place, bytes, (size_t)result);
  leave();
  return result;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t place) { return pwrite64(file, bytes, count, place); }

int ftruncate64(int file, off64_t size) {
  REAL(ftruncate64);
  struct stat status;
  const char *kind = kind_of(file, &status);
  if (!kind) return real(file, size);
  enter();
  int result = real(file, size);
  if (result == 0) note("size", status.st_ino, (unsigned long long)size, "", 0);
  leave();
  return result;
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

ssize_t sendto(int file, const void *bytes, size_t count, int flags, __CONST_SOCKADDR_ARG address, socklen_t length) {
  REAL(sendto);
  struct stat status;
  const char *kind = kind_of(file, &status);
  if (!kind) return real(file, bytes, count, flags, address, length);
  enter();
  ssize_t result = real(file, bytes, count, flags, address, length);
  if (result > 0) note(kind, number(kind, &status), 0, bytes, (size_t)result);
  leave();
  return result;
}

ssize_t send(int file, const void *bytes, size_t count, int flags) {
  return sendto(file, bytes, count, flags, (__CONST_SOCKADDR_ARG){NULL}, 0);
}

int connect(int file, __CONST_SOCKADDR_ARG address, socklen_t length) {
  REAL(connect);
  const struct sockaddr *place = address.__sockaddr__;
  char text[INET6_ADDRSTRLEN] = "";
  unsigned port = 0;
  if (place->sa_family == AF_INET) {
    const struct sockaddr_in *four = (const struct sockaddr_in *)place;
    inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
    port = ntohs(four->sin_port);
  } else if (place->sa_family == AF_INET6) {
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)place;
    inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
    port = ntohs(six->sin6_port);
  }
  if (record >= 0 && text[0]) {
    enter();
    note("reached", 0, port, text, strlen(text));
    leave();
  }
  return real(file, address, length);
}

// -- to the disk ---------------------------------------------------------------------------------------------------------

static int synced(int file, int (*real)(int)) {
  struct stat status;
  char path[PATH_MAX];
  if (record < 0 || !resolve_open(file, &status, path)) return real(file);
  enter();
  int result = -1;
  if (++syncs == failing_sync) errno = (int)error_number;
  else result = real(file);
  if (result == 0) {
    if (S_ISDIR(status.st_mode)) note("syncdir", status.st_ino, 0, path, strlen(path));
    else note("sync", status.st_ino, 0, "", 0);
  }
  leave();
  return result;
}

int fsync(int file) { REAL(fsync); return synced(file, real); }
int fdatasync(int file) { REAL(fdatasync); return synced(file, real); }

// -- what cannot be replayed ---------------------------------------------------------------------------------------------

static void refuse(int file, const char *what) {
  struct stat status;
  char path[PATH_MAX];
  if (record < 0 || !resolve_open(file, &status, path)) return;
  enter();
  note("unknown", 0, 0, what, strlen(what));
  leave();
}

void *mmap64(void *address, size_t length, int protection, int flags, int file, off64_t place) {
  REAL(mmap64);
  if (file >= 0 && (protection & PROT_WRITE) && (flags & MAP_SHARED)) refuse(file, "mmap");
  return real(address, length, protection, flags, file, place);
}

int fallocate64(int file, int mode, off64_t place, off64_t length) {
  REAL(fallocate64);
  refuse(file, "fallocate");
  return real(file, mode, place, length);
}

ssize_t copy_file_range(int from, off64_t *start, int to, off64_t *place, size_t length, unsigned flags) {
  REAL(copy_file_range);
  refuse(to, "copy_file_range");
  return real(from, start, to, place, length, flags);
}
