// Runs a program and interrupts it at its Nth step; a step is a system call that changes the world outside the process.
// Linux only. The kernel stops every thread at every call (ptrace), so the count is one for the whole process.
//
//   interrupt -n 12 -a kill  -o FILE -- program arguments...   SIGKILL before the 12th step is taken
//   interrupt -n 2  -f link  -o FILE -- program arguments...   the same, but counting begins with the first `link…`
//   interrupt -n 1  -a hold  -o FILE -c connect -- program ... holds all threads there; SIGUSR1 lets them go on
//   interrupt                -o FILE -- program arguments...   only counts
//
// FILE gets one word for each step, its name, and at the end `killed`, `held` or `ended`. Exits as the program did.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct call { const char *name; long number; };

static const struct call calls[] = {
    {"write", SYS_write}, {"pwrite64", SYS_pwrite64}, {"writev", SYS_writev}, {"pwritev", SYS_pwritev},
    {"fsync", SYS_fsync}, {"fdatasync", SYS_fdatasync}, {"ftruncate", SYS_ftruncate}, {"fallocate", SYS_fallocate},
    {"openat", SYS_openat}, {"renameat", SYS_renameat}, {"renameat2", SYS_renameat2}, {"linkat", SYS_linkat},
    {"unlinkat", SYS_unlinkat}, {"mkdirat", SYS_mkdirat}, {"flock", SYS_flock}, {"socket", SYS_socket},
    {"connect", SYS_connect}, {"sendto", SYS_sendto}, {"sendmsg", SYS_sendmsg}, {"recvfrom", SYS_recvfrom},
    {"recvmsg", SYS_recvmsg}, {"exit_group", SYS_exit_group},
#ifdef SYS_open
    {"open", SYS_open}, {"creat", SYS_creat}, {"rename", SYS_rename}, {"link", SYS_link}, {"unlink", SYS_unlink},
    {"mkdir", SYS_mkdir},
#endif
};

enum { most_threads = 256 };
static pid_t threads[most_threads];
// Whether a thread is inside a call that changes a name. It was counted before it is done, and a kill at the next step, of
// another thread, must find it done.
static char is_naming[most_threads];
static volatile sig_atomic_t is_released;

// Again and again until it is seen: a signal that comes just before `waitpid` interrupts nothing.
static void release(int number) { (void)number; is_released = 1; ualarm(10000, 10000); }
static void wake(int number) { (void)number; }

static int slot(pid_t thread) {
  int free_slot = -1;
  for (int i = 0; i < most_threads; i++) {
    if (threads[i] == thread) return i;
    if (threads[i] == 0 && free_slot < 0) free_slot = i;
  }
  if (free_slot < 0) { fprintf(stderr, "interrupt: too many threads\n"); exit(125); }
  threads[free_slot] = thread;
  return free_slot;
}

static void fail(const char *what) {
  fprintf(stderr, "interrupt: %s: %s\n", what, strerror(errno));
  exit(125);
}

// The step that a thread is about to take; NULL where it is none.
static const char *step(pid_t thread) {
  struct __ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return NULL;
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return NULL;
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    if ((long)info.entry.nr != calls[i].number) continue;
    // Opening changes something only where it makes a file.
    if (calls[i].number == SYS_openat && !(info.entry.args[2] & O_CREAT)) return NULL;
#ifdef SYS_open
    if (calls[i].number == SYS_open && !(info.entry.args[1] & O_CREAT)) return NULL;
#endif
    return calls[i].name;
  }
  return NULL;
}

static int changes_a_name(const char *name) {
  static const char *const names[] = {"link", "rename", "unlink", "mkdir"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strncmp(name, names[i], strlen(names[i])) == 0) return 1;
  return 0;
}

// Lets the other threads come back from calls that change names.
static void finish_names(int place) {
  int status;
  for (int i = 0; i < most_threads; i++)
    if (is_naming[i] && i != place)
      while (waitpid(threads[i], &status, __WALL) < 0 && errno == EINTR) {}
}

int main(int argc, char **argv) {
  long n = 0, count = 0;
  int must_hold = 0, is_holding = 0, is_detached = 0;
  const char *only = NULL, *first = NULL, *path = "/dev/null";
  for (int option; (option = getopt(argc, argv, "+n:a:c:f:o:")) != -1;) {
    switch (option) {
      case 'n': n = atol(optarg); break;
      case 'a': must_hold = strcmp(optarg, "hold") == 0; break;
      case 'c': only = optarg; break;
      case 'f': first = optarg; break;
      case 'o': path = optarg; break;
      default: return 125;
    }
  }
  FILE *notes = fopen(path, "ae");
  if (!notes) fail(path);
  setvbuf(notes, NULL, _IOLBF, 0);

  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) fail("ptrace is not permitted here");
    raise(SIGSTOP);
    execv(argv[optind], argv + optind);
    fail(argv[optind]);
  }
  struct sigaction action = {.sa_handler = release};
  sigaction(SIGUSR1, &action, NULL);
  action.sa_handler = wake;
  sigaction(SIGALRM, &action, NULL);
  int status;
  if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return 125;
  long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SETOPTIONS, child, NULL, options) != 0) fail("ptrace");
  slot(child);
  ptrace(PTRACE_SYSCALL, child, NULL, NULL);

  for (;;) {
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0 && errno == EINTR) {
      if (!is_released || !is_holding) continue;
      // Takes back the stops that have not arrived yet.
      kill(child, SIGCONT);
      for (int i = 0; i < most_threads; i++)
        if (threads[i]) ptrace(PTRACE_DETACH, threads[i], NULL, NULL);
      ualarm(0, 0);
      is_holding = 0;
      is_detached = 1;
      continue;
    }
    if (thread < 0) fail("waitpid");
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      is_naming[slot(thread)] = 0;
      threads[slot(thread)] = 0;
      if (thread != child) continue;
      if (WIFEXITED(status)) { fputs("ended\n", notes); return WEXITSTATUS(status); }
      if (WTERMSIG(status) != SIGKILL) return 128 + WTERMSIG(status);
      kill(getpid(), SIGKILL);
    }
    int place = slot(thread), number = WSTOPSIG(status);
    if (is_detached) {
      // One that was on its way to a stop when the others went on.
      int is_ours = number == SIGSTOP || number == SIGTRAP || number == (SIGTRAP | 0x80);
      ptrace(PTRACE_DETACH, thread, NULL, is_ours ? 0 : number);
      continue;
    }
    if (number == (SIGTRAP | 0x80)) {
      const char *name = step(thread);
      is_naming[place] = name && changes_a_name(name);
      if (name && !is_holding && (!only || strcmp(name, only) == 0)) {
        fprintf(notes, "%s\n", name);
        if (first && strncmp(name, first, strlen(first)) == 0) first = NULL;
        if (!first) count++;
        if (first) {
          // Not yet.
        } else if (count == n && must_hold) {
          fputs("held\n", notes);
          is_holding = 1;
          for (int i = 0; i < most_threads; i++)
            if (threads[i] && i != place) syscall(SYS_tgkill, child, threads[i], SIGSTOP);
        } else if (count == n) {
          finish_names(place);
          fputs("killed\n", notes);
          kill(child, SIGKILL);
        }
      }
      number = 0;
    } else if (number == SIGTRAP || number == SIGSTOP) {
      // A clone, an exec, the first stop of a new thread, or a stop of our own.
      number = 0;
    }
    if (is_holding) continue;  // It stays where it is until it is released.
    ptrace(PTRACE_SYSCALL, thread, NULL, number);
  }
}
