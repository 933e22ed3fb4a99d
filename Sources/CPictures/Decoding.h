// What the decoders share.
#ifndef DECODING_H
#define DECODING_H

#include "CPictures.h"

#include <dlfcn.h>
#include <string.h>

/// A function of a library, and where its address belongs.
struct symbol {
  void *place;
  const char *name;
  /// Where it is in this program; NULL where the library is not in it.
  const void *address;
};

/// A function of a library that release builds hold (.ci/libraries), and of one that is always the system's.
#if defined(IMAGEWIRE_LINKED)
#define FUNCTION(place, name) {&place, #name, ({ extern const char name[]; (const void *)name; })}
#else
#define FUNCTION(place, name) {&place, #name, NULL}
#endif
#define SYSTEM_FUNCTION(place, name) {&place, #name, NULL}

/// Opens a library and finds its functions. False where one of them is missing.
static inline bool open_one(const char *name, const struct symbol *symbols, size_t count) {
  void *library = symbols[0].address ? NULL : dlopen(name, RTLD_NOW | RTLD_LOCAL);
  for (size_t i = 0; i < count; i++) {
    const void *address = library ? dlsym(library, symbols[i].name) : symbols[i].address;
    if (!address) return false;
    memcpy(symbols[i].place, &address, sizeof address);
  }
  return true;
}

#define OPEN(name, symbols) open_one(name, symbols, sizeof symbols / sizeof *symbols)

/// Whether an image of this size may be decoded: its pixels are no more than `limit`.
static inline enum cpictures_outcome check(int64_t width, int64_t height, uint64_t limit) {
  if (width <= 0 || height <= 0) return CPICTURES_DAMAGED;
  return (uint64_t)width > limit / (uint64_t)height ? CPICTURES_TOO_LARGE : CPICTURES_DONE;
}

/// Opens libheif, and answers which of `CPICTURES_HEIF`, `CPICTURES_AV1` and `CPICTURES_HEVC` are there.
unsigned cpictures_open_heif(void);

#endif
