#include "Decoding.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// MARK: - The libraries' declarations

/// `png_image` of libpng's simplified API (png.h of 1.6).
struct png_image {
  void *opaque;
  uint32_t version, width, height, format, flags, colormap_entries, warning_or_error;
  char message[64];
};
enum { PNG_IMAGE_VERSION = 1, PNG_FORMAT_FLAG_ALPHA = 1, PNG_FORMAT_RGB = 2, PNG_FORMAT_RGBA = 3 };
enum { PNG_IMAGE_FLAG_COLORSPACE_NOT_sRGB = 1, PNG_IMAGE_FLAG_FAST = 2, PNG_IMAGE_FLAG_16BIT_sRGB = 4 };

/// Of turbojpeg.h, whose TurboJPEG 2 interface version 3 has as well.
enum { TJPF_RGB = 0, TJPF_CMYK = 11, TJSAMP_420 = 2, TJCS_CMYK = 3, TJCS_YCCK = 4, TJERR_FATAL = 1 };

static struct {
  int (*begin_read)(struct png_image *, const void *, size_t);
  int (*finish_read)(struct png_image *, const void *, void *, int32_t, void *);
  int (*write)(struct png_image *, void *, size_t *, int, const void *, int32_t, const void *);
  void (*free)(struct png_image *);
} png;

static struct {
  void *(*init_decompress)(void);
  int (*header)(void *, const unsigned char *, unsigned long, int *, int *, int *, int *);
  int (*decompress)(void *, const unsigned char *, unsigned long, unsigned char *, int, int, int, int, int);
  int (*error_code)(void *);
  char *(*error_text)(void *);
  void *(*init_compress)(void);
  int (*compress)(void *, const unsigned char *, int, int, int, int, unsigned char **, unsigned long *, int, int, int);
  void (*free)(unsigned char *);
  int (*destroy)(void *);
} jpeg;

static struct {
  int (*info)(const uint8_t *, size_t, int *, int *);
  uint8_t *(*decode)(const uint8_t *, size_t, uint8_t *, size_t, int);
} webp;

/// zlib, by which libpng compresses.
static struct {
  int (*compress)(uint8_t *, unsigned long *, const uint8_t *, unsigned long);
  int (*uncompress)(uint8_t *, unsigned long *, const uint8_t *, unsigned long);
  unsigned long (*bound)(unsigned long);
  unsigned long (*crc)(unsigned long, const uint8_t *, unsigned);
  bool is_open;
} zlib;

// MARK: - Opening them

unsigned cpictures_open(unsigned libraries) {
  unsigned opened = 0;
#if defined(__linux__)
  const struct symbol of_png[] = {
      FUNCTION(png.begin_read, png_image_begin_read_from_memory),
      FUNCTION(png.finish_read, png_image_finish_read),
      FUNCTION(png.write, png_image_write_to_memory),
      FUNCTION(png.free, png_image_free),
  };
  const struct symbol of_jpeg[] = {
      FUNCTION(jpeg.init_decompress, tjInitDecompress), FUNCTION(jpeg.header, tjDecompressHeader3),
      FUNCTION(jpeg.decompress, tjDecompress2),         FUNCTION(jpeg.error_code, tjGetErrorCode),
      FUNCTION(jpeg.error_text, tjGetErrorStr2),        FUNCTION(jpeg.init_compress, tjInitCompress),
      FUNCTION(jpeg.compress, tjCompress2),             FUNCTION(jpeg.free, tjFree),
      FUNCTION(jpeg.destroy, tjDestroy),
  };
  const struct symbol of_webp[] = {FUNCTION(webp.info, WebPGetInfo), FUNCTION(webp.decode, WebPDecodeRGBAInto)};
  const struct symbol of_zlib[] = {
      FUNCTION(zlib.compress, compress),
      FUNCTION(zlib.uncompress, uncompress),
      FUNCTION(zlib.bound, compressBound),
      FUNCTION(zlib.crc, crc32),
  };
  if (libraries & CPICTURES_PNG && OPEN("libpng16.so.16", of_png)) {
    opened |= CPICTURES_PNG;
    zlib.is_open = OPEN("libz.so.1", of_zlib);
  }
  if (libraries & CPICTURES_JPEG && OPEN("libturbojpeg.so.0", of_jpeg)) opened |= CPICTURES_JPEG;
  if (libraries & CPICTURES_WEBP && OPEN("libwebp.so.7", of_webp)) opened |= CPICTURES_WEBP;
  if (libraries & (CPICTURES_HEIF | CPICTURES_AV1 | CPICTURES_HEVC)) opened |= libraries & cpictures_open_heif();
#else
  (void)libraries, (void)open_one;
#endif
  return opened;
}

// MARK: - Decoding

static enum cpictures_outcome make(struct cpictures_raster *raster, size_t width, size_t height, size_t channels) {
  *raster = (struct cpictures_raster){malloc(width * height * channels), width, height, channels};
  return raster->pixels ? CPICTURES_DONE : CPICTURES_NO_MEMORY;
}

static enum cpictures_outcome fail(struct cpictures_raster *raster, enum cpictures_outcome outcome) {
  free(raster->pixels);
  raster->pixels = NULL;
  return outcome;
}

enum cpictures_outcome cpictures_decode_png(const uint8_t *bytes, size_t count, uint64_t limit,
                                            struct cpictures_raster *raster) {
  struct png_image image = {.version = PNG_IMAGE_VERSION};
  if (!png.begin_read(&image, bytes, count)) return CPICTURES_DAMAGED;
  // Without it libpng takes 16 bits that say nothing of their gamma for linear light, which no other reader does.
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  bool has_alpha = image.format & PNG_FORMAT_FLAG_ALPHA;
  image.format = has_alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  enum cpictures_outcome outcome = check(image.width, image.height, limit);
  if (outcome == CPICTURES_DONE) outcome = make(raster, image.width, image.height, has_alpha ? 4 : 3);
  if (outcome != CPICTURES_DONE) {
    png.free(&image);
    return outcome;
  }
  // Frees the image in every case.
  if (!png.finish_read(&image, NULL, raster->pixels, 0, NULL)) {
    bool lacks_memory = strstr(image.message, "memory") != NULL;
    return fail(raster, lacks_memory ? CPICTURES_NO_MEMORY : CPICTURES_DAMAGED);
  }
  return CPICTURES_DONE;
}

enum cpictures_outcome cpictures_decode_webp(const uint8_t *bytes, size_t count, uint64_t limit,
                                             struct cpictures_raster *raster) {
  int width = 0, height = 0;
  if (!webp.info(bytes, count, &width, &height)) return CPICTURES_DAMAGED;
  enum cpictures_outcome outcome = check(width, height, limit);
  if (outcome == CPICTURES_DONE) outcome = make(raster, (size_t)width, (size_t)height, 4);
  if (outcome != CPICTURES_DONE) return outcome;
  if (webp.decode(bytes, count, raster->pixels, raster->width * raster->height * 4, width * 4)) return CPICTURES_DONE;
  // The flag of an animation in an extended header (WebP Container Specification, "Extended File Format").
  bool is_animation = count > 20 && !memcmp(bytes + 12, "VP8X", 4) && bytes[20] & 2;
  return fail(raster, is_animation ? CPICTURES_UNSUPPORTED : CPICTURES_DAMAGED);
}

/// Converts the pixels of Adobe's CMYK, which are inverted, to RGB, in place and without a profile.
static void convert_from_cmyk(struct cpictures_raster *raster) {
  uint8_t *to = raster->pixels;
  const uint8_t *end = raster->pixels + raster->width * raster->height * 4;
  for (const uint8_t *from = raster->pixels; from < end; from += 4, to += 3) {
    unsigned black = from[3], red = from[0] * black / 255, green = from[1] * black / 255, blue = from[2] * black / 255;
    to[0] = (uint8_t)red, to[1] = (uint8_t)green, to[2] = (uint8_t)blue;
  }
  raster->channels = 3;
}

static enum cpictures_outcome decode_jpeg(void *handle, const uint8_t *bytes, size_t count, uint64_t limit, size_t least,
                                          struct cpictures_raster *raster) {
  int width = 0, height = 0, sampling = 0, colours = 0;
  if (jpeg.header(handle, bytes, count, &width, &height, &sampling, &colours) &&
      (jpeg.error_code(handle) == TJERR_FATAL || !width)) {
    return CPICTURES_DAMAGED;
  }
  enum cpictures_outcome outcome = check(width, height, limit);
  if (outcome != CPICTURES_DONE) return outcome;
  int divisor = 8;
  while (divisor > 1 && (size_t)((width > height ? width : height) + divisor - 1) / (size_t)divisor < least) divisor /= 2;
  width = (width + divisor - 1) / divisor;
  height = (height + divisor - 1) / divisor;
  bool is_cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
  outcome = make(raster, (size_t)width, (size_t)height, is_cmyk ? 4 : 3);
  if (outcome != CPICTURES_DONE) return outcome;
  int format = is_cmyk ? TJPF_CMYK : TJPF_RGB;
  if (jpeg.decompress(handle, bytes, count, raster->pixels, width, 0, height, format, 0)) {
    const char *text = jpeg.error_text(handle);
    if (strstr(text, "memory")) return fail(raster, CPICTURES_NO_MEMORY);
    // Other warnings are about bytes that decoders agree to skip.
    if (jpeg.error_code(handle) == TJERR_FATAL || strstr(text, "premature end of data segment")) {
      return fail(raster, CPICTURES_DAMAGED);
    }
  }
  if (is_cmyk) convert_from_cmyk(raster);
  return CPICTURES_DONE;
}

enum cpictures_outcome cpictures_decode_jpeg(const uint8_t *bytes, size_t count, uint64_t limit, size_t least,
                                             struct cpictures_raster *raster) {
  void *handle = jpeg.init_decompress();
  if (!handle) return CPICTURES_NO_MEMORY;
  enum cpictures_outcome outcome = decode_jpeg(handle, bytes, count, limit, least, raster);
  jpeg.destroy(handle);
  return outcome;
}

// MARK: - Encoding

uint8_t *cpictures_encode_png(const uint8_t *pixels, size_t width, size_t height, size_t channels, bool is_srgb,
                              size_t *count) {
  struct png_image image = {
      .version = PNG_IMAGE_VERSION,
      .width = (uint32_t)width,
      .height = (uint32_t)height,
      .format = channels == 4 ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB,
      .flags = PNG_IMAGE_FLAG_FAST | (is_srgb ? 0 : PNG_IMAGE_FLAG_COLORSPACE_NOT_sRGB),
  };
  // Data that cannot be compressed grows by less than a hundredth, its rows by a byte each; the rest is for the chunks.
  size_t room = width * height * channels;
  *count = room + room / 64 + height + 4096;
  uint8_t *bytes = malloc(*count);
  if (bytes && !png.write(&image, bytes, count, 0, pixels, 0, NULL)) {
    free(bytes);
    bytes = NULL;
  }
  return bytes;
}

uint8_t *cpictures_encode_jpeg(const uint8_t *pixels, size_t width, size_t height, int quality, size_t *count) {
  void *handle = jpeg.init_compress();
  if (!handle) return NULL;
  unsigned char *encoded = NULL;
  unsigned long length = 0;
  int failed = jpeg.compress(handle, pixels, (int)width, 0, (int)height, TJPF_RGB, &encoded, &length, TJSAMP_420, quality, 0);
  uint8_t *bytes = failed ? NULL : malloc(length);
  if (bytes) {
    memcpy(bytes, encoded, length);
    *count = length;
  }
  jpeg.free(encoded);
  jpeg.destroy(handle);
  return bytes;
}

// MARK: - zlib

uint8_t *cpictures_inflate(const uint8_t *bytes, size_t length, size_t limit, size_t *count) {
  unsigned long filled = limit;
  uint8_t *inflated = zlib.is_open ? malloc(limit) : NULL;
  if (inflated && zlib.uncompress(inflated, &filled, bytes, length)) {
    free(inflated);
    inflated = NULL;
  }
  *count = filled;
  return inflated;
}

uint8_t *cpictures_deflate(const uint8_t *bytes, size_t length, size_t *count) {
  unsigned long filled = zlib.is_open ? zlib.bound(length) : 0;
  uint8_t *deflated = zlib.is_open ? malloc(filled) : NULL;
  if (deflated && zlib.compress(deflated, &filled, bytes, length)) {
    free(deflated);
    deflated = NULL;
  }
  *count = filled;
  return deflated;
}

uint32_t cpictures_crc(const uint8_t *bytes, size_t count) { return (uint32_t)zlib.crc(0, bytes, (unsigned)count); }

uint8_t *cpictures_read(int descriptor, size_t limit, size_t *count) {
  struct stat status;
  if (fstat(descriptor, &status) || !S_ISREG(status.st_mode) || status.st_size < 0 || (uint64_t)status.st_size > limit) {
    return NULL;
  }
  size_t length = (size_t)status.st_size, page = (size_t)sysconf(_SC_PAGESIZE), filled = 0;
  *count = length;
  // The rest of the last page can be written to. A mapped file is not copied, which takes milliseconds.
  if (length % page && length % page + 2 <= page) {
    void *mapped = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0);
    if (mapped != MAP_FAILED) return mapped;
  }
  uint8_t *bytes = malloc(length + 2);
  while (bytes && filled < length) {
    ssize_t got = pread(descriptor, bytes + filled, length - filled, (off_t)filled);
    if (got <= 0) {
      free(bytes);
      return NULL;
    }
    filled += (size_t)got;
  }
  return bytes;
}
