// Matrix products in bfloat16 over tiles, for processors with matrix units (AMX) or bfloat16 dot products (AVX-512).
//
// A tile of the left operand is 16 rows of 32 numbers. A tile of the right operand is 32 rows of 16 columns, two rows
// woven together: element [pair][column][parity]; that is how both kinds of processor read it. Sums are float32.
#pragma once

#include <cstdint>

namespace nvg::tiles {

constexpr int64_t kRows = 16;    // rows of a left tile
constexpr int64_t kDepth = 32;   // columns of a left tile, rows of a right tile
constexpr int64_t kColumns = 16; // columns of a right tile
constexpr int64_t kElements = 512;
constexpr int64_t kBlock = 32; // a product is computed in blocks of 32 × 32: two left tiles by two right tiles

// Two left tiles, one below the other, through the whole depth. Distances count elements.
struct Left {
  const uint16_t *data;
  int64_t row;        // from one row to the next inside a tile
  int64_t row_tile;   // from the upper tile to the lower
  int64_t depth_tile; // from one tile to the next along the depth
  const int64_t *depth_places = nullptr; // or where each lies, should they not follow a line
};

// Two right tiles side by side, through the whole depth.
struct Right {
  const uint16_t *data;
  int64_t column_tile;
  int64_t depth_tile;
};

inline int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

// What a processor offers.
struct Engine {
  const char *name;
  // C (32 × 32, `c_row` numbers from row to row) = or += A · B over `depth_tiles` tiles.
  void (*multiply)(const Left &a, const Right &b, int64_t depth_tiles, float *c, int64_t c_row, bool accumulate);
  // Around the products of a thread.
  void (*enter)();
  void (*leave)();
};

// The best engine that this processor and kernel allow, or null. NVG_MATRIX_ENGINE=amx|avx512|none chooses another.
const Engine *engine();

} // namespace nvg::tiles
