#include "kernels/tiles/matrix_tiles.h"

#include "kernels/processor.h"

#include <c10/util/Exception.h>

#include <cstdlib>
#include <string>

#ifdef NVG_MATRIX_ENGINES
#include <immintrin.h>
#endif

namespace nvg::tiles {

#ifdef NVG_MATRIX_ENGINES
namespace {

inline const uint16_t *tile_at(const Left &a, int64_t k) {
  return a.data + (a.depth_places == nullptr ? k * a.depth_tile : a.depth_places[k]);
}

NVG_TARGET_BEGIN(NVG_AMX_BF16)
namespace amx {

struct alignas(64) Configuration {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t bytes_per_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

void enter() {
  static const Configuration configuration;
  _tile_loadconfig(&configuration);
}

void leave() { _tile_release(); }

void multiply(const Left &a, const Right &b, int64_t depth_tiles, float *c, int64_t c_row, bool accumulate) {
  const int64_t c_bytes = c_row * 4, a_bytes = a.row * 2;
  if (accumulate) {
    _tile_loadd(0, c, c_bytes);
    _tile_loadd(1, c + 16, c_bytes);
    _tile_loadd(2, c + 16 * c_row, c_bytes);
    _tile_loadd(3, c + 16 * c_row + 16, c_bytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t k = 0; k < depth_tiles; k++) {
    const uint16_t *left = tile_at(a, k), *right = b.data + k * b.depth_tile;
    _tile_loadd(4, left, a_bytes);
    _tile_loadd(6, right, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, right + b.column_tile, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, left + a.row_tile, a_bytes);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, c_bytes);
  _tile_stored(1, c + 16, c_bytes);
  _tile_stored(2, c + 16 * c_row, c_bytes);
  _tile_stored(3, c + 16 * c_row + 16, c_bytes);
}

} // namespace amx
NVG_TARGET_END

NVG_TARGET_BEGIN(NVG_AVX512_BF16)
namespace avx512 {

void enter() {}
void leave() {}

void multiply(const Left &a, const Right &b, int64_t depth_tiles, float *c, int64_t c_row, bool accumulate) {
  // Eight rows by two vectors of columns: sixteen sums stay in registers, and every loaded value is used two or eight
  // times.
  constexpr int64_t height = 8;
  for (int64_t top = 0; top < kBlock; top += height) {
    const int64_t first_row = top / kRows * a.row_tile + top % kRows * a.row;
    float *target = c + top * c_row;
    __m512 sums[height][2];
    for (int64_t r = 0; r < height; r++) {
      sums[r][0] = accumulate ? _mm512_loadu_ps(target + r * c_row) : _mm512_setzero_ps();
      sums[r][1] = accumulate ? _mm512_loadu_ps(target + r * c_row + 16) : _mm512_setzero_ps();
    }
    for (int64_t k = 0; k < depth_tiles; k++) {
      const uint16_t *left = tile_at(a, k) + first_row, *right = b.data + k * b.depth_tile;
      for (int64_t pair = 0; pair < kDepth / 2; pair++) {
        const __m512bh first = (__m512bh)_mm512_loadu_si512(right + pair * 32);
        const __m512bh second = (__m512bh)_mm512_loadu_si512(right + b.column_tile + pair * 32);
        for (int64_t r = 0; r < height; r++) {
          int32_t both;
          __builtin_memcpy(&both, left + r * a.row + 2 * pair, sizeof both);
          const __m512bh broadcast = (__m512bh)_mm512_set1_epi32(both);
          sums[r][0] = _mm512_dpbf16_ps(sums[r][0], broadcast, first);
          sums[r][1] = _mm512_dpbf16_ps(sums[r][1], broadcast, second);
        }
      }
    }
    for (int64_t r = 0; r < height; r++) {
      _mm512_storeu_ps(target + r * c_row, sums[r][0]);
      _mm512_storeu_ps(target + r * c_row + 16, sums[r][1]);
    }
  }
}

} // namespace avx512
NVG_TARGET_END

constexpr Engine kAmx{.name = "amx", .multiply = amx::multiply, .enter = amx::enter, .leave = amx::leave};
constexpr Engine kAvx512{
    .name = "avx512", .multiply = avx512::multiply, .enter = avx512::enter, .leave = avx512::leave};

const Engine *choose() {
  const char *wanted = std::getenv("NVG_MATRIX_ENGINE");
  const std::string name = wanted == nullptr ? "" : wanted;
  TORCH_CHECK_VALUE(name.empty() || name == "amx" || name == "avx512" || name == "none", "NVG_MATRIX_ENGINE is '", name,
                    "': amx, avx512 or none");
  if ((name.empty() || name == "amx") && processor::has_amx_bf16())
    return &kAmx;
  if ((name.empty() || name == "avx512") && processor::has_avx512_bf16())
    return &kAvx512;
  TORCH_CHECK_VALUE(name.empty() || name == "none", "NVG_MATRIX_ENGINE is '", name,
                    "', which this processor does not have");
  return nullptr;
}

} // namespace

const Engine *engine() {
  static const Engine *const chosen = choose();
  return chosen;
}

#else

const Engine *engine() { return nullptr; }

#endif

} // namespace nvg::tiles
