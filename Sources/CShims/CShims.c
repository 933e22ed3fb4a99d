#define _GNU_SOURCE 1
#include "CShims.h"

#if defined(IMAGEWIRE_LINKED) && defined(__linux__)

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <math.h>
#include <nss.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/// glibc 2.36. As there, without random bytes nothing goes on.
uint32_t arc4random(void) {
  uint32_t number;
  for (size_t filled = 0; filled < sizeof number;) {
    ssize_t count = getrandom((char *)&number + filled, sizeof number - filled, 0);
    if (count < 0 && errno != EINTR) abort();
    if (count > 0) filled += (size_t)count;
  }
  return number;
}

/// Its version of 2.35 sets no errno. In double precision no square of a float is too large or too small.
float hypotf(float x, float y) {
  if (isinf(x) || isinf(y)) return INFINITY;
  return (float)sqrt((double)x * x + (double)y * y);
}

/// An address, and what is found of it.
struct search {
  uintptr_t address;
  struct dl_find_object *found;
};

static int look(struct dl_phdr_info *object, size_t size, void *context) {
  (void)size;
  struct search *search = context;
  uintptr_t start = UINTPTR_MAX, end = 0, frame = 0;
  int is_inside = 0;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    uintptr_t from = object->dlpi_addr + part->p_vaddr, to = from + part->p_memsz;
    if (part->p_type == PT_GNU_EH_FRAME) frame = from;
    if (part->p_type != PT_LOAD) continue;
    if (from < start) start = from;
    if (to > end) end = to;
    if (search->address >= from && search->address < to) is_inside = 1;
  }
  if (!is_inside) return 0;
  memset(search->found, 0, sizeof *search->found);
  search->found->dlfo_map_start = (void *)start;
  search->found->dlfo_map_end = (void *)end;
  search->found->dlfo_eh_frame = (void *)frame;
  return 1;
}

/// glibc 2.35: which object an address belongs to. libgcc's unwinder asks it for the table of frames. Where glibc is inside, its own
/// takes the place of this one.
__attribute__((weak)) int _dl_find_object(void *address, struct dl_find_object *found) {
  struct search search = {(uintptr_t)address, found};
  return dl_iterate_phdr(look, &search) == 1 && found->dlfo_eh_frame ? 0 : -1;
}

#if defined(__aarch64__)

// The library of Swift for arm64 is that of a newer Debian, whose headers give these functions other names.

/// glibc 2.38, which read binary numbers too.
long __isoc23_strtol(const char *text, char **end, int base) { return strtol(text, end, base); }
long long __isoc23_strtoll(const char *text, char **end, int base) { return strtoll(text, end, base); }
int __isoc23_sscanf(const char *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int count = vsscanf(text, format, arguments);
  va_end(arguments);
  return count;
}

#endif

/// Lets glibc's own code find hosts and users where glibc is inside. Otherwise it would open the modules that the system's nsswitch.conf
/// names, which belong to another glibc and end the process.
__attribute__((constructor)) static void keep_to_own_resolvers(void) {
  if (!cshims_holds_glibc()) return;
  __nss_configure_lookup("hosts", "files dns");
  __nss_configure_lookup("passwd", "files");
}

#endif

#if defined(__linux__)

/// The dynamic linker's part of a program; a program without it needs no other file.
extern const char dynamic_section[] __asm__("_DYNAMIC") __attribute__((weak, visibility("hidden")));

bool cshims_holds_glibc(void) { return !dynamic_section; }

#else

bool cshims_holds_glibc(void) { return false; }

#endif
