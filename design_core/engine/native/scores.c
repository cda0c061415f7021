// Class scores of pictures: scores NETWORK PICTURES
//
// NETWORK is a packed file, PICTURES raw float32, little-endian: normalized pictures (N, C, H, W), one
// behind the other. Writes a line per picture, its scores in the order of the file's class names.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "packed.h"

enum { MAX_FILE = 64 << 20 };

static void *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = file ? malloc(MAX_FILE + 1) : NULL;
  if (bytes) *size = fread(bytes, 1, MAX_FILE + 1, file);
  if (file) fclose(file);
  return bytes;
}

static int score_all(design_network *network, FILE *pictures) {
  int shape[3], classes = design_classes(network);
  design_shape(network, shape);
  size_t pixels = (size_t)shape[0] * shape[1] * shape[2], got, number = 0;
  float *picture = malloc(pixels * sizeof *picture), *scores = malloc(classes * sizeof *scores);
  if (!picture || !scores) {
    fprintf(stderr, "No memory for a picture.\n");
    return 1;
  }
  int failed = 0;
  for (; !failed && (got = fread(picture, 1, pixels * sizeof *picture, pictures)); number++) {
    if (got < pixels * sizeof *picture) {
      fprintf(stderr, "Picture %zu is cut short: one is %zu bytes, float32 (%d, %d, %d); got %zu.\n", number,
              pixels * sizeof *picture, shape[0], shape[1], shape[2], got);
      failed = 1;
    } else if (!design_scores(network, picture, scores)) {
      fprintf(stderr, "Picture %zu has pixels beyond 1,000,000 or that are no numbers: normalize it.\n", number);
      failed = 1;
    } else
      for (int k = 0; k < classes; k++) printf("%.9g%c", scores[k], k + 1 < classes ? ' ' : '\n');
  }
  free(picture);
  free(scores);
  return failed;
}

int main(int count, char **words) {
  if (count != 3) {
    fprintf(stderr, "Usage: %s NETWORK PICTURES\n", words[0]);
    return 2;
  }
  size_t size = 0;
  char why[DESIGN_WHY];
  void *bytes = read_file(words[1], &size);
  if (!bytes) {
    fprintf(stderr, "Cannot read %s.\n", words[1]);
    return 1;
  }
  design_network *network = design_open(bytes, size, why);
  free(bytes);
  if (!network) {
    fprintf(stderr, "%s: %s\n", words[1], why);
    return 1;
  }
  FILE *pictures = fopen(words[2], "rb");
  int failed = 1;
  if (!pictures) fprintf(stderr, "Cannot read %s.\n", words[2]);
  else failed = score_all(network, pictures);
  if (pictures) fclose(pictures);
  design_close(network);
  return failed;
}
