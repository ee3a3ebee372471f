// A whole transformer block without gradients, with bfloat16 products and everything else in float32: one parallel
// region of four phases. Only the operands of the products go through memory.
//
//   1  y = (1 + scale) · LayerNorm(x) + shift                       rows      -> left tiles
//   2  [q k v | m] = W1 y + b1; norms and rotations; gelu(m)        64 columns of a block of rows
//   3  softmax(q kᵀ) v                                              a head of a sequence
//   4  x += gate · (W2 [attention, gelu(m)] + b2)                   64 columns of a block of rows
#include "kernels/library.h"
#include "kernels/parallel.h"
#include "kernels/tiles/matrix_tiles.h"
#include "kernels/tiles/pack_matrix.h"

#include <ATen/ATen.h>
#include <torch/library.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#if defined(NVG_MATRIX_ENGINES) && defined(NVG_TEAMS)
#define NVG_BLOCK_INFERENCE 1
#include <immintrin.h>
#include <sched.h>
#endif

namespace nvg {
namespace {

using namespace tiles;

constexpr auto kName = "transformer_block_";

// The head size of the method's models. Others are computed by libtorch's operators.
constexpr int64_t kHead = 64;

#ifdef NVG_BLOCK_INFERENCE

// Tasks that the threads of a team take from one counter, phase after phase.
class Phases {
public:
  // To be called by all threads of the team. Returns when all tasks are done.
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
    // A phase takes less time than waking a sleeping thread.
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

// N sequences of T tokens of width W, an MLP of width M, H heads of size D.
struct Block {
  const Engine &engine;
  int64_t count, tokens, width, mlp, heads;     // N, T, W, M, H
  float *x;                                     // (N T) × W
  const float *shift, *scale, *gate;            // N rows of W
  int64_t modulation_row;                       // from one such row to the next
  const uint16_t *first_weight, *second_weight; // packed W1, W2
  const float *first_bias, *second_bias;
  const float *query_scale, *key_scale;
  const float *rotations; // (N T) × D, pairs of cosine and sine
  float epsilon;

  // Set by run().
  int64_t rows = 0, padded_rows = 0, padded_tokens = 0;
  uint16_t *normed = nullptr;                                  // left tiles of y
  uint16_t *query = nullptr, *key = nullptr, *value = nullptr; // (N H) × padded T × D each
  uint16_t *hidden = nullptr;                                  // left tiles of [attention, gelu(m)]

  int64_t hidden_width() const { return width + mlp; }
  int64_t first_panels() const { return (3 * width + mlp) / kHead; }
  int64_t second_panels() const { return width / kHead; }

  // Left tiles hold 16 rows × 32 columns. The address of the 32 numbers of a row that start at `column`.
  static uint16_t *in_tiles(uint16_t *base, int64_t row, int64_t column, int64_t columns) {
    return base + (row / kRows * (columns / kDepth) + column / kDepth) * kElements + row % kRows * kDepth;
  }

  // --- 1
  void norm_rows(int64_t first_row) const {
    for (int64_t row = first_row; row < first_row + kBlock; row++) {
      if (row >= rows) {
        for (int64_t i = 0; i < width; i += kDepth)
          _mm512_storeu_si512(in_tiles(normed, row, i, width), _mm512_setzero_si512());
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
        store_bfloat16(in_tiles(normed, row, i, width) + i % kDepth, y);
      }
    }
  }

  // --- 2 and 4: 64 columns of a block of rows
  // Calls `Finish(panel, first row, sums)` for every 32 rows; sums are 32 × 64. Finish is a method because GCC does not
  // compile lambdas for the instruction set that is chosen here.
  template <void (Block::*Finish)(int64_t, int64_t, const float *) const>
  void product(const uint16_t *left, const uint16_t *right, int64_t depth, int64_t panel, int64_t begin, int64_t end,
               float *sums) const {
    // The right tiles of one step stay in the first-level cache for all rows.
    constexpr int64_t step = 8;
    const int64_t depth_tiles = depth / kDepth;
    for (int64_t k = 0; k < depth_tiles; k += step) {
      const int64_t length = std::min(step, depth_tiles - k);
      for (int64_t half = 0; half < 2; half++) {
        const Right b{.data = right + ((panel * 4 + half * 2) * depth_tiles + k) * kElements,
                      .column_tile = depth_tiles * kElements,
                      .depth_tile = kElements};
        for (int64_t row = begin; row < end; row += kBlock) {
          const Left a{.data = left + (row / kRows * depth_tiles + k) * kElements,
                       .row = kDepth,
                       .row_tile = depth_tiles * kElements,
                       .depth_tile = kElements};
          float *target = sums + (row - begin) * kHead;
          engine.multiply(a, b, length, target + half * kBlock, kHead, k > 0);
          if (half == 1 && k + step >= depth_tiles)
            (this->*Finish)(panel, row, target);
        }
      }
    }
  }

  void project(int64_t panel, int64_t begin, int64_t end, float *sums) const {
    product<&Block::finish_projection>(normed, first_weight, width, panel, begin, end, sums);
  }

  void finish_projection(int64_t panel, int64_t first_row, const float *block) const {
    const int64_t column = panel * kHead, part = std::min<int64_t>(column / width, 3), head = column % width / kHead;
    __m512 bias[4];
    for (int64_t i = 0; i < 4; i++)
      bias[i] = _mm512_loadu_ps(first_bias + column + 16 * i);
    for (int64_t row = first_row; row < std::min(first_row + kBlock, rows); row++, block += kHead) {
      __m512 v[4];
      for (int64_t i = 0; i < 4; i++)
        v[i] = _mm512_add_ps(_mm512_loadu_ps(block + 16 * i), bias[i]);
      if (part == 3) {
        for (int64_t i = 0; i < 4; i++)
          store_hidden(row, width + column - 3 * width + 16 * i, gelu(v[i]));
        continue;
      }
      const int64_t place = ((row / tokens * heads + head) * padded_tokens + row % tokens) * kHead;
      // The queries take the factors 1/√D and log2(e); the softmax uses powers of two.
      if (part == 0)
        norm_rotate(v, query_scale, rotations + row * kHead, 1.44269504f / 8, query + place);
      else if (part == 1)
        norm_rotate(v, key_scale, rotations + row * kHead, 1, key + place);
      else
        for (int64_t i = 0; i < 4; i++)
          store_bfloat16(value + place + 16 * i, v[i]);
    }
  }

  void store_hidden(int64_t row, int64_t column, __m512 numbers) const {
    store_bfloat16(in_tiles(hidden, row, column, hidden_width()) + column % kDepth, numbers);
  }

  void norm_rotate(const __m512 *v, const float *learned, const float *rotation, float factor, uint16_t *target) const {
    __m512 squares = _mm512_mul_ps(v[0], v[0]);
    for (int64_t i = 1; i < 4; i++)
      squares = _mm512_fmadd_ps(v[i], v[i], squares);
    const float reciprocal = 1.0f / std::sqrt(_mm512_reduce_add_ps(squares) / static_cast<float>(kHead) + epsilon);
    for (int64_t i = 0; i < 4; i++) {
      const __m512 normal =
          _mm512_mul_ps(_mm512_mul_ps(v[i], _mm512_set1_ps(reciprocal * factor)), _mm512_loadu_ps(learned + 16 * i));
      const __m512 pair = _mm512_loadu_ps(rotation + 16 * i);
      const __m512 crossed = _mm512_mul_ps(_mm512_permute_ps(normal, 0xB1), _mm512_movehdup_ps(pair));
      store_bfloat16(target + 16 * i, _mm512_fmaddsub_ps(normal, _mm512_moveldup_ps(pair), crossed));
    }
  }

  // --- 3
  // Scratch memory of a thread for the attention.
  struct Attention {
    uint16_t *keys, *values; // right tiles: kᵀ (D × T) and v (T × D)
    float *scores;           // 32 × T
    uint16_t *weights;       // 32 × T

    static int64_t floats(int64_t padded_tokens) { return kBlock * padded_tokens; }
    static int64_t halves(int64_t padded_tokens) { return (2 * kHead + kBlock) * padded_tokens; }
  };

  void pack_head(int64_t sequence_head, const Attention &scratch) const {
    const uint16_t *k = key + sequence_head * padded_tokens * kHead, *v = value + sequence_head * padded_tokens * kHead;
    // kᵀ: tiles [16 keys][2 depths of 32]; a pair of channels of a key is one 32-bit number.
    const __m512i lane = _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                            _mm512_set1_epi32(kColumns));
    for (int64_t t = 0; t < padded_tokens; t++) {
      for (int64_t d = 0; d < 2; d++) {
        const __m512i pairs = t < tokens ? _mm512_loadu_si512(k + t * kHead + d * kDepth) : _mm512_setzero_si512();
        int32_t *tile = reinterpret_cast<int32_t *>(scratch.keys + (t / kColumns * 2 + d) * kElements);
        _mm512_i32scatter_epi32(tile + t % kColumns, lane, pairs, 4);
      }
    }
    // v: tiles [depth of 32 tokens][4 times 16 channels]; two tokens are interleaved.
    for (int64_t t = 0; t < padded_tokens; t += 2) {
      for (int64_t c = 0; c < 4; c++) {
        const __m256i even = t < tokens
                                 ? _mm256_loadu_si256(reinterpret_cast<const __m256i *>(v + t * kHead + c * kColumns))
                                 : _mm256_setzero_si256();
        const __m256i odd =
            t + 1 < tokens ? _mm256_loadu_si256(reinterpret_cast<const __m256i *>(v + (t + 1) * kHead + c * kColumns))
                           : _mm256_setzero_si256();
        const __m512i interleaved =
            _mm512_or_si512(_mm512_cvtepu16_epi32(even), _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
        _mm512_storeu_si512(scratch.values + (t / kDepth * 4 + c) * kElements + t % kDepth / 2 * 32, interleaved);
      }
    }
  }

  void attend(int64_t sequence_head, int64_t begin, int64_t end, const Attention &scratch, float *sums) const {
    pack_head(sequence_head, scratch);
    const int64_t n = sequence_head / heads, h = sequence_head % heads;
    for (int64_t first = begin; first < end; first += kBlock) {
      const Left q{.data = query + (sequence_head * padded_tokens + first) * kHead,
                   .row = kHead,
                   .row_tile = kRows * kHead,
                   .depth_tile = kDepth};
      for (int64_t t = 0; t < padded_tokens; t += kBlock) {
        const Right keys{
            .data = scratch.keys + t / kColumns * 2 * kElements, .column_tile = 2 * kElements, .depth_tile = kElements};
        engine.multiply(q, keys, 2, scratch.scores + t, padded_tokens, false);
      }
      float reciprocals[kBlock];
      const int64_t last = std::min(first + kBlock, tokens);
      for (int64_t row = first; row < last; row++)
        reciprocals[row - first] = exponentials(scratch.scores + (row - first) * padded_tokens,
                                                scratch.weights + (row - first) * padded_tokens);
      const Left weights{
          .data = scratch.weights, .row = padded_tokens, .row_tile = kRows * padded_tokens, .depth_tile = kDepth};
      for (int64_t half = 0; half < 2; half++) {
        const Right values{
            .data = scratch.values + half * 2 * kElements, .column_tile = kElements, .depth_tile = 4 * kElements};
        engine.multiply(weights, values, padded_tokens / kDepth, sums + half * kBlock, kHead, false);
      }
      for (int64_t t = first; t < last; t++) {
        const __m512 reciprocal = _mm512_set1_ps(reciprocals[t - first]);
        for (int64_t i = 0; i < 4; i++)
          store_hidden(n * tokens + t, h * kHead + 16 * i,
                       _mm512_mul_ps(_mm512_loadu_ps(sums + (t - first) * kHead + 16 * i), reciprocal));
      }
    }
  }

  // Writes 2^(score − largest) as bfloat16, and zeros after the last token. Returns the reciprocal of the sum.
  float exponentials(const float *scores, uint16_t *weights) const {
    const int64_t whole = tokens / 16 * 16;
    const __mmask16 rest = static_cast<__mmask16>((1u << (tokens - whole)) - 1);
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
    for (int64_t t = whole; t < padded_tokens; t += 16) {
      const __mmask16 inside = t == whole ? rest : 0;
      const __m512 e =
          _mm512_maskz_mov_ps(inside, exponential2(_mm512_sub_ps(_mm512_maskz_loadu_ps(inside, scores + t), top)));
      sum = _mm512_add_ps(sum, e);
      store_bfloat16(weights + t, e);
    }
    return 1.0f / _mm512_reduce_add_ps(sum);
  }

  void add_update(int64_t panel, int64_t begin, int64_t end, float *sums) const {
    product<&Block::finish_update>(hidden, second_weight, hidden_width(), panel, begin, end, sums);
  }

  void finish_update(int64_t panel, int64_t first_row, const float *block) const {
    const int64_t column = panel * kHead;
    for (int64_t row = first_row; row < std::min(first_row + kBlock, rows); row++, block += kHead) {
      const float *factor = gate + row / tokens * modulation_row + column;
      float *target = x + row * width + column;
      for (int64_t i = 0; i < kHead; i += 16) {
        const __m512 update = _mm512_add_ps(_mm512_loadu_ps(block + i), _mm512_loadu_ps(second_bias + column + i));
        _mm512_storeu_ps(target + i, _mm512_fmadd_ps(_mm512_loadu_ps(factor + i), update, _mm512_loadu_ps(target + i)));
      }
    }
  }

  // Rows that share one pass over 64 columns of weights: as many as have their left tiles in the second-level cache.
  int64_t rows_together(int64_t depth) const {
    constexpr int64_t cache = 768 << 10;
    const int64_t fitting = std::max<int64_t>(2, cache / (depth * 2) / kBlock) * kBlock;
    const int64_t parts = (padded_rows + fitting - 1) / fitting;
    return round_up((padded_rows + parts - 1) / parts, kBlock);
  }

  // What a thread needs besides its share of the block.
  struct Scratch {
    float *sums;
    Attention attention;
  };

  void run() {
    rows = count * tokens;
    padded_rows = round_up(rows, kBlock);
    padded_tokens = round_up(tokens, kBlock);
    const int threads = at::get_num_threads();
    const int64_t head_numbers = count * heads * padded_tokens * kHead;
    const int64_t first_rows = rows_together(width), second_rows = rows_together(hidden_width());
    const int64_t sum_numbers = std::max(first_rows, second_rows) * kHead;
    const int64_t score_numbers = Attention::floats(padded_tokens), weight_numbers = Attention::halves(padded_tokens);
    const at::Tensor halves = at::empty(
        {padded_rows * (width + hidden_width()) + 3 * head_numbers + threads * weight_numbers}, at::kBFloat16);
    const at::Tensor floats = at::empty({threads * (sum_numbers + score_numbers)}, at::kFloat);
    normed = static_cast<uint16_t *>(halves.data_ptr());
    hidden = normed + padded_rows * width;
    query = hidden + padded_rows * hidden_width();
    key = query + head_numbers;
    value = key + head_numbers;
    uint16_t *const thread_halves = value + head_numbers;
    float *const thread_floats = floats.data_ptr<float>();
    Phases phases;
    run_team(threads, [&](int thread, int team) {
      float *const sums = thread_floats + thread * (sum_numbers + score_numbers);
      uint16_t *const packed = thread_halves + thread * weight_numbers;
      const Scratch scratch{.sums = sums,
                            .attention = {.keys = packed,
                                          .values = packed + padded_tokens * kHead,
                                          .scores = sums + sum_numbers,
                                          .weights = packed + 2 * padded_tokens * kHead}};
      engine.enter();
      run_phases(phases, team, first_rows, second_rows, scratch);
      engine.leave();
    });
  }

  void run_phases(Phases &phases, int threads, int64_t first_rows, int64_t second_rows, const Scratch &scratch) const {
    // With few heads for many threads, the queries of a head are shared out as well.
    const int64_t shares =
        std::max<int64_t>(1, std::min((2 * threads + count * heads - 1) / (count * heads), padded_tokens / kBlock));
    const int64_t share = round_up((tokens + shares - 1) / shares, kBlock);
    phases.run(threads, padded_rows / kBlock, [&](int64_t task) { norm_rows(task * kBlock); });
    phases.run(threads, first_panels() * ((padded_rows + first_rows - 1) / first_rows), [&](int64_t task) {
      const int64_t begin = task / first_panels() * first_rows;
      project(task % first_panels(), begin, std::min(begin + first_rows, padded_rows), scratch.sums);
    });
    phases.run(threads, count * heads * shares, [&](int64_t task) {
      const int64_t begin = task % shares * share;
      attend(task / shares, begin, std::min(begin + share, tokens), scratch.attention, scratch.sums);
    });
    phases.run(threads, second_panels() * ((padded_rows + second_rows - 1) / second_rows), [&](int64_t task) {
      const int64_t begin = task / second_panels() * second_rows;
      add_update(task % second_panels(), begin, std::min(begin + second_rows, padded_rows), scratch.sums);
    });
  }
};

NVG_TARGET_END

const float *float_data(const at::Tensor &tensor, const char *name, int64_t elements) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.is_contiguous() && tensor.numel() == elements, kName, ": ",
              name, " must be ", elements, " contiguous float32 numbers");
  return tensor.data_ptr<float>();
}

const uint16_t *matrix_data(const at::Tensor &packed, const char *name, int64_t columns, int64_t depth) {
  TORCH_CHECK(packed.scalar_type() == at::kBFloat16 && packed.is_contiguous() && packed.dim() == 5 &&
                  packed.size(0) * kColumns == columns && packed.size(1) * kDepth == depth &&
                  packed.numel() == columns * depth,
              kName, ": ", name, " must be a packed matrix of ", columns, " × ", depth);
  return static_cast<const uint16_t *>(packed.data_ptr());
}

#endif

// Checks what the tensors of all devices must meet. -> the width of the MLP
int64_t checked_mlp(const at::Tensor &x, const at::Tensor &modulation, const at::Tensor &second_weight) {
  TORCH_CHECK(x.dim() == 3 && x.scalar_type() == at::kFloat && x.is_contiguous() && x.size(2) % kHead == 0, kName,
              ": x must be contiguous float32 (N, T, W) with W a multiple of ", kHead);
  TORCH_CHECK(second_weight.dim() == 5, kName, ": second_weight must be a packed matrix");
  const int64_t width = x.size(2), mlp = second_weight.size(1) * kDepth - width;
  TORCH_CHECK(mlp > 0 && mlp % kHead == 0, kName, ": the width of the MLP must be a multiple of ", kHead);
  TORCH_CHECK(modulation.dim() == 2 && modulation.size(0) == x.size(0) && modulation.size(1) == 3 * width &&
                  modulation.stride(1) == 1 && modulation.scalar_type() == at::kFloat,
              kName, ": modulation must be float32 (N, 3 W)");
  return mlp;
}

at::Tensor transformer_block_meta(at::Tensor x, const at::Tensor &modulation, const at::Tensor &first_weight,
                                  const at::Tensor &first_bias, const at::Tensor &query_scale,
                                  const at::Tensor &key_scale, const at::Tensor &rotations,
                                  const at::Tensor &second_weight, const at::Tensor &second_bias, double /*epsilon*/) {
  check_all_meta(
      kName, {x, modulation, first_weight, first_bias, query_scale, key_scale, rotations, second_weight, second_bias});
  checked_mlp(x, modulation, second_weight);
  return x;
}

// x: (N, T, W), changed in place; modulation: (N, 3 W), shift, scale and gate; weights from pack_matrix; rotations:
// (N, T, D), pairs of cosine and sine.
at::Tensor
transformer_block_cpu([[maybe_unused]] at::Tensor x, [[maybe_unused]] const at::Tensor &modulation,
                      [[maybe_unused]] const at::Tensor &first_weight, [[maybe_unused]] const at::Tensor &first_bias,
                      [[maybe_unused]] const at::Tensor &query_scale, [[maybe_unused]] const at::Tensor &key_scale,
                      [[maybe_unused]] const at::Tensor &rotations, [[maybe_unused]] const at::Tensor &second_weight,
                      [[maybe_unused]] const at::Tensor &second_bias, [[maybe_unused]] double epsilon) {
#ifdef NVG_BLOCK_INFERENCE
  TORCH_CHECK(engine() != nullptr, kName, ": this processor has no matrix engine");
  const int64_t mlp = checked_mlp(x, modulation, second_weight);
  const int64_t count = x.size(0), tokens = x.size(1), width = x.size(2);
  if (count == 0 || tokens == 0)
    return x;
  const float *shift = modulation.data_ptr<float>();
  Block block{.engine = *engine(),
              .count = count,
              .tokens = tokens,
              .width = width,
              .mlp = mlp,
              .heads = width / kHead,
              .x = x.data_ptr<float>(),
              .shift = shift,
              .scale = shift + width,
              .gate = shift + 2 * width,
              .modulation_row = modulation.stride(0),
              .first_weight = matrix_data(first_weight, "first_weight", 3 * width + mlp, width),
              .second_weight = matrix_data(second_weight, "second_weight", width, width + mlp),
              .first_bias = float_data(first_bias, "first_bias", 3 * width + mlp),
              .second_bias = float_data(second_bias, "second_bias", width),
              .query_scale = float_data(query_scale, "query_scale", kHead),
              .key_scale = float_data(key_scale, "key_scale", kHead),
              .rotations = float_data(rotations, "rotations", count * tokens * kHead),
              .epsilon = static_cast<float>(epsilon)};
  block.run();
  return x;
#else
  TORCH_CHECK(false, kName, ": there is no matrix engine for this kind of processor");
#endif
}

at::Tensor transformer_block_autograd(at::Tensor x, const at::Tensor &modulation, const at::Tensor &first_weight,
                                      const at::Tensor &first_bias, const at::Tensor &query_scale,
                                      const at::Tensor &key_scale, const at::Tensor &rotations,
                                      const at::Tensor &second_weight, const at::Tensor &second_bias, double epsilon) {
  TORCH_CHECK(!(at::GradMode::is_enabled() && x.requires_grad()), kName, ": there are no gradients");
  static const auto op = find_operator<decltype(transformer_block_cpu)>("nvg::transformer_block_");
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  return op.call(x, modulation, first_weight, first_bias, query_scale, key_scale, rotations, second_weight, second_bias,
                 epsilon);
}

// Whether this processor multiplies packed matrices, and this build has the team of threads for it.
bool has_matrix_engine() {
#ifdef NVG_BLOCK_INFERENCE
  return engine() != nullptr;
#else
  return false;
#endif
}

} // namespace

TORCH_LIBRARY_IMPL(nvg, CompositeExplicitAutograd, m) { m.impl("has_matrix_engine", &has_matrix_engine); }

TORCH_LIBRARY_IMPL(nvg, CPU, m) { m.impl("transformer_block_", &transformer_block_cpu); }

TORCH_LIBRARY_IMPL(nvg, Meta, m) { m.impl("transformer_block_", &transformer_block_meta); }

TORCH_LIBRARY_IMPL(nvg, Autograd, m) { m.impl("transformer_block_", &transformer_block_autograd); }

} // namespace nvg
