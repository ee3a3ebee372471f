// Shared parts of the kernels for whole transformer blocks: phases of a thread team, norms into tiles, products over
// tiles, and the attention of one head. Products are bfloat16 or int8, everything else is float32.
#pragma once

#include "kernels/parallel.h"
#include "kernels/tiles/matrix_tiles.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>

#if defined(NVG_MATRIX_ENGINES) && defined(NVG_TEAMS)
#define NVG_BLOCK_INFERENCE 1
#include <immintrin.h>
#include <sched.h>
#endif

namespace nvg::blocks {

using namespace tiles;

// The head size of the published models. Other sizes are computed by libtorch's operators.
constexpr int64_t kHead = 64;

} // namespace nvg::blocks

#ifdef NVG_BLOCK_INFERENCE

namespace nvg::blocks {

// Tasks that the threads of a team take from a shared counter, phase by phase.
class Phases {
public:
  // Must be called by all threads of the team. Returns when all tasks are done.
  template <typename Body> void run(int threads, int64_t tasks, Body body) {
    const int turn = turn_.load(std::memory_order_acquire);
    for (int64_t task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks;)
      body(task);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
      next_.store(0, std::memory_order_relaxed);
      arrived_.store(0, std::memory_order_relaxed);
      turn_.store(turn + 1, std::memory_order_release);
      return;
    }
    // Spins, because a phase takes less time than waking a sleeping thread.
    for (int spins = 0; turn_.load(std::memory_order_acquire) == turn; spins++) {
      if (spins < 2000)
        __builtin_ia32_pause();
      else
        sched_yield();
    }
  }

private:
  alignas(64) std::atomic<int64_t> next_{0};
  alignas(64) std::atomic<int> arrived_{0};
  std::atomic<int> turn_{0};
};

NVG_TARGET_BEGIN(NVG_AVX512_BF16)

// 2^x with a relative error of 4e-5, for results that are rounded to bfloat16.
inline __m512 exponential2(__m512 x) {
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 r = _mm512_sub_ps(x, whole);
  __m512 p = _mm512_set1_ps(9.6181291e-3f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.5504109e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.4022651e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.9314718e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(p, whole);
}

// x / (1 + e^-2u) with u = √(2/π) (x + 0.044715 x³), which is GELU in its tanh form.
inline __m512 gelu(__m512 x) {
  const __m512 square = _mm512_mul_ps(x, x);
  const __m512 slope = _mm512_fmadd_ps(square, _mm512_set1_ps(-2.3022082f * 0.044715f), _mm512_set1_ps(-2.3022082f));
  const __m512 e = exponential2(_mm512_mul_ps(x, slope));
  return _mm512_mul_ps(x, _mm512_rcp14_ps(_mm512_add_ps(e, _mm512_set1_ps(1.0f))));
}

inline void store_bfloat16(uint16_t *target, __m512 value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(target), (__m256i)_mm512_cvtneps_pbh(value));
}

// Left tiles hold 16 rows × 32 columns. The address of the 32 numbers of a row that start at `column`.
inline uint16_t *in_tiles(uint16_t *base, int64_t row, int64_t column, int64_t columns) {
  return base + (row / kRows * (columns / kDepth) + column / kDepth) * kElements + row % kRows * kDepth;
}

// Stores 16 numbers of a row in left tiles, from a column that is a multiple of 16.
inline void store_in_tiles(uint16_t *base, int64_t row, int64_t column, int64_t columns, __m512 numbers) {
  store_bfloat16(in_tiles(base, row, column, columns) + column % kDepth, numbers);
}

// Layer norm of rows, modulated per sequence, into left tiles.
struct ModulatedNorm {
  int64_t rows, tokens, width; // all rows; rows per sequence
  const float *x, *shift, *scale;
  int64_t modulation_row; // distance between the modulations of consecutive sequences
  float epsilon;

  // The 32 rows beginning at `first_row`; rows after the last become zeros.
  void run(int64_t first_row, uint16_t *target) const {
    for (int64_t row = first_row; row < first_row + kBlock; row++) {
      if (row >= rows) {
        for (int64_t i = 0; i < width; i += kDepth)
          _mm512_storeu_si512(in_tiles(target, row, i, width), _mm512_setzero_si512());
        continue;
      }
      const float *source = x + row * width;
      const float *offset = shift + row / tokens * modulation_row, *factor = scale + row / tokens * modulation_row;
      __m512 sum = _mm512_setzero_ps(), squares = _mm512_setzero_ps();
      for (int64_t i = 0; i < width; i += 16)
        sum = _mm512_add_ps(sum, _mm512_loadu_ps(source + i));
      const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / static_cast<float>(width));
      for (int64_t i = 0; i < width; i += 16) {
        const __m512 centred = _mm512_sub_ps(_mm512_loadu_ps(source + i), mean);
        squares = _mm512_fmadd_ps(centred, centred, squares);
      }
      const float variance = _mm512_reduce_add_ps(squares) / static_cast<float>(width);
      const __m512 reciprocal = _mm512_set1_ps(1.0f / std::sqrt(variance + epsilon)), one = _mm512_set1_ps(1.0f);
      for (int64_t i = 0; i < width; i += 16) {
        const __m512 normal = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(source + i), mean), reciprocal);
        const __m512 y =
            _mm512_fmadd_ps(_mm512_add_ps(_mm512_loadu_ps(factor + i), one), normal, _mm512_loadu_ps(offset + i));
        store_in_tiles(target, row, i, width, y);
      }
    }
  }
};

// Left tiles of a product. In int8 they occupy the memory of the bfloat16 tiles that they were made from: the two differ
// in the number of tiles along the depth, but not in the distance from one group of 16 rows to the next.
struct Rows {
  uint16_t *tiles = nullptr;
  float *scales = nullptr;  // in int8: of every row of every group of 128 columns
  int64_t group_scales = 0; // distance from one group to the next

  // Rounds the 32 rows beginning at `first_row`, of `rows` altogether, from bfloat16 to int8 in place: to unsigned
  // numbers around 128.
  void round(int64_t first_row, int64_t rows, int64_t columns) const {
    for (int64_t row = first_row; row < std::min(first_row + kBlock, rows); row++)
      for (int64_t first = 0; first < columns; first += kInt8Group)
        scales[first / kInt8Group * group_scales + row] =
            round_group(row, first, std::min(first + kInt8Group, columns), columns);
  }

  // -> the scale, which takes the largest magnitude to 127
  float round_group(int64_t row, int64_t first, int64_t last, int64_t columns) const {
    // Compares magnitudes as integers, in which infinity and not-a-number are the largest.
    const __m512i magnitude = _mm512_set1_epi16(0x7fff);
    __m512i magnitudes = _mm512_setzero_si512();
    for (int64_t i = first; i < last; i += kDepth)
      magnitudes = _mm512_max_epu16(magnitudes,
                                    _mm512_and_si512(_mm512_loadu_si512(in_tiles(tiles, row, i, columns)), magnitude));
    const uint32_t bits =
        _mm512_reduce_max_epu32(_mm512_max_epu32(_mm512_slli_epi32(magnitudes, 16), magnitudes)) & 0xffff0000u;
    float largest;
    __builtin_memcpy(&largest, &bits, sizeof largest);
    // If the row is not finite, its products are not finite either, because of the scale.
    const __m512 inverse = _mm512_set1_ps(largest > 1e-30f && largest < INFINITY ? 127 / largest : 0);
    for (int64_t i = first; i < last; i += kInt8Depth) {
      const __m512i low = _mm512_inserti32x4(_mm512_castsi128_si512(int8_at(row, i, columns, inverse)),
                                             int8_at(row, i + 16, columns, inverse), 1);
      const __m512i most = _mm512_inserti32x4(low, int8_at(row, i + 32, columns, inverse), 2);
      const __m512i all = _mm512_inserti32x4(most, int8_at(row, i + 48, columns, inverse), 3);
      // Numbers that are still to be read are not overwritten: the target lies at or before the source.
      _mm512_storeu_si512(in_tiles(tiles, row, i / 2, columns),
                          _mm512_xor_si512(all, _mm512_set1_epi8(static_cast<char>(0x80))));
    }
    return largest / 127;
  }

  // 16 numbers of a row, multiplied by `factor` and rounded.
  __m128i int8_at(int64_t row, int64_t column, int64_t columns, __m512 factor) const {
    const auto *source = reinterpret_cast<const __m256i *>(in_tiles(tiles, row, column, columns) + column % kDepth);
    const __m512 numbers =
        _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(source)), 16));
    return _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(numbers, factor)));
  }
};

// Right tiles of a product.
struct Matrix {
  const uint16_t *tiles = nullptr;
  const float *scales = nullptr, *corrections = nullptr; // from pack_matrix_int8; null in bfloat16
  int64_t columns = 0;

  bool is_int8() const { return scales != nullptr; }

  // Sums of 32 × 64 = or += the products of one group, 32 × 32.
  void rescale(const int32_t *products, const float *row_scales, int64_t group, int64_t column, float *sums,
               bool accumulate) const {
    __m512i excess[2];
    __m512 factors[2];
    for (int64_t i = 0; i < 2; i++) {
      excess[i] = _mm512_cvtps_epi32(_mm512_loadu_ps(corrections + group * columns + column + 16 * i));
      factors[i] = _mm512_loadu_ps(scales + group * columns + column + 16 * i);
    }
    for (int64_t row = 0; row < kBlock; row++, products += kBlock, sums += kHead) {
      const __m512 row_scale = _mm512_set1_ps(row_scales[row]);
      for (int64_t i = 0; i < 2; i++) {
        const __m512 exact = _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_loadu_si512(products + 16 * i), excess[i]));
        const __m512 before = accumulate ? _mm512_loadu_ps(sums + 16 * i) : _mm512_setzero_ps();
        _mm512_storeu_ps(sums + 16 * i, _mm512_fmadd_ps(exact, _mm512_mul_ps(factors[i], row_scale), before));
      }
    }
  }
};

// Computes 64 columns of a block of rows of a product. Calls the owner's `Finish(panel, first row, sums)` for every 32
// rows; sums are 32 × 64. Finish is a method because GCC does not compile lambdas for the instruction set selected
// here.
template <typename Owner, void (Owner::*Finish)(int64_t, int64_t, const float *) const>
void product(const Owner &owner, const Engine &engine, const Rows &left, const Matrix &right, int64_t depth,
             int64_t panel, int64_t begin, int64_t end, float *sums) {
  // The right tiles of one step stay in the first-level cache for all rows. In int8 a step is a group.
  const bool int8 = right.is_int8();
  const int64_t step = int8 ? kInt8Group / kInt8Depth : 8, depth_tiles = depth / (int8 ? kInt8Depth : kDepth),
                row_tile = depth / kDepth * kElements;
  for (int64_t k = 0; k < depth_tiles; k += step) {
    const int64_t length = std::min(step, depth_tiles - k);
    for (int64_t half = 0; half < 2; half++) {
      const Right b{.data = right.tiles + ((panel * 4 + half * 2) * depth_tiles + k) * kElements,
                    .column_tile = depth_tiles * kElements,
                    .depth_tile = kElements};
      for (int64_t row = begin; row < end; row += kBlock) {
        const Left a{.data = left.tiles + row / kRows * row_tile + k * kElements,
                     .row = kDepth,
                     .row_tile = row_tile,
                     .depth_tile = kElements};
        float *target = sums + (row - begin) * kHead;
        if (int8) {
          alignas(64) int32_t products[kBlock * kBlock];
          engine.multiply_int8(a, b, length, products, kBlock, false);
          right.rescale(products, left.scales + k / step * left.group_scales + row, k / step,
                        panel * kHead + half * kBlock, target + half * kBlock, k > 0);
        } else {
          engine.multiply(a, b, length, target + half * kBlock, kHead, k > 0);
        }
        if (half == 1 && k + step >= depth_tiles)
          (owner.*Finish)(panel, row, target);
      }
    }
  }
}

// Scratch memory per thread for the attention of one head.
struct AttentionScratch {
  uint16_t *keys, *values; // right tiles: kᵀ (D × U) and v (U × D)
  float *scores;           // 32 × U
  uint16_t *weights;       // 32 × U

  static int64_t floats(int64_t padded_keys) { return kBlock * padded_keys; }
  static int64_t halves(int64_t padded_keys) { return (2 * kHead + kBlock) * padded_keys; }
};

// Attention of the queries of one head to U keys, which are rows of 64 numbers. Queries include the scale of the scores
// and log2(e), because the softmax uses powers of two.
struct HeadAttention {
  const Engine &engine;
  const uint16_t *query, *key, *value;
  int64_t keys, padded_keys; // U, and U rounded up to 32
  const AttentionScratch &scratch;

  void pack() const {
    // kᵀ: tiles [16 keys][2 depths of 32]; a pair of channels of a key is one 32-bit number.
    const __m512i lane = _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                            _mm512_set1_epi32(kColumns));
    for (int64_t t = 0; t < padded_keys; t++) {
      for (int64_t d = 0; d < 2; d++) {
        const __m512i pairs = t < keys ? _mm512_loadu_si512(key + t * kHead + d * kDepth) : _mm512_setzero_si512();
        int32_t *tile = reinterpret_cast<int32_t *>(scratch.keys + (t / kColumns * 2 + d) * kElements);
        _mm512_i32scatter_epi32(tile + t % kColumns, lane, pairs, 4);
      }
    }
    // v: tiles [depth of 32 keys][4 times 16 channels]; two keys are interleaved.
    for (int64_t t = 0; t < padded_keys; t += 2) {
      for (int64_t c = 0; c < 4; c++) {
        const __m256i even =
            t < keys ? _mm256_loadu_si256(reinterpret_cast<const __m256i *>(value + t * kHead + c * kColumns))
                     : _mm256_setzero_si256();
        const __m256i odd =
            t + 1 < keys ? _mm256_loadu_si256(reinterpret_cast<const __m256i *>(value + (t + 1) * kHead + c * kColumns))
                         : _mm256_setzero_si256();
        const __m512i interleaved =
            _mm512_or_si512(_mm512_cvtepu16_epi32(even), _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
        _mm512_storeu_si512(scratch.values + (t / kDepth * 4 + c) * kElements + t % kDepth / 2 * 32, interleaved);
      }
    }
  }

  // 32 queries beginning at `first`, of which `last − first` exist. Sums are 32 × 64 and must still be multiplied by
  // the reciprocals.
  void run(int64_t first, int64_t last, float *sums, float *reciprocals) const {
    const Left q{.data = query + first * kHead, .row = kHead, .row_tile = kRows * kHead, .depth_tile = kDepth};
    for (int64_t t = 0; t < padded_keys; t += kBlock) {
      const Right columns{
          .data = scratch.keys + t / kColumns * 2 * kElements, .column_tile = 2 * kElements, .depth_tile = kElements};
      engine.multiply(q, columns, 2, scratch.scores + t, padded_keys, false);
    }
    for (int64_t row = first; row < last; row++)
      reciprocals[row - first] =
          exponentials(scratch.scores + (row - first) * padded_keys, scratch.weights + (row - first) * padded_keys);
    const Left shares{
        .data = scratch.weights, .row = padded_keys, .row_tile = kRows * padded_keys, .depth_tile = kDepth};
    for (int64_t half = 0; half < 2; half++) {
      const Right rows{
          .data = scratch.values + half * 2 * kElements, .column_tile = kElements, .depth_tile = 4 * kElements};
      engine.multiply(shares, rows, padded_keys / kDepth, sums + half * kBlock, kHead, false);
    }
  }

  // Writes 2^(score − largest) as bfloat16, and zeros after the last key. Returns the reciprocal of the sum.
  float exponentials(const float *scores, uint16_t *weights) const {
    const int64_t whole = keys / 16 * 16;
    const __mmask16 rest = static_cast<__mmask16>((1u << (keys - whole)) - 1);
    __m512 largest = _mm512_mask_loadu_ps(_mm512_set1_ps(-INFINITY), rest, scores + whole);
    for (int64_t t = 0; t < whole; t += 16)
      largest = _mm512_max_ps(largest, _mm512_loadu_ps(scores + t));
    const __m512 top = _mm512_set1_ps(_mm512_reduce_max_ps(largest));
    __m512 sum = _mm512_setzero_ps();
    for (int64_t t = 0; t < whole; t += 16) {
      const __m512 e = exponential2(_mm512_sub_ps(_mm512_loadu_ps(scores + t), top));
      sum = _mm512_add_ps(sum, e);
      store_bfloat16(weights + t, e);
    }
    for (int64_t t = whole; t < padded_keys; t += 16) {
      const __mmask16 inside = t == whole ? rest : 0;
      const __m512 e =
          _mm512_maskz_mov_ps(inside, exponential2(_mm512_sub_ps(_mm512_maskz_loadu_ps(inside, scores + t), top)));
      sum = _mm512_add_ps(sum, e);
      store_bfloat16(weights + t, e);
    }
    return 1.0f / _mm512_reduce_add_ps(sum);
  }
};

// x += gate · (product + bias) for 64 columns of 32 rows.
struct GatedUpdate {
  int64_t rows, tokens, width;
  float *x;
  const float *gate, *bias;
  int64_t modulation_row;

  void run(int64_t panel, int64_t first_row, const float *block) const {
    const int64_t column = panel * kHead;
    for (int64_t row = first_row; row < std::min(first_row + kBlock, rows); row++, block += kHead) {
      const float *factor = gate + row / tokens * modulation_row + column;
      float *target = x + row * width + column;
      for (int64_t i = 0; i < kHead; i += 16) {
        const __m512 update = _mm512_add_ps(_mm512_loadu_ps(block + i), _mm512_loadu_ps(bias + column + i));
        _mm512_storeu_ps(target + i, _mm512_fmadd_ps(_mm512_loadu_ps(factor + i), update, _mm512_loadu_ps(target + i)));
      }
    }
  }
};

// Number of rows that share one pass over 64 columns of weights, so that their left tiles fit in the second-level
// cache.
inline int64_t rows_together(int64_t padded_rows, int64_t bytes_of_row) {
  constexpr int64_t cache = 768 << 10;
  const int64_t fitting = std::max<int64_t>(2, cache / bytes_of_row / kBlock) * kBlock;
  const int64_t parts = (padded_rows + fitting - 1) / fitting;
  return round_up((padded_rows + parts - 1) / parts, kBlock);
}

NVG_TARGET_END

// Checks the arguments of the operator `op`.
inline float *float_data(const char *op, const at::Tensor &tensor, const char *name, int64_t elements) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.is_contiguous() && tensor.numel() == elements, op, ": ",
              name, " must be ", elements, " contiguous float32 numbers");
  return tensor.data_ptr<float>();
}

inline const uint16_t *tile_data(const char *op, const at::Tensor &packed, const char *name, int64_t columns,
                                 int64_t depth, at::ScalarType type) {
  TORCH_CHECK(packed.scalar_type() == type && packed.is_contiguous() && packed.dim() == 5 &&
                  packed.size(0) * kColumns == columns &&
                  packed.size(1) * (type == at::kChar ? kInt8Depth : kDepth) == depth &&
                  packed.numel() == columns * depth,
              op, ": ", name, " must be a packed matrix of ", columns, " × ", depth);
  return static_cast<const uint16_t *>(packed.data_ptr());
}

inline Matrix matrix_data(const char *op, const at::Tensor &packed, const char *name, int64_t columns, int64_t depth) {
  return {.tiles = tile_data(op, packed, name, columns, depth, at::kBFloat16)};
}

inline Matrix int8_matrix_data(const char *op, const at::Tensor &packed, const at::Tensor &numbers, const char *name,
                               int64_t columns, int64_t depth) {
  const int64_t count = (depth + kInt8Group - 1) / kInt8Group * columns;
  const float *scales = float_data(op, numbers, name, 2 * count);
  return {.tiles = tile_data(op, packed, name, columns, depth, at::kChar),
          .scales = scales,
          .corrections = scales + count,
          .columns = columns};
}

} // namespace nvg::blocks

#endif
