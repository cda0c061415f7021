// The engine's third body: the routines of design_core/engine/reference.py in WebAssembly.
//
// One picture at a time. Maps are (H, W, lanes): channels are filled up to lanes, a multiple of 16.
// Bits of a pixel are whole bytes, bit b of byte k being channel 8·k + b, 1 for +1; bits beyond the
// channels are 0. Sums are int16, so a window holds fewer than 2^15 products (the reader sees to it).
//
// Sums of ±1 run over outputs, not over inputs: one byte of the window meets 16 outputs at once, XOR
// and count stay in lanes, and nothing is added across a vector. Four windows share each load of
// weights. Nothing here checks bounds: the caller plans the memory, and the module cannot leave its
// own.

#include <stdbool.h>
#include <stdint.h>
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#define EXPORT(name) __attribute__((export_name(#name))) name
#define UNROLL _Pragma("unroll")
#else  // for a processor, as design_core/engine/native does
#include "scalar.h"
#define EXPORT(name) design_##name
#define UNROLL
#endif

enum { LANES = 16, TILE = 4, COUNTS = 31 };  // COUNTS: bytes whose differing bits a byte can count

typedef uint8_t u8;

// ---- bits: packing, padding, sums

// File order (size, size, O, C), one bit each, into the order of bit_sums: (O/16, window bytes, 16).
void EXPORT(arrange_bits)(const u8 *file, int taps, int outputs, int channels, u8 *weights) {
  int bytes = (channels + 7) / 8, window = taps * bytes;
  for (int i = 0; i < (outputs + LANES - 1) / LANES * window * LANES; i++) weights[i] = 0;
  int bit = 0;
  for (int tap = 0; tap < taps; tap++)
    for (int o = 0; o < outputs; o++)
      for (int c = 0; c < channels; c++, bit++) {
        int place = (o / LANES * window + tap * bytes + c / 8) * LANES + o % LANES;
        weights[place] |= (file[bit >> 3] >> (bit & 7) & 1) << (c & 7);
      }
}

// Maps of `bytes` per pixel, widened by `margin`: by `fill` (bytes), or by the nearest pixel if null.
void EXPORT(pad)(const u8 *x, int height, int width, int bytes, int margin, const u8 *fill, u8 *padded) {
  for (int i = -margin; i < height + margin; i++) {
    int y = i < 0 ? 0 : i < height ? i : height - 1;
    for (int j = -margin; j < width + margin; j++, padded += bytes) {
      int z = j < 0 ? 0 : j < width ? j : width - 1;
      const u8 *from = fill && (y != i || z != j) ? fill : x + (y * width + z) * bytes;
      for (int k = 0; k < bytes; k++) padded[k] = from[k];
    }
  }
}

static v128_t widened(v128_t sums, v128_t counts, bool high) {
  return wasm_i16x8_add(sums, high ? wasm_u16x8_extend_high_u8x16(counts) : wasm_u16x8_extend_low_u8x16(counts));
}

// Sums of ±1 products of padded bits with all outputs: fan-in − 2 · bits that differ.
void EXPORT(bit_sums)(const u8 *x, int padded_width, int bytes, const u8 *weights, int lanes, int size,
                      int stride, int fan_in, int height, int width, int16_t *sums) {
  int row = padded_width * bytes, span = size * bytes, window = size * span, pixels = height * width;
  v128_t whole = wasm_i16x8_splat(fan_in);
  for (int first = 0; first < pixels; first += TILE) {
    const u8 *start[TILE];
    int16_t *end[TILE];
    for (int p = 0; p < TILE; p++) {
      int pixel = first + p < pixels ? first + p : pixels - 1;  // the last pixel fills the last tile
      start[p] = x + pixel / width * stride * row + pixel % width * stride * bytes;
      end[p] = sums + pixel * lanes;
    }
    for (int o = 0; o < lanes; o += LANES) {
      const u8 *w = weights + o * window;
      v128_t low[TILE] = {0}, high[TILE] = {0}, counts[TILE] = {0};
      int counted = 0;
      for (int u = 0; u < size; u++)
        for (int k = 0; k < span; k++, w += LANES) {
          v128_t weight = wasm_v128_load(w);
UNROLL
          for (int p = 0; p < TILE; p++) {
            v128_t differing = wasm_v128_xor(wasm_v128_load8_splat(start[p] + u * row + k), weight);
            counts[p] = wasm_i8x16_add(counts[p], wasm_i8x16_popcnt(differing));
          }
          if (++counted == COUNTS || (u == size - 1 && k == span - 1)) {
            counted = 0;
UNROLL
            for (int p = 0; p < TILE; p++) {
              low[p] = widened(low[p], counts[p], false);
              high[p] = widened(high[p], counts[p], true);
              counts[p] = wasm_i8x16_splat(0);
            }
          }
        }
UNROLL
      for (int p = 0; p < TILE; p++) {
        wasm_v128_store(end[p] + o, wasm_i16x8_sub(whole, wasm_i16x8_shl(low[p], 1)));
        wasm_v128_store(end[p] + o + 8, wasm_i16x8_sub(whole, wasm_i16x8_shl(high[p], 1)));
      }
    }
  }
}

// Where maps are padded by bits of 0 that are to count as 0 and not as −1: the sums of the weights
// over the channels, (taps, lanes), what each border pixel lacks.
void EXPORT(sum_weights)(const u8 *weights, int taps, int lanes, int channels, int outputs, int16_t *lacking) {
  int bytes = (channels + 7) / 8;
  for (int tap = 0; tap < taps; tap++)
    for (int o = 0; o < lanes; o++) {
      int ones = 0;
      for (int k = 0; k < bytes; k++)
        ones += __builtin_popcount(weights[((o / LANES * taps + tap) * bytes + k) * LANES + o % LANES]);
      lacking[tap * lanes + o] = o < outputs ? 2 * ones - channels : 0;
    }
}

void EXPORT(add_lacking)(int16_t *sums, int height, int width, int lanes, const int16_t *lacking, int size,
                         int stride, int in_height, int in_width) {
  int margin = size / 2;
  for (int i = 0; i < height; i++)
    for (int j = 0; j < width; j++)
      for (int tap = 0; tap < size * size; tap++) {
        int y = i * stride + tap / size - margin, x = j * stride + tap % size - margin;
        if (y >= 0 && y < in_height && x >= 0 && x < in_width) continue;
        int16_t *pixel = sums + (i * width + j) * lanes;
        for (int o = 0; o < lanes; o++) pixel[o] += lacking[tap * lanes + o];
      }
}

// Maxima of 2×2 sums; an odd last row or column is dropped. In place.
void EXPORT(pool)(int16_t *sums, int height, int width, int lanes) {
  int16_t *to = sums;
  for (int i = 0; i + 1 < height; i += 2)
    for (int j = 0; j + 1 < width; j += 2)
      for (int o = 0; o < lanes; o += 8, to += 8) {
        const int16_t *from = sums + (i * width + j) * lanes + o, *below = from + width * lanes;
        v128_t upper = wasm_i16x8_max(wasm_v128_load(from), wasm_v128_load(from + lanes));
        v128_t lower = wasm_i16x8_max(wasm_v128_load(below), wasm_v128_load(below + lanes));
        wasm_v128_store(to, wasm_i16x8_max(upper, lower));
      }
}

// ---- cutting: sum ≥ cuts[i mod rows, j mod columns, c], flipped where the channel's γ is negative

static void put(u8 *bits, int bytes, int o, int mask) {
  bits[o / 8] = mask;
  if (o / 8 + 1 < bytes) bits[o / 8 + 1] = mask >> 8;
}

// Lanes beyond the channels have cuts that no sum reaches, and are not flipped.
void EXPORT(cut_sums)(const int16_t *sums, int height, int width, int lanes, const int16_t *cuts, int rows,
                      int columns, const uint16_t *flips, int bytes, u8 *bits) {
  for (int i = 0; i < height; i++)
    for (int j = 0; j < width; j++, sums += lanes, bits += bytes) {
      const int16_t *cut = cuts + (i % rows * columns + j % columns) * lanes;
      for (int o = 0; o < lanes; o += LANES) {
        v128_t low = wasm_i16x8_ge(wasm_v128_load(sums + o), wasm_v128_load(cut + o));
        v128_t high = wasm_i16x8_ge(wasm_v128_load(sums + o + 8), wasm_v128_load(cut + o + 8));
        put(bits, bytes, o, wasm_i8x16_bitmask(wasm_i8x16_narrow_i16x8(low, high)) ^ flips[o / LANES]);
      }
    }
}

void EXPORT(cut_real)(const float *x, int height, int width, int lanes, const float *cuts, int rows,
                      int columns, const uint16_t *flips, int bytes, u8 *bits) {
  for (int i = 0; i < height; i++)
    for (int j = 0; j < width; j++, x += lanes, bits += bytes) {
      const float *cut = cuts + (i % rows * columns + j % columns) * lanes;
      for (int o = 0; o < lanes; o += LANES) {
        int mask = 0;
        for (int q = 0; q < LANES; q += 4)
          mask |= wasm_i32x4_bitmask(wasm_f32x4_ge(wasm_v128_load(x + o + q), wasm_v128_load(cut + o + q))) << q;
        put(bits, bytes, o, mask ^ flips[o / LANES]);
      }
    }
}

// ---- real sums, whose last bit may decide a bit: a chain of fused steps, as in reference.py

// a · b + c, rounded once: exact product in float64, sum rounded to odd there, then to float32.
static float fused(float a, float b, float c) {
  double product = (double)a * b, total = product + c;
  if (total - total != 0) return (float)total;  // not finite
  double part = total - product, error = (product - (total - part)) + (c - part);
  int64_t pattern;
  __builtin_memcpy(&pattern, &total, 8);
  if (error != 0 && !(pattern & 1)) pattern += (error > 0) == (total > 0) ? 1 : -1;
  __builtin_memcpy(&total, &pattern, 8);
  return (float)total;
}

static float exact_sum(const float *x, int row, int span, int size, const float *weights, int lanes, int o) {
  float sum = 0;
  for (int u = 0; u < size; u++)
    for (int k = 0; k < span; k++) sum = fused(x[u * row + k], weights[(u * span + k) * lanes + o], sum);
  return sum;
}

// Convolution of padded real maps, exact, for the outputs first … last − 1.
void EXPORT(real_sums)(const float *x, int padded_width, int channels, const float *weights, int lanes,
                       int size, int stride, int height, int width, int first, int last, float *sums) {
  int row = padded_width * channels, span = size * channels;
  for (int i = 0; i < height; i++)
    for (int j = 0; j < width; j++, sums += lanes)
      for (int o = first; o < last; o++)
        sums[o] = exact_sum(x + i * stride * row + j * stride * channels, row, span, size, weights, lanes, o);
}

void EXPORT(pool_real)(float *sums, int height, int width, int lanes, int first, int last) {
  float *to = sums;
  for (int i = 0; i + 1 < height; i += 2)
    for (int j = 0; j + 1 < width; j += 2, to += lanes)
      for (int o = first; o < last; o++) {
        const float *from = sums + (i * width + j) * lanes + o, *below = from + width * lanes;
        float upper = from[0] > from[lanes] ? from[0] : from[lanes];
        float lower = below[0] > below[lanes] ? below[0] : below[lanes];
        to[o] = upper > lower ? upper : lower;
      }
}

// How far a plain float32 chain can be from the fused one, per output, for |x| ≤ 1: either is within
// n·2^-24·Σ|w| of the real sum, to first order (Higham, Accuracy and Stability, section 3.1).
void EXPORT(bound_errors)(const float *weights, int products, int lanes, float *bounds) {
  for (int o = 0; o < lanes; o++) {
    double total = 0;
    for (int k = 0; k < products; k++) total += __builtin_fabs((double)weights[k * lanes + o]);
    bounds[o] = 2.1 * (products + 1) * 0x1p-24 * total;
  }
}

// Real maps and weights of a convolution whose sums are cut.
typedef struct {
  const float *weights, *bounds;
  int row, span, size, lanes;
  float largest;  // |x| at most
} Real;

static float exact_best(const Real *real, const float *const *starts, int count, int o) {
  float best = 0;
  for (int p = 0; p < count; p++) {
    float sum = exact_sum(starts[p], real->row, real->span, real->size, real->weights, real->lanes, o);
    best = p == 0 || sum > best ? sum : best;
  }
  return best;
}

// Four bits from plain sums; those so near their cut that rounding might turn them from exact ones.
static int near_bits(const Real *real, v128_t sum, const float *const *starts, int count, const float *cut, int o) {
  const float tiny = 0x1p-120f;  // where float32 sums may underflow
  v128_t limit = wasm_v128_load(cut + o);
  v128_t slack = wasm_f32x4_mul(wasm_v128_load(real->bounds + o), wasm_f32x4_splat(real->largest));
  v128_t far = wasm_f32x4_gt(wasm_f32x4_abs(wasm_f32x4_sub(sum, limit)), wasm_f32x4_add(slack, wasm_f32x4_splat(tiny)));
  int mask = wasm_i32x4_bitmask(wasm_f32x4_ge(sum, limit)), near = ~wasm_i32x4_bitmask(far) & 15;
  for (int q = 0; near >> q; q++)
    if (near >> q & 1) mask = (mask & ~(1 << q)) | (exact_best(real, starts, count, o + q) >= cut[o + q]) << q;
  return mask;
}

// Convolution of padded real maps, pooled if asked, and cut. |x| ≤ largest.
void EXPORT(real_block)(const float *x, int padded_width, int channels, const float *weights, int lanes,
                        int size, int stride, int height, int width, int pools, const float *bounds,
                        float largest, const float *cuts, int rows, int columns, const uint16_t *flips,
                        int bytes, u8 *bits) {
  Real real = {weights, bounds, padded_width * channels, size * channels, size, lanes, largest};
  if (pools) height /= 2, width /= 2;
  int pixels = height * width, per_tile = pools ? 1 : TILE;
  for (int first = 0; first < pixels; first += per_tile) {
    const float *starts[TILE];
    for (int p = 0; p < TILE; p++) {  // a tile is the windows of one pooled pixel, or of four
      int pixel = pools ? first : first + p < pixels ? first + p : pixels - 1;
      int i = pixel / width, j = pixel % width;
      if (pools) i = 2 * i + p / 2, j = 2 * j + p % 2;
      starts[p] = x + i * stride * real.row + j * stride * channels;
    }
    for (int o = 0; o < lanes; o += 8) {
      v128_t low[TILE] = {0}, high[TILE] = {0};
      const float *w = weights + o;
      for (int u = 0; u < size; u++)
        for (int k = 0; k < real.span; k++, w += lanes) {
          v128_t left = wasm_v128_load(w), right = wasm_v128_load(w + 4);
UNROLL
          for (int p = 0; p < TILE; p++) {
            v128_t value = wasm_v128_load32_splat(starts[p] + u * real.row + k);
            low[p] = wasm_f32x4_add(low[p], wasm_f32x4_mul(value, left));
            high[p] = wasm_f32x4_add(high[p], wasm_f32x4_mul(value, right));
          }
        }
      if (pools)
        for (int p = 1; p < TILE; p++) low[0] = wasm_f32x4_max(low[0], low[p]), high[0] = wasm_f32x4_max(high[0], high[p]);
      for (int p = 0; p < per_tile && first + p < pixels; p++) {
        int pixel = first + p, count = pools ? TILE : 1;
        const float *cut = cuts + (pixel / width % rows * columns + pixel % width % columns) * lanes;
        int mask = near_bits(&real, low[p], starts + p, count, cut, o) |
                   near_bits(&real, high[p], starts + p, count, cut, o + 4) << 4;
        if (o / 8 < bytes) bits[pixel * bytes + o / 8] = mask ^ (flips[o / LANES] >> o % LANES & 255);
      }
    }
  }
}

float EXPORT(largest)(const float *x, int count) {
  float most = 0;
  for (int k = 0; k < count; k++) {
    float size = __builtin_fabsf(x[k]);
    if (size > most) most = size;
  }
  return most;
}

void EXPORT(copy_real)(const float *x, int count, float *to) {
  for (int k = 0; k < count; k++) to[k] = x[k];
}

void EXPORT(real_of_sums)(const int16_t *sums, int count, float *x) {
  for (int k = 0; k < count; k++) x[k] = sums[k];
}

// Channel c becomes the channels c·copies …: maps of `from` values per pixel to maps of `lanes`.
void EXPORT(repeat)(const float *x, int pixels, int channels, int from, int copies, int lanes, float *y) {
  for (int k = 0; k < pixels; k++, x += from, y += lanes)
    for (int c = 0; c < channels * copies; c++) y[c] = x[c / copies];
}

// (x · scale) · slope + offset, plus the shortcut, which has `carried` channels; in place.
void EXPORT(scale_shift)(float *x, int pixels, int lanes, const float *scale, const float *slope,
                         const float *offset, const float *shortcut, int shortcut_lanes, int carried) {
  for (int k = 0; k < pixels; k++, x += lanes, shortcut += shortcut_lanes)
    for (int c = 0; c < lanes; c++) {
      x[c] = fused(x[c] * scale[c], slope[c], offset[c]);
      if (c < carried) x[c] += shortcut[c];
    }
}

// Means of stride × stride windows, those at the end of what pixels they have.
void EXPORT(average)(const float *x, int height, int width, int lanes, int stride, float *means) {
  for (int i = 0; i < height; i += stride)
    for (int j = 0; j < width; j += stride, means += lanes) {
      int tall = height - i < stride ? height - i : stride, wide = width - j < stride ? width - j : stride;
      for (int c = 0; c < lanes; c++) {
        float total = 0;
        for (int u = 0; u < tall; u++)
          for (int v = 0; v < wide; v++) total += x[((i + u) * width + j + v) * lanes + c];
        means[c] = total / (float)(tall * wide);
      }
    }
}

void EXPORT(global_mean)(const float *x, int pixels, int lanes, float *means) {
  for (int c = 0; c < lanes; c++) {
    double total = 0;
    for (int k = 0; k < pixels; k++) total += x[k * lanes + c];
    means[c] = (float)(total / pixels);
  }
}

// Real linear layer on bits, pixel after pixel: weights (pixels, channels, lanes).
void EXPORT(dense)(const u8 *bits, int pixels, int channels, int bytes, const float *weights, int lanes,
                   double *totals, float *scores) {
  for (int o = 0; o < lanes; o++) totals[o] = 0;
  for (int k = 0; k < pixels; k++)
    for (int c = 0; c < channels; c++, weights += lanes) {
      double sign = bits[k * bytes + c / 8] >> (c & 7) & 1 ? 1 : -1;
      for (int o = 0; o < lanes; o++) totals[o] += sign * weights[o];
    }
  for (int o = 0; o < lanes; o++) scores[o] = (float)totals[o];
}

// ---- folding: batch norm and thresholds become one cut per (cell, channel), as in packing.py

// The float32 numbers in order: 0 → 0, 1 → the smallest positive one, −1 → its negative.
static float float_of_key(int key) {
  uint32_t pattern = key < 0 ? 0x80000000u | (uint32_t)-key : (uint32_t)key;
  float value;
  __builtin_memcpy(&value, &pattern, 4);
  return value;
}

enum { LAST_KEY = 0x7F7FFFFF };  // the largest finite float32

typedef struct {
  float scale, slope, offset;
  bool real;
} Norm;

static bool fires(Norm norm, int key, float threshold) {
  float scaled = (norm.real ? float_of_key(key) : (float)key) * norm.scale, most = float_of_key(LAST_KEY);
  scaled = scaled > most ? most : scaled < -most ? -most : scaled;
  return fused(scaled, norm.slope, norm.offset) >= threshold;
}

// The first key at which `fires` turns, by bisection; `low` or `high` + 1 where it never does.
static int first_firing(Norm norm, float threshold, int low, int high, bool flipped) {
  bool last = fires(norm, high, threshold);
  if (fires(norm, low, threshold) == last) return last == flipped ? high + 1 : low;
  while ((int64_t)high - low > 1) {
    int middle = (int)(((int64_t)low + high) >> 1);
    if (fires(norm, middle, threshold) == last) high = middle;
    else low = middle;
  }
  return high;
}

// Cuts (cells, lanes), int16 of sums up to fan_in or float32 where `fan_in` is 0, and flips.
// Thresholds are (slices, cells); channel c uses slice c mod slices.
void EXPORT(fold)(const float *scale, const float *slope, const float *offset, int channels, int lanes,
                  const float *thresholds, int slices, int cells, int fan_in, void *cuts, uint16_t *flips) {
  int low = fan_in ? -fan_in : -LAST_KEY, high = fan_in ? fan_in : LAST_KEY;
  for (int g = 0; g < lanes / LANES; g++) flips[g] = 0;
  for (int c = 0; c < channels; c++) {
    Norm norm = {scale[c], slope[c], offset[c], !fan_in};
    const float *own = thresholds + c % slices * cells;
    bool flipped = false;
    for (int cell = 0; cell < cells; cell++)
      flipped |= fires(norm, low, own[cell]) && !fires(norm, high, own[cell]);
    flips[c / LANES] |= flipped << c % LANES;
    for (int cell = 0; cell < cells; cell++) {
      int key = first_firing(norm, own[cell], low, high, flipped);
      if (fan_in) ((int16_t *)cuts)[cell * lanes + c] = key;
      else ((float *)cuts)[cell * lanes + c] =
          key > LAST_KEY ? __builtin_inff() : key <= -LAST_KEY ? -__builtin_inff() : float_of_key(key);
    }
  }
  for (int cell = 0; cell < cells; cell++)
    for (int c = channels; c < lanes; c++) {
      if (fan_in) ((int16_t *)cuts)[cell * lanes + c] = INT16_MAX;
      else ((float *)cuts)[cell * lanes + c] = __builtin_inff();
    }
}
