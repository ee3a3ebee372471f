// Matrix products in bfloat16 over tiles, for processors with matrix units (AMX) or bfloat16 dot products (AVX-512).
//
// A tile of the left operand is 16 rows of 32 numbers. A tile of the right operand is 32 rows of 16 columns, with two
// rows interleaved: element [pair][column][parity]. Both kinds of processor read this layout. Sums are float32.
#pragma once

#include "kernels/instruction_sets.h"

#include <cstdint>

#if defined(NVG_X86) && defined(__linux__)
#define NVG_MATRIX_ENGINES 1
#endif

namespace nvg::tiles {

constexpr int64_t kRows = 16;    // rows of a left tile
constexpr int64_t kDepth = 32;   // columns of a left tile, rows of a right tile
constexpr int64_t kColumns = 16; // columns of a right tile
constexpr int64_t kElements = 512;
constexpr int64_t kBlock = 32; // a product is computed in blocks of 32 × 32: two left tiles by two right tiles

// Two left tiles, one below the other, over the whole depth. Distances are in elements.
struct Left {
  const uint16_t *data;
  int64_t row;                           // distance between rows within a tile
  int64_t row_tile;                      // distance from the upper tile to the lower
  int64_t depth_tile;                    // distance between tiles along the depth
  const int64_t *depth_places = nullptr; // or the position of each, if they are not evenly spaced
};

// Two right tiles side by side, over the whole depth.
struct Right {
  const uint16_t *data;
  int64_t column_tile;
  int64_t depth_tile;
};

inline int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

// The matrix product instructions of a processor.
struct Engine {
  const char *name;
  // C (32 × 32, rows `c_row` numbers apart) = or += A · B over `depth_tiles` tiles.
  void (*multiply)(const Left &a, const Right &b, int64_t depth_tiles, float *c, int64_t c_row, bool accumulate);
  // Must be called by every thread before and after its products.
  void (*enter)();
  void (*leave)();
};

// The best engine of this processor, or null. The environment variable NVG_MATRIX_ENGINE (amx, avx512 or none) selects
// a different one.
const Engine *engine();

} // namespace nvg::tiles
