// Matrix products over tiles in bfloat16 and int8, for processors with matrix units (AMX) or dot products (AVX-512).
//
// bfloat16: a tile of the left operand is 16 rows of 32 numbers. A tile of the right operand is 32 rows of 16 columns,
// with two rows interleaved: element [pair][column][parity]. Sums are float32.
//
// int8: a tile has the same bytes and twice the depth. A tile of the left operand is 16 rows of 64 unsigned bytes. A
// tile of the right operand is 64 rows of 16 columns of signed bytes, with four rows interleaved: [quad][column][4].
// Sums are int32 and exact.
//
// Both kinds of processor read these layouts.
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
constexpr int64_t kInt8Depth = 64; // the same for int8
constexpr int64_t kInt8Elements = 1024;
constexpr int64_t kInt8Group = 128; // numbers along the depth that share a scale in int8
constexpr int64_t kBlock = 32;      // a product is computed in blocks of 32 × 32: two left tiles by two right tiles

// Two left tiles, one below the other, over the whole depth. Distances are in 16-bit units.
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
  // The same over tiles in int8. Only for engines that int8_engine() returns.
  void (*multiply_int8)(const Left &a, const Right &b, int64_t depth_tiles, int32_t *c, int64_t c_row, bool accumulate);
  // Must be called by every thread before and after its products.
  void (*enter)();
  void (*leave)();
};

// The best engine of this processor, or null. The environment variable NVG_MATRIX_ENGINE (amx, avx512 or none) selects
// a different one.
const Engine *engine();

// The same engine, or null if the processor does not have its products in int8.
const Engine *int8_engine();

} // namespace nvg::tiles
