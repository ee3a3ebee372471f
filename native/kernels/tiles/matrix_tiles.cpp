#include "kernels/tiles/matrix_tiles.h"

#include "kernels/processor.h"

#include <c10/util/Exception.h>

#include <cstdlib>
#include <string>
#include <type_traits>

#ifdef NVG_MATRIX_ENGINES
#include <immintrin.h>
#endif

namespace nvg::tiles {

#ifdef NVG_MATRIX_ENGINES
namespace {

inline const uint16_t *tile_at(const Left &a, int64_t k) {
  return a.data + (a.depth_places == nullptr ? k * a.depth_tile : a.depth_places[k]);
}

// The type of the sums tells the type of the operands.
template <typename Sum> constexpr bool is_int8 = std::is_same_v<Sum, int32_t>;

NVG_TARGET_BEGIN(NVG_AMX_TILES)
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

template <typename Sum>
void multiply(const Left &a, const Right &b, int64_t depth_tiles, Sum *c, int64_t c_row, bool accumulate) {
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
    if constexpr (is_int8<Sum>)
      _tile_dpbusd(0, 4, 6);
    else
      _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, right + b.column_tile, 64);
    if constexpr (is_int8<Sum>)
      _tile_dpbusd(1, 4, 7);
    else
      _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, left + a.row_tile, a_bytes);
    if constexpr (is_int8<Sum>)
      _tile_dpbusd(2, 5, 6);
    else
      _tile_dpbf16ps(2, 5, 6);
    if constexpr (is_int8<Sum>)
      _tile_dpbusd(3, 5, 7);
    else
      _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, c_bytes);
  _tile_stored(1, c + 16, c_bytes);
  _tile_stored(2, c + 16 * c_row, c_bytes);
  _tile_stored(3, c + 16 * c_row + 16, c_bytes);
}

} // namespace amx
NVG_TARGET_END

NVG_TARGET_BEGIN(NVG_AVX512_TILES)
namespace avx512 {

void enter() {}
void leave() {}

// Adds to every sum the products of a pair of bfloat16 or of four bytes.
template <typename Sum> __m512i add_products(__m512i sums, __m512i left, __m512i right) {
  if constexpr (is_int8<Sum>)
    return _mm512_dpbusd_epi32(sums, left, right);
  else
    return (__m512i)_mm512_dpbf16_ps((__m512)sums, (__m512bh)left, (__m512bh)right);
}

template <typename Sum>
void multiply(const Left &a, const Right &b, int64_t depth_tiles, Sum *c, int64_t c_row, bool accumulate) {
  // Eight rows by two vectors of columns: sixteen sums stay in registers, and every loaded value is used two or eight
  // times.
  constexpr int64_t height = 8;
  for (int64_t top = 0; top < kBlock; top += height) {
    const int64_t first_row = top / kRows * a.row_tile + top % kRows * a.row;
    Sum *target = c + top * c_row;
    __m512i sums[height][2];
    for (int64_t r = 0; r < height; r++) {
      sums[r][0] = accumulate ? _mm512_loadu_si512(target + r * c_row) : _mm512_setzero_si512();
      sums[r][1] = accumulate ? _mm512_loadu_si512(target + r * c_row + 16) : _mm512_setzero_si512();
    }
    for (int64_t k = 0; k < depth_tiles; k++) {
      const uint16_t *left = tile_at(a, k) + first_row, *right = b.data + k * b.depth_tile;
      // A pair of bfloat16 or four bytes.
      for (int64_t group = 0; group < kDepth / 2; group++) {
        const __m512i first = _mm512_loadu_si512(right + group * 32);
        const __m512i second = _mm512_loadu_si512(right + b.column_tile + group * 32);
        for (int64_t r = 0; r < height; r++) {
          int32_t numbers;
          __builtin_memcpy(&numbers, left + r * a.row + 2 * group, sizeof numbers);
          const __m512i broadcast = _mm512_set1_epi32(numbers);
          sums[r][0] = add_products<Sum>(sums[r][0], broadcast, first);
          sums[r][1] = add_products<Sum>(sums[r][1], broadcast, second);
        }
      }
    }
    for (int64_t r = 0; r < height; r++) {
      _mm512_storeu_si512(target + r * c_row, sums[r][0]);
      _mm512_storeu_si512(target + r * c_row + 16, sums[r][1]);
    }
  }
}

} // namespace avx512
NVG_TARGET_END

constexpr Engine kAmx{.name = "amx",
                      .multiply = amx::multiply<float>,
                      .multiply_int8 = amx::multiply<int32_t>,
                      .enter = amx::enter,
                      .leave = amx::leave};
constexpr Engine kAvx512{.name = "avx512",
                         .multiply = avx512::multiply<float>,
                         .multiply_int8 = avx512::multiply<int32_t>,
                         .enter = avx512::enter,
                         .leave = avx512::leave};

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

const Engine *int8_engine() {
  const Engine *const chosen = engine();
  static const bool has_int8 = chosen == &kAmx ? processor::has_amx_int8() : processor::has_avx512_vnni();
  return has_int8 ? chosen : nullptr;
}

#else

const Engine *engine() { return nullptr; }
const Engine *int8_engine() { return nullptr; }

#endif

} // namespace nvg::tiles
