#define _GNU_SOURCE 1
#include "CPictures.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#if defined(__linux__)
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

// MARK: - The parent

int cpictures_spawn(char *const *arguments, int input, int output) {
#if defined(__linux__)
  // With the default action for SIGCHLD a child stays until it is waited for; a host may have left it ignored.
  struct sigaction action;
  if (!sigaction(SIGCHLD, NULL, &action) && action.sa_handler == SIG_IGN) signal(SIGCHLD, SIG_DFL);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if ((errno = posix_spawn_file_actions_init(&actions))) return -1;
  if ((errno = posix_spawnattr_init(&attributes))) {
    posix_spawn_file_actions_destroy(&actions);
    return -1;
  }
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  int failure = posix_spawn_file_actions_adddup2(&actions, input, 0);
  if (!failure) failure = posix_spawn_file_actions_adddup2(&actions, output, 1);
  if (!failure) failure = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  if (!failure) failure = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (!failure) failure = posix_spawnattr_setsigmask(&attributes, &none);
  if (!failure) failure = posix_spawnattr_setsigdefault(&attributes, &all);
  if (!failure) failure = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  char *const nothing[] = {NULL};
  // The file that this process runs, also after another one has taken its name.
  if (!failure) failure = posix_spawn(&child, "/proc/self/exe", &actions, &attributes, arguments, nothing);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  errno = failure;
  return failure ? -1 : child;
#else
  (void)arguments, (void)input, (void)output;
  errno = ENOSYS;
  return -1;
#endif
}

int cpictures_pipe(int ends[2]) {
#if defined(__linux__)
  return pipe2(ends, O_CLOEXEC);
#else
  if (pipe(ends)) return -1;
  for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
  return 0;
#endif
}

// MARK: - The child

#if defined(__linux__)
static void set_limit(int resource, uint64_t value) {
  struct rlimit limit;
  if (getrlimit(resource, &limit)) return;
  if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value) limit.rlim_max = value;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(resource, &limit);
}
#endif

bool cpictures_limit(uint64_t memory, unsigned seconds) {
  // Swift's runtime may have installed a handler that prints a backtrace.
  const int faults[] = {SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) signal(faults[i], SIG_DFL);
#if defined(__linux__)
  prctl(PR_SET_PDEATHSIG, (long)SIGKILL);
  set_limit(RLIMIT_AS, memory);
  set_limit(RLIMIT_CPU, seconds);
  set_limit(RLIMIT_FSIZE, 0);
  // 1 and not 0: see imagewire's CoreDumps.
  set_limit(RLIMIT_CORE, 1);
#else
  (void)memory, (void)seconds;
#endif
  // A parent that ended before the call above is noticed by the end of the pipe that it read from.
  struct pollfd output = {.fd = 1};
  return poll(&output, 1, 0) == 0;
}

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
/// Allows a call, whatever its arguments.
#define CALL(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), ALLOW
/// Allows a call whose third argument, the protection of memory, does not make it executable.
#define CALL_WITHOUT_EXEC(name) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), LOAD(args[2]), \
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), KILL, ALLOW

/// Answers a call with an error, without doing it.
#define REFUSE(name, error) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

/// The flags of clone(2) by which C libraries start a thread; musl adds one that means nothing any more.
#define THREAD_FLAGS                                                                                              \
  (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | \
   CLONE_CHILD_CLEARTID)
/// Allows clone(2) with these flags only: no process, and no namespace.
#define CALL_FOR_THREAD                                                                                 \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 5), LOAD(args[0]),                                  \
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(unsigned)CLONE_DETACHED),                                   \
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)THREAD_FLAGS, 1, 0), KILL, ALLOW

bool cpictures_confine(bool starts_threads) {
  const struct sock_filter calls[] = {
      LOAD(arch),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
      KILL,
      LOAD(nr),
      CALL(read),
      CALL(write),
      CALL(close),
      CALL(brk),
      CALL_WITHOUT_EXEC(mmap),
      CALL_WITHOUT_EXEC(mprotect),
      CALL(munmap),
      CALL(mremap),
      CALL(madvise),
      CALL(futex),
      CALL(sched_yield),
      CALL(clock_gettime),
      CALL(getrandom),
      CALL(restart_syscall),
      CALL(exit),
      CALL(exit_group),
  };
  const struct sock_filter threads[] = {
      // Its flags are in memory, which a filter does not see. Without it the C library calls clone.
      REFUSE(clone3, ENOSYS),
      CALL_FOR_THREAD,
      CALL(set_robust_list),
      CALL(rseq),
      CALL(rt_sigaction),
      CALL(rt_sigprocmask),
      // The number of processors: dav1d then takes it for one, and starts no threads.
      REFUSE(sched_getaffinity, ENOSYS),
  };
  const struct sock_filter end = KILL;
  enum { CALLS = sizeof calls / sizeof *calls, THREADS = sizeof threads / sizeof *threads };
  struct sock_filter filter[CALLS + THREADS + 1];
  size_t length = CALLS;
  memcpy(filter, calls, sizeof calls);
  if (starts_threads) {
    memcpy(filter + length, threads, sizeof threads);
    length += THREADS;
  }
  filter[length++] = end;
  struct sock_fprog program = {.len = (unsigned short)length, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L)) return false;
  return prctl(PR_SET_SECCOMP, (long)SECCOMP_MODE_FILTER, &program) == 0;
}
#else
bool cpictures_confine(bool starts_threads) {
  (void)starts_threads;
  return false;
}
#endif
