// The packed format in C: docs/packed-format.md is what it reads, engine.c what it computes with.
//
// Nothing in a file is taken on trust. Sizes are multiplied as doubles, which hold all that fits into
// memory exactly and do not wrap; each piece of memory is asked of `room`, which counts. Layers are
// read, fitted to each other and given their memory in one pass; only when all have passed does one
// run, and from then on nothing is allocated.

#include "packed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../wasm/engine.c"

enum {
  MAX_FILE = 64 << 20,
  MAX_HEADER = 1 << 20,
  MAX_MEMORY = 1 << 28,
  MAX_DEPTH = 20,  // of JSON
  MAX_LAYERS = 1000,
  MAX_FAN_IN = 32766,  // sums are int16, and one more than the fan-in must be a cut
  MAX_CUT = 32767,     // no sum reaches it
  MAX_STRIDE = 64,
  MAX_COPIES = 64,
  MAX_NAME = 100,
};
static const double MAX_BIT_PRODUCTS = 8589934592.0, MAX_REAL_PRODUCTS = 8589934592.0;  // 2^33 a picture
static const double LARGEST_PICTURE = 1e6;                                 // no normalized pixel is farther from 0
static const double MOST = 170141173319264429905852091742258462720.0;      // half the largest float32, for rounding

typedef enum { REAL, SUMS, BITS } MapKind;
static const char *const MAP_KINDS[] = {"real", "sums", "bits"};

// Maps between two layers, (height, width, lanes): values of a pixel, or the bytes of its bits.
typedef struct {
  MapKind kind;
  int64_t channels, height, width, lanes;
  void *at;
} Maps;

typedef struct {
  bool real;
  int64_t size, stride, margin, products, outputs, lanes;
  Maps in, whole;  // what comes in; the sums, before any pooling
  void *weights, *padded;
  const u8 *fill;  // beyond the border; NULL for the nearest pixel
  int16_t *lacking;
  float *bounds;
} Conv;

typedef struct {
  Maps x, bits;
  int64_t rows, columns;
  void *cuts;
  uint16_t *flips;
} Cut;

typedef struct {
  float *scale, *slope, *offset;
} ScaleShift;

typedef struct Layer {
  void (*run)(const struct Layer *);
  Maps in, out;
  Conv conv;
  Cut cut;
  bool pools;
  ScaleShift norm;
  Maps shortcut;
  float *weights;
  double *totals;
} Layer;

typedef struct Piece {
  struct Piece *next;
  uint64_t aligned;  // what follows is at a multiple of 16
} Piece;

struct design_network {
  Piece *pieces;
  double taken;
  Layer *layers;
  size_t count;
  Maps input, output;
};

// ---- refusing, memory

typedef enum { JSON_NULL, JSON_BOOL, JSON_WHOLE, JSON_TEXT, JSON_LIST, JSON_OBJECT } JsonKind;

typedef struct Json {
  JsonKind kind;
  int64_t whole;  // or a truth
  size_t count;
  const char *text, *key;
  struct Json *items;  // of an object: in the order of their keys
} Json;

typedef struct {
  const char *name;
  const char *type;  // NumPy's name
  int each;          // bytes per number
  const Json *shape;
  int64_t from, to;
  const u8 *bytes;
} Tensor;

typedef struct {
  jmp_buf refused;
  char why[DESIGN_WHY];
  design_network *network;
  Tensor *tensors;  // in the order of their names
  size_t tensor_count;
  double bit_products, real_products, most;  // so far; most: the largest magnitude that may come
} Reader;

static _Noreturn void refuse(Reader *r, const char *format, ...) {
  va_list words;
  va_start(words, format);
  vsnprintf(r->why, sizeof r->why, format, words);
  va_end(words);
  longjmp(r->refused, 1);
}

// Zeros, for so many numbers of `each` bytes.
static void *room(Reader *r, double count, size_t each) {
  design_network *network = r->network;
  network->taken += count * (double)each + sizeof(Piece);
  if (!(network->taken <= MAX_MEMORY)) refuse(r, "The network takes more memory than %d bytes.", MAX_MEMORY);
  Piece *piece = calloc(1, sizeof *piece + (size_t)count * each);
  if (!piece) refuse(r, "There is no memory for this network.");
  piece->next = network->pieces;
  network->pieces = piece;
  return piece + 1;
}

// ---- JSON

typedef struct {
  const u8 *at, *end;
} Source;

static _Noreturn void no_json(Reader *r) {
  refuse(r, "This is no packed network: its header is no JSON of objects, lists, texts and whole numbers.");
}

static int peek(Source *s) {
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) s->at++;
  return s->at < s->end ? *s->at : -1;
}

static void expect(Reader *r, Source *s, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length)) no_json(r);
  s->at += length;
}

// The next letter of UTF-8; −1 where it is none.
static int32_t letter(const u8 **at, const u8 *end) {
  static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
  int32_t first = *(*at)++;
  int more = first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : first >> 3 == 30 ? 3 : -1;
  if (more < 0 || end - *at < more) return -1;
  int32_t point = more ? first & (63 >> more) : first;
  for (int k = 0; k < more; k++) {
    if (**at >> 6 != 2) return -1;
    point = point << 6 | (*(*at)++ & 63);
  }
  return point < least[more] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000) ? -1 : point;
}

static char *put_letter(char *to, int32_t point) {
  if (point < 0x80) *to++ = (char)point;
  else {
    int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    *to++ = (char)((0xF0 << (3 - more) & 0xFF) | point >> 6 * more);
    while (more--) *to++ = (char)(0x80 | (point >> 6 * more & 63));
  }
  return to;
}

static int32_t four_digits(Reader *r, Source *s) {
  int32_t value = 0;
  if (s->end - s->at < 4) no_json(r);
  for (int k = 0; k < 4; k++) {
    const char *digits = "0123456789abcdef", *digit = *s->at ? strchr(digits, *s->at | (*s->at >= 'A' ? 32 : 0)) : NULL;
    if (!digit) no_json(r);
    value = value << 4 | (int32_t)(digit - digits);
    s->at++;
  }
  return value;
}

static int32_t escaped(Reader *r, Source *s) {
  const char *names = "\"\\/bfnrt", *meant = "\"\\/\b\f\n\r\t";
  int name = s->at < s->end ? *s->at++ : 0;
  if (name != 'u') {
    const char *found = name ? strchr(names, name) : NULL;
    if (!found) no_json(r);
    return meant[found - names];
  }
  int32_t point = four_digits(r, s);
  if (point >= 0xD800 && point < 0xDC00) {  // the first half of a letter
    expect(r, s, "\\u");
    int32_t low = four_digits(r, s);
    if (low < 0xDC00 || low > 0xDFFF) no_json(r);
    return 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  }
  if (!point || (point >= 0xDC00 && point < 0xE000)) no_json(r);
  return point;
}

static const char *parse_text(Reader *r, Source *s) {
  expect(r, s, "\"");
  const u8 *last = s->at;
  while (last < s->end && *last != '"') last += *last == '\\' ? 2 : 1;
  if (last >= s->end) no_json(r);
  char *text = room(r, (double)(last - s->at) + 1, 1), *to = text;  // no escape is shorter than what it means
  while (*s->at != '"') {
    int32_t point;
    if (*s->at == '\\') s->at++, point = escaped(r, s);
    else if ((point = letter(&s->at, s->end)) < 32) no_json(r);
    to = put_letter(to, point);
  }
  s->at++;
  return text;
}

static int by_key(const void *one, const void *other) {
  return strcmp(((const Json *)one)->key, ((const Json *)other)->key);
}

static void append(Reader *r, Json *list, Json item) {
  if (!(list->count & (list->count - 1))) {  // 0 or a power of 2: full
    Json *items = room(r, list->count ? 2.0 * (double)list->count : 1, sizeof item);
    if (list->count) memcpy(items, list->items, list->count * sizeof item);
    list->items = items;
  }
  list->items[list->count++] = item;
}

static Json parse_value(Reader *r, Source *s, int depth);

static Json parse_items(Reader *r, Source *s, int depth) {
  Json made = {.kind = *s->at++ == '{' ? JSON_OBJECT : JSON_LIST};
  int closing = made.kind == JSON_OBJECT ? '}' : ']';
  if (depth == MAX_DEPTH) refuse(r, "The header is nested deeper than %d.", MAX_DEPTH);
  if (peek(s) == closing) return s->at++, made;
  for (;;) {
    const char *key = NULL;
    peek(s);
    if (made.kind == JSON_OBJECT) {
      key = parse_text(r, s);
      peek(s);
      expect(r, s, ":");
    }
    Json item = parse_value(r, s, depth + 1);
    item.key = key;
    append(r, &made, item);
    if (peek(s) == closing) break;
    expect(r, s, ",");
  }
  s->at++;
  if (made.kind == JSON_OBJECT) {
    qsort(made.items, made.count, sizeof *made.items, by_key);
    for (size_t k = 1; k < made.count; k++)
      if (!strcmp(made.items[k - 1].key, made.items[k].key)) refuse(r, "The header says %.100s twice.", made.items[k].key);
  }
  return made;
}

static Json parse_whole(Reader *r, Source *s) {
  bool negative = *s->at == '-';
  s->at += negative;
  const u8 *first = s->at;
  Json made = {.kind = JSON_WHOLE};
  for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++) {
    if (s->at - first == 15) no_json(r);  // what doubles hold
    made.whole = 10 * made.whole + (*s->at - '0');
  }
  bool odd = s->at == first || (*first == '0' && (s->at - first > 1 || negative));
  if (odd || (s->at < s->end && (*s->at == '.' || *s->at == 'e' || *s->at == 'E'))) no_json(r);
  if (negative) made.whole = -made.whole;
  return made;
}

static Json parse_value(Reader *r, Source *s, int depth) {
  switch (peek(s)) {
    case '{':
    case '[': return parse_items(r, s, depth);
    case '"': return (Json){.kind = JSON_TEXT, .text = parse_text(r, s)};
    case 't': return expect(r, s, "true"), (Json){.kind = JSON_BOOL, .whole = 1};
    case 'f': return expect(r, s, "false"), (Json){.kind = JSON_BOOL};
    case 'n': return expect(r, s, "null"), (Json){.kind = JSON_NULL};
    case -1: no_json(r);
    default: return parse_whole(r, s);
  }
}

static Json parsed(Reader *r, const void *text, size_t size) {
  Source source = {text, (const u8 *)text + size};
  Json made = parse_value(r, &source, 0);
  if (peek(&source) != -1) no_json(r);
  return made;
}

// The value under a key; one of no kind that is asked for, where there is none.
static const Json *under(const Json *object, const char *key) {
  static const Json nothing = {.kind = JSON_NULL};
  if (object->kind != JSON_OBJECT || !object->count) return &nothing;
  Json wanted = {.key = key};
  const Json *found = bsearch(&wanted, object->items, object->count, sizeof wanted, by_key);
  return found ? found : &nothing;
}

// ---- SHA-256 (FIPS 180-4)

typedef struct {
  uint32_t state[8];
  uint64_t length;
  u8 block[64];
} Sha;

static const Sha SHA_START = {{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}, 0, {0}};
static const uint32_t SHA_ADDED[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turned(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void sha_block(Sha *sha) {
  uint32_t w[64], s[8];
  for (int t = 0; t < 16; t++) {
    const u8 *four = sha->block + 4 * t;
    w[t] = (uint32_t)four[0] << 24 | (uint32_t)four[1] << 16 | (uint32_t)four[2] << 8 | four[3];
  }
  for (int t = 16; t < 64; t++) {
    uint32_t x = w[t - 15], y = w[t - 2];
    w[t] = w[t - 16] + (turned(x, 7) ^ turned(x, 18) ^ x >> 3) + w[t - 7] + (turned(y, 17) ^ turned(y, 19) ^ y >> 10);
  }
  memcpy(s, sha->state, sizeof s);
  for (int t = 0; t < 64; t++) {
    uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]), majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    uint32_t one = s[7] + (turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)) + choice + SHA_ADDED[t] + w[t];
    uint32_t two = (turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)) + majority;
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += one;
    s[0] = one + two;
  }
  for (int k = 0; k < 8; k++) sha->state[k] += s[k];
}

static void sha_add(Sha *sha, const void *bytes, size_t count) {
  for (const u8 *at = bytes; count--; at++) {
    sha->block[sha->length++ % 64] = *at;
    if (sha->length % 64 == 0) sha_block(sha);
  }
}

static void sha_text(Sha *sha, const char *text) { sha_add(sha, text, strlen(text)); }

static void sha_end(Sha *sha, char hexadecimal[65]) {
  uint64_t bits = 8 * sha->length;
  sha_add(sha, "\x80", 1);
  while (sha->length % 64 != 56) sha_add(sha, "", 1);
  for (int k = 7; k >= 0; k--) sha_add(sha, &(u8){(u8)(bits >> 8 * k)}, 1);
  for (int k = 0; k < 8; k++) snprintf(hexadecimal + 8 * k, 9, "%08lx", (unsigned long)sha->state[k]);
}

// ---- the hash of a network: JSON as Python's json.dumps(…, sort_keys=True) writes it, and the arrays

static void hash_text(Sha *sha, const char *text) {
  sha_text(sha, "\"");
  const u8 *at = (const u8 *)text, *end = at + strlen(text);
  while (at < end) {
    int32_t point = letter(&at, end), halves[2] = {point, 0};
    const char *names = "\"\\bfnrt", *meant = "\"\\\b\f\n\r\t", *found = point < 128 ? strchr(meant, point) : NULL;
    char out[16];
    if (found) snprintf(out, sizeof out, "\\%c", names[found - meant]);
    else if (point >= 32 && point < 127) snprintf(out, sizeof out, "%c", (char)point);
    else {
      if (point > 0xFFFF) halves[0] = 0xD800 + ((point - 0x10000) >> 10), halves[1] = 0xDC00 + ((point - 0x10000) & 1023);
      int written = snprintf(out, sizeof out, "\\u%04x", (unsigned)halves[0]);
      if (halves[1]) snprintf(out + written, sizeof out - (size_t)written, "\\u%04x", (unsigned)halves[1]);
    }
    sha_text(sha, out);
  }
  sha_text(sha, "\"");
}

static void hash_json(Sha *sha, const Json *json) {
  char out[32];
  switch (json->kind) {
    case JSON_NULL: sha_text(sha, "null"); return;
    case JSON_BOOL: sha_text(sha, json->whole ? "true" : "false"); return;
    case JSON_TEXT: hash_text(sha, json->text); return;
    case JSON_WHOLE:
      snprintf(out, sizeof out, "%lld", (long long)json->whole);
      sha_text(sha, out);
      return;
    default: break;
  }
  sha_text(sha, json->kind == JSON_LIST ? "[" : "{");
  for (size_t k = 0; k < json->count; k++) {
    if (k) sha_text(sha, ", ");
    if (json->kind == JSON_OBJECT) hash_text(sha, json->items[k].key), sha_text(sha, ": ");
    hash_json(sha, &json->items[k]);
  }
  sha_text(sha, json->kind == JSON_LIST ? "]" : "}");
}

static void check_hash(Reader *r, const Json *network, const Json *told) {
  Sha sha = SHA_START;
  hash_json(&sha, network);
  for (size_t k = 0; k < r->tensor_count; k++) {
    const Tensor *tensor = &r->tensors[k];
    char side[32];
    sha_text(&sha, "\n"), sha_text(&sha, tensor->name), sha_text(&sha, " "), sha_text(&sha, tensor->type);
    sha_text(&sha, " (");
    for (size_t q = 0; q < tensor->shape->count; q++) {
      snprintf(side, sizeof side, q ? ", %lld" : "%lld", (long long)tensor->shape->items[q].whole);
      sha_text(&sha, side);
    }
    sha_text(&sha, tensor->shape->count == 1 ? ",)\n" : ")\n");
    sha_add(&sha, tensor->bytes, (size_t)(tensor->to - tensor->from));
  }
  char found[65];
  sha_end(&sha, found);
  if (told->kind != JSON_TEXT || strcmp(told->text, found))
    refuse(r, "The network is damaged: its contents do not match their SHA-256.");
}

// ---- safetensors

static bool is_count(const Json *json) { return json->kind == JSON_WHOLE && json->whole >= 0; }

static Tensor described_tensor(Reader *r, const Json *about) {
  static const struct {
    const char *name, *numpy;
    int each;
  } types[] = {{"U8", "|u1", 1}, {"I16", "<i2", 2}, {"I32", "<i4", 4}, {"F32", "<f4", 4}, {"U64", "<u8", 8}};
  const Json *type = under(about, "dtype"), *shape = under(about, "shape"), *offsets = under(about, "data_offsets");
  Tensor tensor = {.name = about->key, .shape = shape};
  for (size_t k = 0; type->kind == JSON_TEXT && k < sizeof types / sizeof *types; k++)
    if (!strcmp(type->text, types[k].name)) tensor.type = types[k].numpy, tensor.each = types[k].each;
  bool known = tensor.type && shape->kind == JSON_LIST && offsets->kind == JSON_LIST && offsets->count == 2;
  double bytes = tensor.each;
  for (size_t k = 0; known && k < shape->count; k++)
    if ((known = is_count(&shape->items[k]))) bytes *= (double)shape->items[k].whole;
  if (!known || !is_count(&offsets->items[0]) || !is_count(&offsets->items[1]))
    refuse(r, "Tensor %.100s is described in no way that is known here.", about->key);
  tensor.from = offsets->items[0].whole, tensor.to = offsets->items[1].whole;
  if (tensor.to < tensor.from || (double)(tensor.to - tensor.from) != bytes)
    refuse(r, "Tensor %.100s is not as large as it says.", about->key);
  return tensor;
}

static int by_place(const void *one, const void *other) {
  const Tensor *a = *(const Tensor *const *)one, *b = *(const Tensor *const *)other;
  int from = (a->from > b->from) - (a->from < b->from);
  return from ? from : (a->to > b->to) - (a->to < b->to);
}

// The tensors, which stand one behind the other without holes, and the metadata.
static Json read_safetensors(Reader *r, const u8 *file, size_t size) {
  uint64_t length = 0;
  if (size > MAX_FILE) refuse(r, "The file has more than %d bytes.", MAX_FILE);
  if (size >= 8) memcpy(&length, file, 8);
  if (size < 8 || length > MAX_HEADER || length > size - 8) refuse(r, "This is no packed network: its header does not fit into it.");
  Json header = parsed(r, file + 8, (size_t)length);
  const u8 *numbers = file + 8 + length;
  int64_t room_left = (int64_t)(size - 8 - (size_t)length), end = 0;
  r->tensors = room(r, (double)header.count, sizeof *r->tensors);
  Tensor **placed = room(r, (double)header.count, sizeof *placed);
  for (size_t k = 0; k < header.count; k++) {
    if (header.kind != JSON_OBJECT) no_json(r);
    if (!strcmp(header.items[k].key, "__metadata__")) continue;
    Tensor *tensor = placed[r->tensor_count] = &r->tensors[r->tensor_count];
    *tensor = described_tensor(r, &header.items[k]);
    r->tensor_count++;
  }
  qsort(placed, r->tensor_count, sizeof *placed, by_place);
  for (size_t k = 0; k < r->tensor_count; k++) {
    if (placed[k]->from != end || placed[k]->to > room_left)
      refuse(r, "Tensor %.100s is not where it says.", placed[k]->name);
    placed[k]->bytes = numbers + end;
    end = placed[k]->to;
  }
  if (end != room_left) refuse(r, "The file goes on behind its tensors.");
  return *under(&header, "__metadata__");
}

// ---- what layers read

static int by_name(const void *one, const void *other) {
  return strcmp(((const Tensor *)one)->name, ((const Tensor *)other)->name);
}

static const char *joined(Reader *r, const char *prefix, const char *field) {
  size_t size = strlen(prefix) + strlen(field) + 2;
  char *name = room(r, (double)size, 1);
  snprintf(name, size, "%s.%s", prefix, field);
  return name;
}

// An array of so many axes, not empty.
static const Tensor *array(Reader *r, const char *prefix, const char *field, size_t axes) {
  Tensor wanted = {.name = joined(r, prefix, field)};
  const Tensor *found =
      r->tensor_count ? bsearch(&wanted, r->tensors, r->tensor_count, sizeof wanted, by_name) : NULL;
  if (!found || found->shape->count != axes || found->to == found->from)
    refuse(r, "The file lacks %.100s, an array of %zu axes, not empty.", wanted.name, axes);
  return found;
}

static int64_t side(const Tensor *tensor, size_t axis) { return tensor->shape->items[axis].whole; }

static float float_at(const Tensor *tensor, int64_t place) {
  float value;
  memcpy(&value, tensor->bytes + 4 * place, 4);
  return value;
}

static const Tensor *floats(Reader *r, const char *prefix, const char *field, size_t axes) {
  const Tensor *tensor = array(r, prefix, field, axes);
  if (strcmp(tensor->type, "<f4")) refuse(r, "%.100s is %s, not float32.", tensor->name, tensor->type);
  for (int64_t k = 0; k < (tensor->to - tensor->from) / 4; k++)
    if (!isfinite(float_at(tensor, k))) refuse(r, "%.100s holds values that are not finite.", tensor->name);
  return tensor;
}

static int64_t whole(Reader *r, const Json *plain, const char *prefix, const char *field, int64_t most) {
  const Json *value = under(plain, field);
  if (value->kind != JSON_WHOLE || value->whole < 1 || value->whole > most)
    refuse(r, "%.100s.%s is no whole number from 1 to %lld.", prefix, field, (long long)most);
  return value->whole;
}

static const char *kind_of(const Json *plain) {
  const Json *kind = under(plain, "kind");
  return kind->kind == JSON_TEXT ? kind->text : "nothing";
}

static void require_kind(Reader *r, const Json *plain, const char *prefix, const char *kind) {
  if (strcmp(kind_of(plain), kind)) refuse(r, "%.100s is %.50s, not %s.", prefix, kind_of(plain), kind);
}

static void require_maps(Reader *r, const Maps *maps, const char *layer, MapKind kind, int64_t channels) {
  if (maps->kind != kind || maps->channels != channels)
    refuse(r, "%s takes %s of %lld channels; got %s of %lld.", layer, MAP_KINDS[kind], (long long)channels,
           MAP_KINDS[maps->kind], (long long)maps->channels);
}

static int64_t filled(int64_t channels) { return (channels + LANES - 1) / LANES * LANES; }

// Maps with their memory.
static Maps new_maps(Reader *r, MapKind kind, int64_t channels, int64_t height, int64_t width) {
  int64_t lanes = kind == BITS ? (channels + 7) / 8 : filled(channels);
  double count = (double)height * (double)width * (double)lanes;
  void *at = room(r, count, kind == BITS ? 1 : kind == SUMS ? 2 : 4);
  return (Maps){kind, channels, height, width, lanes, at};
}

// Rows of so many float32 numbers, each filled up to as many lanes, every `rows_apart` of them
// followed by rows of zeros up to `rows_filled`.
static float *spread(Reader *r, const Tensor *from, int64_t row, int64_t lanes, int64_t rows_apart, int64_t rows_filled) {
  int64_t rows = (from->to - from->from) / 4 / row;
  float *to = room(r, (double)(rows / rows_apart) * (double)rows_filled * (double)lanes, 4);
  for (int64_t k = 0; k < rows; k++)
    memcpy(to + (k / rows_apart * rows_filled + k % rows_apart) * lanes, from->bytes + 4 * k * row, 4 * (size_t)row);
  return to;
}

// The largest sum of magnitudes over the inputs of any output, of weights (…, outputs).
static double largest_sum(Reader *r, const Tensor *weights) {
  int64_t outputs = side(weights, 3), count = (weights->to - weights->from) / 4;
  double *sums = room(r, (double)outputs, sizeof *sums), most = 0;
  for (int64_t k = 0; k < count; k++) sums[k % outputs] += fabs((double)float_at(weights, k));
  for (int64_t o = 0; o < outputs; o++) most = sums[o] > most ? sums[o] : most;
  return most;
}

static void reach(Reader *r, double most, const char *layer) {
  if (!(most <= MOST)) refuse(r, "%s holds numbers so large that its sums may overflow.", layer);
  r->most = most;
}

// ---- layers: read, fitted to what comes in, given their memory

static void windows(Reader *r, Conv *conv) {
  int64_t height = (conv->in.height + 2 * conv->margin - conv->size), width = (conv->in.width + 2 * conv->margin - conv->size);
  if (height < 0 || width < 0)
    refuse(r, "Windows of %lld×%lld do not fit into %lld×%lld pixels.", (long long)conv->size, (long long)conv->size,
           (long long)conv->in.height, (long long)conv->in.width);
  conv->lanes = filled(conv->outputs);
  conv->whole = (Maps){conv->real ? REAL : SUMS, conv->outputs, height / conv->stride + 1, width / conv->stride + 1, conv->lanes, NULL};
  double products = (double)conv->whole.height * (double)conv->whole.width * (double)conv->lanes *
                    (double)(conv->size * conv->size) * (double)conv->in.channels;
  double *total = conv->real ? &r->real_products : &r->bit_products;
  *total += products;
  if (r->bit_products > MAX_BIT_PRODUCTS || r->real_products > MAX_REAL_PRODUCTS)
    refuse(r, "A picture would take more than 8,589,934,592 products.");
  int64_t pixel = conv->in.lanes * (conv->real ? 4 : 1);
  conv->padded = conv->in.at;
  if (conv->margin)
    conv->padded = room(r, (double)(conv->in.height + 2 * conv->margin) * (double)(conv->in.width + 2 * conv->margin) * (double)pixel, 1);
}

static Conv read_bit_conv(Reader *r, const Json *plain, const char *prefix, Maps in) {
  const Json *shape = under(plain, "shape"), *padding = under(plain, "padding");
  const Tensor *words = array(r, prefix, "words", 1);
  double count = shape->kind == JSON_LIST && shape->count == 4 ? 1 : 0;
  for (size_t k = 0; count > 0 && k < 4; k++) count *= is_count(&shape->items[k]) ? (double)shape->items[k].whole : 0;
  double octets = (double)side(words, 0);
  if (count < 1 || strcmp(words->type, "|u1") || 8 * octets < count || 8 * octets >= count + 8)
    refuse(r, "%.100s: %lld bytes do not hold just the weights of its shape.", words->name, (long long)side(words, 0));
  int64_t size = shape->items[0].whole, outputs = shape->items[2].whole, channels = shape->items[3].whole;
  Conv conv = {.size = size, .outputs = outputs, .in = in, .products = size * size * channels};
  if (shape->items[1].whole != size || conv.products > MAX_FAN_IN)
    refuse(r, "%.100s: windows are square, of up to %d products.", words->name, MAX_FAN_IN);
  if (whole(r, plain, prefix, "channels", channels) != channels) refuse(r, "%.100s is of other channels.", words->name);
  conv.stride = whole(r, plain, prefix, "stride", MAX_STRIDE);
  const char *border = padding->kind == JSON_TEXT ? padding->text : "";
  bool one = !strcmp(border, "one"), zero = !strcmp(border, "zero"), nearest = !strcmp(border, "replicate");
  if (!one && !zero && !nearest && strcmp(border, "none")) refuse(r, "%.100s.padding is of no known kind.", prefix);
  conv.margin = one || zero || nearest ? size / 2 : 0;
  require_maps(r, &in, "BitConv", BITS, channels);
  windows(r, &conv);
  if (!nearest) {
    u8 *fill = room(r, (double)in.lanes, 1);
    for (int64_t c = 0; one && c < channels; c++) fill[c / 8] |= (u8)(1 << c % 8);
    conv.fill = fill;
  }
  conv.weights = room(r, (double)(size * size * in.lanes) * (double)conv.lanes, 1);
  design_arrange_bits(words->bytes, (int)(size * size), (int)outputs, (int)channels, conv.weights);
  if (zero) {
    conv.lacking = room(r, (double)(size * size) * (double)conv.lanes, 2);
    design_sum_weights(conv.weights, (int)(size * size), (int)conv.lanes, (int)channels, (int)outputs, conv.lacking);
  }
  reach(r, (double)conv.products, "BitConv");
  return conv;
}

static Conv read_real_conv(Reader *r, const Json *plain, const char *prefix, Maps in) {
  const Tensor *weights = floats(r, prefix, "weights", 4);
  int64_t size = side(weights, 0), channels = side(weights, 2), outputs = side(weights, 3);
  if (side(weights, 1) != size) refuse(r, "%.100s: windows are square.", weights->name);
  Conv conv = {.real = true, .size = size, .outputs = outputs, .margin = size / 2, .in = in};
  conv.stride = whole(r, plain, prefix, "stride", MAX_STRIDE);
  require_maps(r, &in, "RealConv", REAL, channels);
  windows(r, &conv);
  conv.products = size * size * in.lanes;  // values beyond the channels are 0
  conv.fill = room(r, (double)in.lanes, 4);
  conv.weights = spread(r, weights, outputs, conv.lanes, channels, in.lanes);
  conv.bounds = room(r, (double)conv.lanes, 4);
  design_bound_errors(conv.weights, (int)conv.products, (int)conv.lanes, conv.bounds);
  reach(r, r->most * largest_sum(r, weights), "RealConv");
  return conv;
}

static Cut read_cut(Reader *r, const char *prefix, Maps x) {
  const Tensor *cuts = array(r, prefix, "cuts", 3), *flips = array(r, prefix, "flips", 1);
  bool real = !strcmp(cuts->type, "<f4");
  int64_t rows = side(cuts, 0), columns = side(cuts, 1), channels = side(cuts, 2), lanes = filled(channels);
  if (!real && strcmp(cuts->type, "<i2") && strcmp(cuts->type, "<i4")) refuse(r, "%.100s is %s.", cuts->name, cuts->type);
  if (strcmp(flips->type, "<u8") || side(flips, 0) != (channels + 63) / 64)
    refuse(r, "%.100s are not the flips of %lld channels.", flips->name, (long long)channels);
  require_maps(r, &x, "Cut", real ? REAL : SUMS, channels);
  Cut cut = {.x = x, .bits = new_maps(r, BITS, channels, x.height, x.width), .rows = rows, .columns = columns};
  cut.cuts = room(r, (double)(rows * columns) * (double)lanes, real ? 4 : 2);
  for (int64_t place = 0; place < rows * columns * lanes; place++) {
    int64_t from = place / lanes * channels + place % lanes;
    bool there = place % lanes < channels;
    if (real) {
      float value = there ? float_at(cuts, from) : INFINITY;
      if (isnan(value)) refuse(r, "%.100s holds values that are not numbers.", cuts->name);
      ((float *)cut.cuts)[place] = value;
    } else {
      int32_t value = MAX_CUT;
      int16_t narrow;
      if (there && cuts->each == 4) memcpy(&value, cuts->bytes + 4 * from, 4);
      else if (there) memcpy(&narrow, cuts->bytes + 2 * from, 2), value = narrow;
      ((int16_t *)cut.cuts)[place] = (int16_t)(value > MAX_CUT ? MAX_CUT : value < -MAX_CUT ? -MAX_CUT : value);
    }
  }
  cut.flips = room(r, (double)(lanes / LANES), 2);
  for (int64_t c = 0; c < 64 * side(flips, 0); c++) {
    bool flipped = flips->bytes[c / 8] >> c % 8 & 1;
    if (flipped && c >= channels) refuse(r, "%.100s has bits beyond its %lld channels.", flips->name, (long long)channels);
    if (flipped) cut.flips[c / LANES] |= (uint16_t)(1 << c % LANES);
  }
  reach(r, 1, "Cut");
  return cut;
}

static ScaleShift read_scale_shift(Reader *r, const char *prefix, const Maps *x) {
  const char *const names[] = {"scale", "slope", "offset"};
  const Tensor *found[3];
  for (int k = 0; k < 3; k++) {
    found[k] = floats(r, prefix, names[k], 1);
    if (x->kind == BITS || side(found[k], 0) != x->channels)
      refuse(r, "%.100s does not fit %s of %lld channels.", found[k]->name, MAP_KINDS[x->kind], (long long)x->channels);
  }
  double most = 0;
  for (int64_t c = 0; c < x->channels; c++) {
    double scaled = r->most * fabs((double)float_at(found[0], c));
    double shifted = scaled * fabs((double)float_at(found[1], c)) + fabs((double)float_at(found[2], c));
    if (scaled > most) most = scaled;
    if (shifted > most) most = shifted;
  }
  reach(r, most, "ScaleShift");
  int64_t channels = x->channels, lanes = filled(channels);
  return (ScaleShift){spread(r, found[0], channels, lanes, 1, 1), spread(r, found[1], channels, lanes, 1, 1),
                      spread(r, found[2], channels, lanes, 1, 1)};
}

// ---- layers: run

static void pad_input(const Conv *c) {
  int64_t bytes = c->in.lanes * (c->real ? 4 : 1);
  if (c->margin) design_pad(c->in.at, (int)c->in.height, (int)c->in.width, (int)bytes, (int)c->margin, c->fill, c->padded);
}

static void add_bits(const Conv *c) {
  int width = (int)(c->in.width + 2 * c->margin), lanes = (int)c->lanes, size = (int)c->size, stride = (int)c->stride;
  pad_input(c);
  design_bit_sums(c->padded, width, (int)c->in.lanes, c->weights, lanes, size, stride, (int)c->products,
                  (int)c->whole.height, (int)c->whole.width, c->whole.at);
  if (c->lacking)
    design_add_lacking(c->whole.at, (int)c->whole.height, (int)c->whole.width, lanes, c->lacking, size, stride,
                       (int)c->in.height, (int)c->in.width);
}

static void cut_maps(const Cut *cut) {
  const Maps *x = &cut->x;
  int height = (int)x->height, width = (int)x->width, lanes = (int)x->lanes, rows = (int)cut->rows;
  int columns = (int)cut->columns, bytes = (int)cut->bits.lanes;
  if (x->kind == SUMS) design_cut_sums(x->at, height, width, lanes, cut->cuts, rows, columns, cut->flips, bytes, cut->bits.at);
  else design_cut_real(x->at, height, width, lanes, cut->cuts, rows, columns, cut->flips, bytes, cut->bits.at);
}

static void run_cut(const Layer *l) { cut_maps(&l->cut); }

static void run_bit_conv(const Layer *l) { add_bits(&l->conv); }

static void run_bit_block(const Layer *l) {
  const Maps *sums = &l->conv.whole;
  add_bits(&l->conv);
  if (l->pools) design_pool(sums->at, (int)sums->height, (int)sums->width, (int)sums->lanes);
  cut_maps(&l->cut);
}

static void run_real_conv(const Layer *l) {
  const Conv *c = &l->conv;
  pad_input(c);
  design_real_sums(c->padded, (int)(c->in.width + 2 * c->margin), (int)c->in.lanes, c->weights, (int)c->lanes,
                   (int)c->size, (int)c->stride, (int)c->whole.height, (int)c->whole.width, 0, (int)c->outputs, l->out.at);
}

static void run_real_block(const Layer *l) {
  const Conv *c = &l->conv;
  const Cut *cut = &l->cut;
  float largest = design_largest(c->in.at, (int)(c->in.height * c->in.width * c->in.lanes));
  pad_input(c);
  design_real_block(c->padded, (int)(c->in.width + 2 * c->margin), (int)c->in.lanes, c->weights, (int)c->lanes,
                    (int)c->size, (int)c->stride, (int)c->whole.height, (int)c->whole.width, l->pools, c->bounds, largest,
                    cut->cuts, (int)cut->rows, (int)cut->columns, cut->flips, (int)cut->bits.lanes, cut->bits.at);
}

static void shift(const Layer *l, const Maps *x) {
  const Maps *carried = &l->shortcut;
  int pixels = (int)(x->height * x->width), lanes = (int)x->lanes;
  if (x->kind == SUMS) design_real_of_sums(x->at, pixels * lanes, l->out.at);
  else design_copy_real(x->at, pixels * lanes, l->out.at);
  design_scale_shift(l->out.at, pixels, lanes, l->norm.scale, l->norm.slope, l->norm.offset, carried->at,
                     (int)carried->lanes, (int)carried->channels);
}

static void run_scale_shift(const Layer *l) { shift(l, &l->in); }

static void run_residual(const Layer *l) {
  cut_maps(&l->cut);
  add_bits(&l->conv);
  if (l->conv.stride > 1)
    design_average(l->in.at, (int)l->in.height, (int)l->in.width, (int)l->in.lanes, (int)l->conv.stride, l->shortcut.at);
  shift(l, &l->conv.whole);
}

static void run_repeat(const Layer *l) {
  int pixels = (int)(l->in.height * l->in.width), channels = (int)l->in.channels;
  int copies = (int)(l->out.channels / l->in.channels);
  design_repeat(l->in.at, pixels, channels, (int)l->in.lanes, copies, (int)l->out.lanes, l->out.at);
}

static void run_global_mean(const Layer *l) {
  design_global_mean(l->in.at, (int)(l->in.height * l->in.width), (int)l->in.lanes, l->out.at);
}

static void run_bit_dense(const Layer *l) {
  design_dense(l->in.at, (int)(l->in.height * l->in.width), (int)l->in.channels, (int)l->in.lanes, l->weights,
               (int)l->out.lanes, l->totals, l->out.at);
}

// ---- layers by kind: each reads into `l`, whose `in` is what comes in

static void give_sums(Reader *r, Conv *conv) {
  const Maps *sums = &conv->whole;
  conv->whole = new_maps(r, sums->kind, sums->channels, sums->height, sums->width);
}

static void read_conv_layer(Reader *r, const Json *plain, const char *prefix, Layer *l) {
  bool real = !strcmp(kind_of(plain), "RealConv");
  l->conv = real ? read_real_conv(r, plain, prefix, l->in) : read_bit_conv(r, plain, prefix, l->in);
  give_sums(r, &l->conv);
  l->out = l->conv.whole;
  l->run = real ? run_real_conv : run_bit_conv;
}

static void read_cut_layer(Reader *r, const Json *plain, const char *prefix, Layer *l) {
  (void)plain;
  l->cut = read_cut(r, prefix, l->in);
  l->out = l->cut.bits;
  l->run = run_cut;
}

static void read_block(Reader *r, const Json *plain, const char *prefix, Layer *l) {
  const Json *conv = under(plain, "conv"), *pool = under(plain, "pool");
  const char *conv_name = joined(r, prefix, "conv"), *cut_name = joined(r, prefix, "cut");
  bool real = !strcmp(kind_of(conv), "RealConv");
  if (!real) require_kind(r, conv, conv_name, "BitConv");
  require_kind(r, under(plain, "cut"), cut_name, "Cut");
  if (pool->kind != JSON_BOOL) refuse(r, "%.100s.pool is neither true nor false.", prefix);
  l->conv = real ? read_real_conv(r, conv, conv_name, l->in) : read_bit_conv(r, conv, conv_name, l->in);
  if (!real) give_sums(r, &l->conv);  // of a real convolution bits are made at once
  l->pools = pool->whole;
  Maps x = l->conv.whole;
  if (l->pools) x.height /= 2, x.width /= 2;
  if (x.height < 1 || x.width < 1) refuse(r, "%.100s: there is nothing to pool.", prefix);
  l->cut = read_cut(r, cut_name, x);
  l->out = l->cut.bits;
  l->run = real ? run_real_block : run_bit_block;
}

static void read_scale_shift_layer(Reader *r, const Json *plain, const char *prefix, Layer *l) {
  (void)plain;
  l->norm = read_scale_shift(r, prefix, &l->in);
  l->out = new_maps(r, REAL, l->in.channels, l->in.height, l->in.width);
  l->run = run_scale_shift;
}

static void read_residual(Reader *r, const Json *plain, const char *prefix, Layer *l) {
  const char *act = joined(r, prefix, "act"), *conv = joined(r, prefix, "conv"), *norm = joined(r, prefix, "norm");
  double most = r->most;
  require_kind(r, under(plain, "act"), act, "Cut");
  require_kind(r, under(plain, "conv"), conv, "BitConv");
  require_kind(r, under(plain, "norm"), norm, "ScaleShift");
  if (l->in.kind != REAL) refuse(r, "%.100s: a residual unit takes real maps.", prefix);
  l->cut = read_cut(r, act, l->in);
  l->conv = read_bit_conv(r, under(plain, "conv"), conv, l->cut.bits);
  give_sums(r, &l->conv);
  const Maps *sums = &l->conv.whole;
  int64_t stride = l->conv.stride, height = (l->in.height + stride - 1) / stride, width = (l->in.width + stride - 1) / stride;
  if (sums->channels < l->in.channels || sums->height != height || sums->width != width)
    refuse(r, "%.100s: a residual unit keeps its channels or adds some, and keeps its size, but for the stride.", prefix);
  l->norm = read_scale_shift(r, norm, sums);
  reach(r, r->most + most, "Residual");
  l->shortcut = stride > 1 ? new_maps(r, REAL, l->in.channels, height, width) : l->in;
  l->out = new_maps(r, REAL, sums->channels, height, width);
  l->run = run_residual;
}

static void read_repeat(Reader *r, const Json *plain, const char *prefix, Layer *l) {
  int64_t copies = whole(r, plain, prefix, "copies", MAX_COPIES);
  require_maps(r, &l->in, "Repeat", REAL, l->in.channels);
  l->out = new_maps(r, REAL, copies * l->in.channels, l->in.height, l->in.width);
  l->run = run_repeat;
}

static void read_global_mean(Reader *r, const Json *plain, const char *prefix, Layer *l) {
  (void)plain, (void)prefix;
  require_maps(r, &l->in, "GlobalMean", REAL, l->in.channels);
  l->out = new_maps(r, REAL, l->in.channels, 1, 1);
  l->run = run_global_mean;
}

static void read_bit_dense(Reader *r, const Json *plain, const char *prefix, Layer *l) {
  (void)plain;
  const Tensor *weights = floats(r, prefix, "weights", 4);
  int64_t channels = side(weights, 2), outputs = side(weights, 3), lanes = filled(outputs);
  require_maps(r, &l->in, "BitDense", BITS, channels);
  if (side(weights, 0) != l->in.height || side(weights, 1) != l->in.width)
    refuse(r, "%.100s are not for %lld×%lld pixels.", weights->name, (long long)l->in.height, (long long)l->in.width);
  l->weights = spread(r, weights, outputs, lanes, 1, 1);
  l->totals = room(r, (double)lanes, sizeof *l->totals);
  l->out = new_maps(r, REAL, outputs, 1, 1);
  reach(r, largest_sum(r, weights), "BitDense");
  l->run = run_bit_dense;
}

static const struct {
  const char *kind;
  void (*read)(Reader *, const Json *, const char *, Layer *);
} KINDS[] = {
    {"RealConv", read_conv_layer}, {"BitConv", read_conv_layer},   {"Cut", read_cut_layer},
    {"Block", read_block},         {"Residual", read_residual},    {"ScaleShift", read_scale_shift_layer},
    {"Repeat", read_repeat},       {"GlobalMean", read_global_mean}, {"BitDense", read_bit_dense},
};

static bool takes_bare_pixels(const char *kind) {
  return !strcmp(kind, "Block") || !strcmp(kind, "RealConv") || !strcmp(kind, "Repeat");
}

static void add_layer(Reader *r, const Json *plain, const char *prefix) {
  design_network *network = r->network;
  const char *kind = kind_of(plain);
  size_t k = 0, count = sizeof KINDS / sizeof *KINDS;
  while (k < count && strcmp(KINDS[k].kind, kind)) k++;
  if (k == count) refuse(r, "Layer %s is of no known kind: %.100s.", prefix, kind);
  if (network->output.kind == REAL && network->output.lanes % LANES && !takes_bare_pixels(kind)) {
    Layer *filling = &network->layers[network->count++];  // a picture, whose pixels fill no lanes
    filling->in = network->output;
    filling->out = new_maps(r, REAL, filling->in.channels, filling->in.height, filling->in.width);
    filling->run = run_repeat;
    network->output = filling->out;
  }
  Layer *layer = &network->layers[network->count++];
  layer->in = network->output;
  KINDS[k].read(r, plain, prefix, layer);
  network->output = layer->out;
}

static void read_network(Reader *r, const void *file, size_t size) {
  design_network *network = r->network;
  Json metadata = read_safetensors(r, file, size);
  const Json *text = under(&metadata, "packed");
  if (text->kind != JSON_TEXT) refuse(r, "This is no packed network: its header has no entry “packed”.");
  Json header = parsed(r, text->text, strlen(text->text));
  const Json *format = under(&header, "format"), *described = under(&header, "network");
  if (format->kind != JSON_TEXT || strcmp(format->text, "design-packed-1"))
    refuse(r, "This is no packed network of format design-packed-1.");
  check_hash(r, described, under(&header, "sha256"));
  const Json *shape = under(described, "input_shape"), *layers = under(described, "layers");
  bool fits = shape->kind == JSON_LIST && shape->count == 3 && layers->kind == JSON_LIST && layers->count <= MAX_LAYERS;
  for (size_t k = 0; fits && k < 3; k++) fits = is_count(&shape->items[k]) && shape->items[k].whole > 0;
  if (!fits) refuse(r, "The file describes no pictures, or no list of up to %d layers.", MAX_LAYERS);
  int64_t channels = shape->items[0].whole, height = shape->items[1].whole, width = shape->items[2].whole;
  void *pixels = room(r, (double)channels * (double)height * (double)width, 4);
  network->input = network->output = (Maps){REAL, channels, height, width, channels, pixels};
  network->layers = room(r, (double)layers->count + 1, sizeof *network->layers);
  for (size_t k = 0; k < layers->count; k++) {
    char prefix[32];
    snprintf(prefix, sizeof prefix, "%zu", k);
    add_layer(r, &layers->items[k], prefix);
  }
  const Maps *output = &network->output;
  if (!layers->count || output->kind != REAL || output->height != 1 || output->width != 1)
    refuse(r, "The last layer gives %s of %lld×%lld pixels, not class scores.", MAP_KINDS[output->kind],
           (long long)output->height, (long long)output->width);
}

// Plain ramps must get finite scores, as design_core asks.
static void prove(Reader *r) {
  design_network *network = r->network;
  size_t count = (size_t)(network->input.channels * network->input.height * network->input.width);
  size_t classes = (size_t)network->output.channels;
  float *ramps = room(r, (double)count, sizeof *ramps), *scores = room(r, (double)classes, sizeof *scores);
  for (size_t k = 0; k < count; k++) ramps[k] = -2 + (float)(k % 257) / 64;
  design_scores(network, ramps, scores);
  for (size_t k = 0; k < classes; k++)
    if (!isfinite(scores[k])) refuse(r, "The network gives plain ramps scores that are not finite.");
}

// ---- what packed.h promises

design_network *design_open(const void *file, size_t size, char *why) {
  Reader reader = {.most = LARGEST_PICTURE, .why = "There is no memory for this network."};
  design_network *network = reader.network = calloc(1, sizeof *network);
  if (network && !setjmp(reader.refused)) {
    read_network(&reader, file, size);
    prove(&reader);
    return network;
  }
  if (why) memcpy(why, reader.why, sizeof reader.why);
  design_close(reader.network);
  return NULL;
}

void design_shape(const design_network *network, int shape[3]) {
  const Maps *input = &network->input;
  shape[0] = (int)input->channels, shape[1] = (int)input->height, shape[2] = (int)input->width;
}

int design_classes(const design_network *network) { return (int)network->output.channels; }

bool design_scores(design_network *network, const float *picture, float *scores) {
  int64_t channels = network->input.channels, pixels = network->input.height * network->input.width;
  float *to = network->input.at;
  for (int64_t c = 0; c < channels; c++)
    for (int64_t k = 0; k < pixels; k++) {
      float value = picture[c * pixels + k];
      if (!(fabs((double)value) <= LARGEST_PICTURE)) return false;
      to[k * channels + c] = value;
    }
  for (size_t k = 0; k < network->count; k++) network->layers[k].run(&network->layers[k]);
  memcpy(scores, network->output.at, (size_t)network->output.channels * sizeof *scores);
  return true;
}

void design_close(design_network *network) {
  if (!network) return;
  for (Piece *piece = network->pieces, *next; piece; piece = next) {
    next = piece->next;
    free(piece);
  }
  free(network);
}
