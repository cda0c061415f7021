// What engine.c takes of wasm_simd128.h, in plain C: a vector of 16 bytes, and loops over its lanes,
// which compilers turn into what vectors a processor has.

#ifndef DESIGN_SCALAR_H
#define DESIGN_SCALAR_H

#include <float.h>
#include <stdint.h>
#include <string.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Packed files are read as they are, on little-endian processors."
#endif
#if defined(__FAST_MATH__) || FLT_EVAL_METHOD != 0
#error "Sums of float32 are rounded one by one: no -ffast-math, and on 32-bit x86 -msse2 -mfpmath=sse."
#endif

typedef union {
  uint8_t u8[16];
  int16_t i16[8];
  uint16_t u16[8];
  int32_t i32[4];
  float f32[4];
} v128_t;

#define LANEWISE(lanes, field, value)                                  \
  {                                                                    \
    v128_t made;                                                       \
    for (int q = 0; q < (lanes); q++) made.field[q] = (value);         \
    return made;                                                       \
  }

static inline v128_t wasm_v128_load(const void *from) {
  v128_t loaded;
  memcpy(&loaded, from, sizeof loaded);
  return loaded;
}

static inline void wasm_v128_store(void *to, v128_t a) { memcpy(to, &a, sizeof a); }

static inline v128_t wasm_v128_load8_splat(const void *from) {
  uint8_t value = *(const uint8_t *)from;
  LANEWISE(16, u8, value)
}

static inline v128_t wasm_v128_load32_splat(const void *from) {
  int32_t value;
  memcpy(&value, from, sizeof value);
  LANEWISE(4, i32, value)
}

static inline v128_t wasm_v128_xor(v128_t a, v128_t b) LANEWISE(16, u8, a.u8[q] ^ b.u8[q])

static inline v128_t wasm_i8x16_splat(int8_t value) LANEWISE(16, u8, (uint8_t)value)
static inline v128_t wasm_i8x16_add(v128_t a, v128_t b) LANEWISE(16, u8, (uint8_t)(a.u8[q] + b.u8[q]))

static inline uint8_t scalar_ones(uint8_t bits) {  // by pairs, nibbles, and all of them
  uint8_t pairs = (uint8_t)(bits - (bits >> 1 & 0x55));
  uint8_t nibbles = (uint8_t)((pairs & 0x33) + (pairs >> 2 & 0x33));
  return (uint8_t)((nibbles + (nibbles >> 4)) & 15);
}

static inline v128_t wasm_i8x16_popcnt(v128_t a) LANEWISE(16, u8, scalar_ones(a.u8[q]))

static inline v128_t wasm_i16x8_splat(int16_t value) LANEWISE(8, i16, value)
static inline v128_t wasm_i16x8_add(v128_t a, v128_t b) LANEWISE(8, u16, (uint16_t)(a.u16[q] + b.u16[q]))
static inline v128_t wasm_i16x8_sub(v128_t a, v128_t b) LANEWISE(8, u16, (uint16_t)(a.u16[q] - b.u16[q]))
static inline v128_t wasm_i16x8_shl(v128_t a, uint32_t by) LANEWISE(8, u16, (uint16_t)(a.u16[q] << by))
static inline v128_t wasm_i16x8_max(v128_t a, v128_t b) LANEWISE(8, i16, a.i16[q] > b.i16[q] ? a.i16[q] : b.i16[q])
static inline v128_t wasm_i16x8_ge(v128_t a, v128_t b) LANEWISE(8, i16, a.i16[q] >= b.i16[q] ? -1 : 0)
static inline v128_t wasm_u16x8_extend_low_u8x16(v128_t a) LANEWISE(8, u16, a.u8[q])
static inline v128_t wasm_u16x8_extend_high_u8x16(v128_t a) LANEWISE(8, u16, a.u8[q + 8])

// Of comparisons, whose lanes are 0 or −1, saturation keeps just that.
static inline v128_t wasm_i8x16_narrow_i16x8(v128_t a, v128_t b)
    LANEWISE(16, u8, (uint8_t)(q < 8 ? a.i16[q] : b.i16[q - 8]))

static inline uint32_t wasm_i8x16_bitmask(v128_t a) {
  uint32_t mask = 0;
  for (int q = 0; q < 16; q++) mask |= (uint32_t)(a.u8[q] >> 7) << q;
  return mask;
}

static inline uint32_t wasm_i32x4_bitmask(v128_t a) {
  uint32_t mask = 0;
  for (int q = 0; q < 4; q++) mask |= (uint32_t)(a.i32[q] < 0) << q;
  return mask;
}

static inline v128_t wasm_f32x4_splat(float value) LANEWISE(4, f32, value)
static inline v128_t wasm_f32x4_add(v128_t a, v128_t b) LANEWISE(4, f32, a.f32[q] + b.f32[q])
static inline v128_t wasm_f32x4_sub(v128_t a, v128_t b) LANEWISE(4, f32, a.f32[q] - b.f32[q])
static inline v128_t wasm_f32x4_mul(v128_t a, v128_t b) LANEWISE(4, f32, a.f32[q] * b.f32[q])
static inline v128_t wasm_f32x4_abs(v128_t a) LANEWISE(4, f32, __builtin_fabsf(a.f32[q]))
static inline v128_t wasm_f32x4_max(v128_t a, v128_t b) LANEWISE(4, f32, a.f32[q] > b.f32[q] ? a.f32[q] : b.f32[q])
static inline v128_t wasm_f32x4_ge(v128_t a, v128_t b) LANEWISE(4, i32, a.f32[q] >= b.f32[q] ? -1 : 0)
static inline v128_t wasm_f32x4_gt(v128_t a, v128_t b) LANEWISE(4, i32, a.f32[q] > b.f32[q] ? -1 : 0)

#undef LANEWISE

#endif
