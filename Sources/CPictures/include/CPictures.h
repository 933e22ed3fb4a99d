// Decoders of the system (libpng, libjpeg-turbo, libwebp, libheif), opened at run time, and the process in which they run.
//
// The libraries' declarations that are used here are written out, so that building needs no headers of them.
#ifndef CPICTURES_H
#define CPICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// MARK: - Decoders

/// A library, as a bit. libheif has a decoder for each of two codecs, which may be missing: of AVIF it is AV1, of HEIC HEVC.
enum cpictures_library {
  CPICTURES_PNG = 1,
  CPICTURES_JPEG = 2,
  CPICTURES_WEBP = 4,
  CPICTURES_HEIF = 8,
  CPICTURES_AV1 = 16,
  CPICTURES_HEVC = 32,
};

/// How a decoder ended.
enum cpictures_outcome {
  CPICTURES_DONE,
  /// The file is cut or damaged.
  CPICTURES_DAMAGED,
  /// It has more pixels than allowed; nothing was decoded.
  CPICTURES_TOO_LARGE,
  /// There is not enough memory.
  CPICTURES_NO_MEMORY,
  /// A variant that the library does not decode, such as an animation.
  CPICTURES_UNSUPPORTED,
};

/// Opens these libraries. Returns those that are open now.
unsigned cpictures_open(unsigned libraries);

/// Rows of pixels without padding.
struct cpictures_raster {
  /// Freed with `free`, but for those of `cpictures_decode_heif`; NULL unless the outcome is `CPICTURES_DONE`.
  uint8_t *_Nullable pixels;
  size_t width, height;
  /// 3 for red, green, blue; 4 with alpha behind them, not premultiplied.
  size_t channels;
};

/// Each decodes a whole file with an open library. `limit` is the greatest number of pixels by the header.
enum cpictures_outcome cpictures_decode_png(const uint8_t *bytes, size_t count, uint64_t limit,
                                            struct cpictures_raster *raster);
enum cpictures_outcome cpictures_decode_webp(const uint8_t *bytes, size_t count, uint64_t limit,
                                             struct cpictures_raster *raster);
/// Decodes at 1/2, 1/4 or 1/8 where the longest side then still has `least` pixels.
///
/// `bytes` ends with a marker EOI of its own, behind that of the file: a whole file without one is then not damaged.
enum cpictures_outcome cpictures_decode_jpeg(const uint8_t *bytes, size_t count, uint64_t limit, size_t least,
                                             struct cpictures_raster *raster);

/// Decodes the primary image of an AVIF or HEIC, turned and cropped as the file says. `profile` takes its ICC profile if that
/// has at most `room` bytes, and `profile_count` its length; 0 where there is none. The pixels stay until the process ends.
enum cpictures_outcome cpictures_decode_heif(const uint8_t *bytes, size_t count, uint64_t limit,
                                             struct cpictures_raster *raster, uint8_t *profile, size_t room,
                                             size_t *profile_count);

/// Each encodes pixels into memory that is freed with `free`; NULL without memory. The library must be open. A PNG says
/// that its colours are sRGB, unless a profile of its own is to be added.
uint8_t *_Nullable cpictures_encode_png(const uint8_t *pixels, size_t width, size_t height, size_t channels, bool is_srgb,
                                        size_t *count);
/// Three channels only. `quality` is from 1 to 100.
uint8_t *_Nullable cpictures_encode_jpeg(const uint8_t *pixels, size_t width, size_t height, int quality, size_t *count);

/// What zlib makes of bytes, in memory that is freed with `free`. NULL where they are damaged, would become longer than
/// `limit`, or zlib is not open; libpng opens it.
uint8_t *_Nullable cpictures_inflate(const uint8_t *bytes, size_t length, size_t limit, size_t *count);
uint8_t *_Nullable cpictures_deflate(const uint8_t *bytes, size_t length, size_t *count);
/// The checksum of a PNG's chunk. zlib must be open.
uint32_t cpictures_crc(const uint8_t *bytes, size_t count);

/// The whole of a regular file, with two bytes of room behind it for a marker; NULL where it cannot be read or has more
/// than `limit` bytes. It stays until the process ends.
uint8_t *_Nullable cpictures_read(int descriptor, size_t limit, size_t *count);

// MARK: - The process

/// Starts this program again as a child that has `input` as standard input, `output` as standard output and no other
/// descriptor, no environment, no blocked signals and no ignored ones. Returns its process id, or -1 (`errno`).
///
/// `arguments` ends with NULL.
int cpictures_spawn(char *_Nullable const *_Nonnull arguments, int input, int output);

/// Makes a pipe whose ends, for reading and for writing, no other child inherits. Returns 0, or -1 (`errno`).
int cpictures_pipe(int ends[_Nonnull 2]);

/// Called first in the child: it ends with the thread that started it, and at most `memory` bytes and `seconds` of
/// processor time are its own. False where the parent has ended already.
bool cpictures_limit(uint64_t memory, unsigned seconds);

/// Called when the decoders are open: from now on the kernel ends the process at any system call but those that compute,
/// read and write; with `starts_threads` also to start threads. False where the kernel refuses that.
bool cpictures_confine(bool starts_threads);

#pragma clang assume_nonnull end
#endif
