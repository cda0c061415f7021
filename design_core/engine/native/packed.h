// Packed networks (docs/packed-format.md) in C: no library but the C library, no other thread.

#ifndef DESIGN_PACKED_H
#define DESIGN_PACKED_H

#include <stdbool.h>
#include <stddef.h>

typedef struct design_network design_network;

enum { DESIGN_WHY = 256 };

// Read a network from the bytes of its file, which are checked whole: hash, types, shapes, whether
// layers fit each other, 256 MiB of memory and 2^33 products of bits at most, no sum that overflows.
// NULL if the file is refused or memory lacks; `why`, if not NULL, then says why.
design_network *design_open(const void *file, size_t size, char *why);

// Pictures are (C, H, W).
void design_shape(const design_network *network, int shape[3]);

// Class scores per picture.
int design_classes(const design_network *network);

// Class scores of one picture: normalized float32 (C, H, W). False if a pixel is beyond ±1,000,000 or
// no number. One thread at a time for each network.
bool design_scores(design_network *network, const float *picture, float *scores);

void design_close(design_network *network);

#endif
