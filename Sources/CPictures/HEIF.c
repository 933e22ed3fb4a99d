#define _GNU_SOURCE 1
#include "CShims.h"
#include "Decoding.h"

#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
#include <pthread.h>
#endif

// MARK: - The library's declarations

/// Of heif.h: types that a program does not look into, and numbers that no version changes.
struct heif_error {
  int code, subcode;
  const char *message;
};
enum { HEIF_UNSUPPORTED_FILETYPE = 3, HEIF_UNSUPPORTED_FEATURE = 4, HEIF_NO_MEMORY = 6 };
enum { HEIF_SECURITY_LIMIT_EXCEEDED = 1000 };
enum { HEIF_HEVC = 1, HEIF_AV1 = 4, HEIF_RGB = 1, HEIF_INTERLEAVED_RGB = 10, HEIF_INTERLEAVED_RGBA = 11, HEIF_INTERLEAVED = 10 };

static struct {
  int (*has_decoder)(int);
  void *(*new_context)(void);
  struct heif_error (*read)(void *, const void *, size_t, const void *);
  struct heif_error (*primary)(void *, void **);
  int (*stored_width)(const void *);
  int (*stored_height)(const void *);
  int (*has_alpha)(const void *);
  size_t (*profile_size)(const void *);
  struct heif_error (*profile)(const void *, void *);
  struct heif_error (*decode)(const void *, void **, int, int, const void *);
  int (*image_width)(const void *, int);
  int (*image_height)(const void *, int);
  uint8_t *(*plane)(void *, int, int *);
  // NULL in versions before 1.13.
  struct heif_error (*init)(const void *);
  void (*set_threads)(void *, int);
  // NULL before 1.12.
  int (*is_premultiplied)(const void *);
} heif;

// MARK: - Opening it

/// libde265 has a thread, of which the C library would reserve too much address space: 128 MB for its allocations, and for its
/// stack as much as the limit of this process's.
static void keep_threads_small(void) {
#if defined(__GLIBC__)
  mallopt(M_ARENA_MAX, 1);
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes)) return;
  if (!pthread_attr_setstacksize(&attributes, 2 << 20)) (void)pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
#endif
}

unsigned cpictures_open_heif(void) {
  if (cshims_holds_glibc()) return 0;
  const char *const name = "libheif.so.1";
  const struct symbol symbols[] = {
      SYSTEM_FUNCTION(heif.has_decoder, heif_have_decoder_for_format),
      SYSTEM_FUNCTION(heif.new_context, heif_context_alloc),
      SYSTEM_FUNCTION(heif.read, heif_context_read_from_memory_without_copy),
      SYSTEM_FUNCTION(heif.primary, heif_context_get_primary_image_handle),
      SYSTEM_FUNCTION(heif.stored_width, heif_image_handle_get_ispe_width),
      SYSTEM_FUNCTION(heif.stored_height, heif_image_handle_get_ispe_height),
      SYSTEM_FUNCTION(heif.has_alpha, heif_image_handle_has_alpha_channel),
      SYSTEM_FUNCTION(heif.profile_size, heif_image_handle_get_raw_color_profile_size),
      SYSTEM_FUNCTION(heif.profile, heif_image_handle_get_raw_color_profile),
      SYSTEM_FUNCTION(heif.decode, heif_decode_image),
      SYSTEM_FUNCTION(heif.image_width, heif_image_get_width),
      SYSTEM_FUNCTION(heif.image_height, heif_image_get_height),
      SYSTEM_FUNCTION(heif.plane, heif_image_get_plane),
  };
  const struct symbol newer[] = {
      SYSTEM_FUNCTION(heif.init, heif_init),
      SYSTEM_FUNCTION(heif.set_threads, heif_context_set_max_decoding_threads),
  };
  keep_threads_small();
  if (!OPEN(name, symbols)) return 0;
  (void)OPEN(name, newer);
  const struct symbol newest[] = {
      SYSTEM_FUNCTION(heif.is_premultiplied, heif_image_handle_is_premultiplied_alpha),
  };
  (void)OPEN(name, newest);
  // Opens the codecs too, where they are libraries of their own.
  if (heif.init) (void)heif.init(NULL);
  return CPICTURES_HEIF | (heif.has_decoder(HEIF_AV1) ? CPICTURES_AV1 : 0) |
         (heif.has_decoder(HEIF_HEVC) ? CPICTURES_HEVC : 0);
}

// MARK: - Decoding

/// What decoding takes for each pixel: a byte and a half as they are stored, three on the way to other colours, and three there.
enum { BYTES_FOR_PIXEL = 7 };

static enum cpictures_outcome outcome_of(struct heif_error error) {
  switch (error.code) {
  case 0: return CPICTURES_DONE;
  case HEIF_NO_MEMORY: return error.subcode == HEIF_SECURITY_LIMIT_EXCEEDED ? CPICTURES_TOO_LARGE : CPICTURES_NO_MEMORY;
  case HEIF_UNSUPPORTED_FILETYPE:
  case HEIF_UNSUPPORTED_FEATURE: return CPICTURES_UNSUPPORTED;
  default: return CPICTURES_DAMAGED;
  }
}

/// Divides the colours by alpha, by which they were multiplied.
static void unmultiply(uint8_t *pixel, size_t count) {
  for (const uint8_t *end = pixel + count * 4; pixel < end; pixel += 4) {
    unsigned alpha = pixel[3];
    for (int i = 0; alpha && i < 3; i++) {
      unsigned colour = (pixel[i] * 255u + alpha / 2) / alpha;
      pixel[i] = (uint8_t)(colour > 255 ? 255 : colour);
    }
  }
}

enum cpictures_outcome cpictures_decode_heif(const uint8_t *bytes, size_t count, uint64_t limit,
                                             struct cpictures_raster *raster, uint8_t *profile, size_t room,
                                             size_t *profile_count) {
  // Nothing is freed: the process ends soon, and what is not called has no faults.
  void *context = heif.new_context(), *handle = NULL, *image = NULL;
  if (!context) return CPICTURES_NO_MEMORY;
  // 0: tiles are decoded on this thread.
  if (heif.set_threads) heif.set_threads(context, 0);
  enum cpictures_outcome outcome = outcome_of(heif.read(context, bytes, count, NULL));
  if (outcome == CPICTURES_DONE) outcome = outcome_of(heif.primary(context, &handle));
  // As it is stored: all of that is decoded, also where a part is shown.
  if (outcome == CPICTURES_DONE) outcome = check(heif.stored_width(handle), heif.stored_height(handle), limit);
  if (outcome != CPICTURES_DONE) return outcome;

  bool has_alpha = heif.has_alpha(handle);
  int layout = has_alpha ? HEIF_INTERLEAVED_RGBA : HEIF_INTERLEAVED_RGB;
  outcome = outcome_of(heif.decode(handle, &image, HEIF_RGB, layout, NULL));
  if (outcome != CPICTURES_DONE) {
    // The codecs do not tell what failed. With too little memory for these pixels it was that.
    size_t least = (size_t)heif.stored_width(handle) * (size_t)heif.stored_height(handle) * BYTES_FOR_PIXEL;
    void *room = malloc(least);
    free(room);
    return room ? outcome : CPICTURES_NO_MEMORY;
  }
  int width = heif.image_width(image, HEIF_INTERLEAVED), height = heif.image_height(image, HEIF_INTERLEAVED), stride = 0;
  uint8_t *pixels = heif.plane(image, HEIF_INTERLEAVED, &stride);
  // The image itself may be larger than the file's boxes say.
  outcome = check(width, height, limit);
  if (outcome != CPICTURES_DONE) return outcome;
  size_t row = (size_t)width * (has_alpha ? 4 : 3);
  if (!pixels || stride < 0 || (size_t)stride < row) return CPICTURES_DAMAGED;
  for (size_t i = 1; i < (size_t)height; i++) memmove(pixels + i * row, pixels + i * (size_t)stride, row);
  if (has_alpha && heif.is_premultiplied && heif.is_premultiplied(handle)) {
    unmultiply(pixels, (size_t)width * (size_t)height);
  }
  *raster = (struct cpictures_raster){pixels, (size_t)width, (size_t)height, has_alpha ? 4 : 3};

  *profile_count = heif.profile_size(handle);
  if (*profile_count > room || heif.profile(handle, profile).code) *profile_count = 0;
  return CPICTURES_DONE;
}
