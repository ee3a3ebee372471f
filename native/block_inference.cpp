// A whole transformer block without gradients, in bfloat16 products with float32 sums, norms and residual stream: one
// parallel region of four phases, and nothing but the operands of the products goes through memory.
//
//   1  y = (1 + scale) · LayerNorm(x) + shift            rows      -> left tiles
//   2  [q k v | m] = W1 y + b1; norms, turns; gelu(m)    64 columns of a block of rows
//   3  softmax(q kᵀ) v                                   a head of a sequence
//   4  x += gate · (W2 [attention, gelu(m)] + b2)        64 columns of a block of rows
#include "guard.h"
#include "matrix_tiles.h"
#include "pack_matrix.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <sched.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && defined(_OPENMP)
#define NVG_BLOCK_INFERENCE 1
#include <immintrin.h>
// GCC 12 takes the deliberately undefined operands inside its own intrinsics for mistakes.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace nvg {
namespace {

using namespace tiles;

// The head size of the method; another one takes the way through libtorch.
constexpr int64_t kHead = 64;

#ifdef NVG_BLOCK_INFERENCE

// Work that the threads of a parallel region take from one counter, phase after phase.
class Phases {
public:
  // Every thread of the team calls it; returns when all tasks are done.
  template <typename Body> void run(int64_t tasks, Body body) {
    const int turn = turn_.load(std::memory_order_acquire);
    for (int64_t task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks;)
      body(task);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == omp_get_num_threads()) {
      next_.store(0, std::memory_order_relaxed);
      arrived_.store(0, std::memory_order_relaxed);
      turn_.store(turn + 1, std::memory_order_release);
      return;
    }
    // The phases of a block take less time than waking a thread does.
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

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4,avx512bf16,prefer-vector-width=512")

// 2^x to 4e-5, enough for what is rounded to bfloat16.
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

struct Block {
  const Engine &engine;
  int64_t count, tokens, width, mlp, heads; // N, T, W, M, H
  float *x;                                 // (N T) × W
  const float *shift, *scale, *gate;        // N rows of W
  int64_t modulation_row;
  const uint16_t *first_weight, *second_weight; // packed W1, W2
  const float *first_bias, *second_bias;
  const float *query_scale, *key_scale;
  const float *turns; // (N T) × D, pairs of cosine and sine
  float epsilon;

  int64_t rows, padded_rows, padded_tokens;
  uint16_t *normed, *query, *key, *value, *hidden; // left tiles of y; (N H) × padded T × D each; left tiles of [a, m]

  int64_t hidden_width() const { return width + mlp; }
  int64_t first_panels() const { return (3 * width + mlp) / kHead; }
  int64_t second_panels() const { return width / kHead; }

  // Left tiles hold 16 rows × 32 columns; where a row's 32 numbers from `column` on begin.
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
        const __m512 y = _mm512_fmadd_ps(_mm512_add_ps(_mm512_loadu_ps(factor + i), one), normal, _mm512_loadu_ps(offset + i));
        store_bfloat16(in_tiles(normed, row, i, width) + i % kDepth, y);
      }
    }
  }

  // --- 2 and 4: 64 columns of a block of rows
  // Calls `Finish(panel, first row, sums)` for every 32 rows; sums are 32 × 64. (A method, as lambdas do not take over
  // the instruction set that is chosen here.)
  template <void (Block::*Finish)(int64_t, int64_t, const float *) const>
  void product(const uint16_t *left, const uint16_t *right, int64_t depth, int64_t panel, int64_t begin, int64_t end,
               float *sums) const {
    // The right tiles of one step stay in the first-level cache while all rows pass.
    constexpr int64_t step = 8;
    const int64_t depth_tiles = depth / kDepth;
    for (int64_t k = 0; k < depth_tiles; k += step) {
      const int64_t length = std::min(step, depth_tiles - k);
      for (int64_t half = 0; half < 2; half++) {
        const Right b{right + ((panel * 4 + half * 2) * depth_tiles + k) * kElements, depth_tiles * kElements, kElements};
        for (int64_t row = begin; row < end; row += kBlock) {
          const Left a{left + (row / kRows * depth_tiles + k) * kElements, kDepth, depth_tiles * kElements, kElements};
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
      // 1/√D and the change to powers of two go to the queries.
      if (part == 0)
        norm_rotate(v, query_scale, turns + row * kHead, 1.44269504f / 8, query + place);
      else if (part == 1)
        norm_rotate(v, key_scale, turns + row * kHead, 1, key + place);
      else
        for (int64_t i = 0; i < 4; i++)
          store_bfloat16(value + place + 16 * i, v[i]);
    }
  }

  void store_hidden(int64_t row, int64_t column, __m512 numbers) const {
    store_bfloat16(in_tiles(hidden, row, column, hidden_width()) + column % kDepth, numbers);
  }

  void norm_rotate(const __m512 *v, const float *learned, const float *turn, float factor, uint16_t *target) const {
    __m512 squares = _mm512_mul_ps(v[0], v[0]);
    for (int64_t i = 1; i < 4; i++)
      squares = _mm512_fmadd_ps(v[i], v[i], squares);
    const float reciprocal = 1.0f / std::sqrt(_mm512_reduce_add_ps(squares) / static_cast<float>(kHead) + epsilon);
    for (int64_t i = 0; i < 4; i++) {
      const __m512 normal = _mm512_mul_ps(_mm512_mul_ps(v[i], _mm512_set1_ps(reciprocal * factor)), _mm512_loadu_ps(learned + 16 * i));
      const __m512 pair = _mm512_loadu_ps(turn + 16 * i);
      const __m512 crossed = _mm512_mul_ps(_mm512_permute_ps(normal, 0xB1), _mm512_movehdup_ps(pair));
      store_bfloat16(target + 16 * i, _mm512_fmaddsub_ps(normal, _mm512_moveldup_ps(pair), crossed));
    }
  }

  // --- 3
  // Scratch of a thread that attends.
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
    const __m512i lane = _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), _mm512_set1_epi32(kColumns));
    for (int64_t t = 0; t < padded_tokens; t++) {
      for (int64_t d = 0; d < 2; d++) {
        const __m512i pairs = t < tokens ? _mm512_loadu_si512(k + t * kHead + d * kDepth) : _mm512_setzero_si512();
        int32_t *tile = reinterpret_cast<int32_t *>(scratch.keys + (t / kColumns * 2 + d) * kElements);
        _mm512_i32scatter_epi32(tile + t % kColumns, lane, pairs, 4);
      }
    }
    // v: tiles [depth of 32 tokens][4 times 16 channels]; two tokens woven together.
    for (int64_t t = 0; t < padded_tokens; t += 2) {
      for (int64_t c = 0; c < 4; c++) {
        const __m256i even = t < tokens ? _mm256_loadu_si256(reinterpret_cast<const __m256i *>(v + t * kHead + c * kColumns)) : _mm256_setzero_si256();
        const __m256i odd = t + 1 < tokens ? _mm256_loadu_si256(reinterpret_cast<const __m256i *>(v + (t + 1) * kHead + c * kColumns)) : _mm256_setzero_si256();
        const __m512i woven = _mm512_or_si512(_mm512_cvtepu16_epi32(even), _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
        _mm512_storeu_si512(scratch.values + (t / kDepth * 4 + c) * kElements + t % kDepth / 2 * 32, woven);
      }
    }
  }

  void attend(int64_t sequence_head, int64_t begin, int64_t end, const Attention &scratch, float *sums) const {
    pack_head(sequence_head, scratch);
    const int64_t n = sequence_head / heads, h = sequence_head % heads;
    for (int64_t first = begin; first < end; first += kBlock) {
      const Left q{query + (sequence_head * padded_tokens + first) * kHead, kHead, kRows * kHead, kDepth};
      for (int64_t t = 0; t < padded_tokens; t += kBlock)
        engine.multiply(q, Right{scratch.keys + t / kColumns * 2 * kElements, 2 * kElements, kElements}, 2, scratch.scores + t, padded_tokens, false);
      float reciprocals[kBlock];
      const int64_t last = std::min(first + kBlock, tokens);
      for (int64_t row = first; row < last; row++)
        reciprocals[row - first] = soften(scratch.scores + (row - first) * padded_tokens, scratch.weights + (row - first) * padded_tokens);
      const Left weights{scratch.weights, padded_tokens, kRows * padded_tokens, kDepth};
      for (int64_t half = 0; half < 2; half++)
        engine.multiply(weights, Right{scratch.values + half * 2 * kElements, kElements, 4 * kElements}, padded_tokens / kDepth, sums + half * kBlock, kHead, false);
      for (int64_t t = first; t < last; t++) {
        const __m512 reciprocal = _mm512_set1_ps(reciprocals[t - first]);
        for (int64_t i = 0; i < 4; i++)
          store_hidden(n * tokens + t, h * kHead + 16 * i,
                       _mm512_mul_ps(_mm512_loadu_ps(sums + (t - first) * kHead + 16 * i), reciprocal));
      }
    }
  }

  // 2^(score − largest) as bfloat16, zero behind the last token; returns one over their sum.
  float soften(const float *scores, uint16_t *weights) const {
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
      const __m512 e = _mm512_maskz_mov_ps(inside, exponential2(_mm512_sub_ps(_mm512_maskz_loadu_ps(inside, scores + t), top)));
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

#pragma GCC pop_options

  // Rows that share one pass over 64 columns of weights: as many as keep their left tiles in the second-level cache.
  int64_t rows_together(int64_t depth) const {
    constexpr int64_t cache = 768 << 10;
    const int64_t fitting = std::max<int64_t>(2, cache / (depth * 2) / kBlock) * kBlock;
    const int64_t parts = (padded_rows + fitting - 1) / fitting;
    return round_up((padded_rows + parts - 1) / parts, kBlock);
  }

  void run() {
    rows = count * tokens;
    padded_rows = round_up(rows, kBlock);
    padded_tokens = round_up(tokens, kBlock);
    const int threads = at::get_num_threads();
    const int64_t head_numbers = count * heads * padded_tokens * kHead;
    const int64_t first_rows = rows_together(width), second_rows = rows_together(hidden_width());
    const int64_t sum_numbers = std::max(first_rows, second_rows) * kHead;
    const int64_t score_numbers = Attention::floats(padded_tokens), weight_numbers = Attention::halves(padded_tokens);
    const at::Tensor halves = at::empty({padded_rows * (width + hidden_width()) + 3 * head_numbers + threads * weight_numbers}, at::kBFloat16);
    const at::Tensor floats = at::empty({threads * (sum_numbers + score_numbers)}, at::kFloat);
    normed = static_cast<uint16_t *>(halves.data_ptr());
    hidden = normed + padded_rows * width;
    query = hidden + padded_rows * hidden_width();
    key = query + head_numbers;
    value = key + head_numbers;
    uint16_t *const thread_halves = value + head_numbers;
    float *const thread_floats = floats.data_ptr<float>();
    // Few heads on many threads: the queries of one are shared out.
    const int64_t shares = std::max<int64_t>(1, std::min((2 * threads + count * heads - 1) / (count * heads), padded_tokens / kBlock));
    const int64_t share = round_up((tokens + shares - 1) / shares, kBlock);
    Phases phases;
#pragma omp parallel num_threads(threads)
    {
      const int thread = omp_get_thread_num();
      float *const sums = thread_floats + thread * (sum_numbers + score_numbers);
      uint16_t *const packed = thread_halves + thread * weight_numbers;
      const Attention scratch{packed, packed + padded_tokens * kHead, sums + sum_numbers, packed + 2 * padded_tokens * kHead};
      engine.enter();
      phases.run(padded_rows / kBlock, [&](int64_t task) { norm_rows(task * kBlock); });
      phases.run(first_panels() * ((padded_rows + first_rows - 1) / first_rows), [&](int64_t task) {
        const int64_t begin = task / first_panels() * first_rows;
        project(task % first_panels(), begin, std::min(begin + first_rows, padded_rows), sums);
      });
      phases.run(count * heads * shares, [&](int64_t task) {
        const int64_t begin = task % shares * share;
        attend(task / shares, begin, std::min(begin + share, tokens), scratch, sums);
      });
      phases.run(second_panels() * ((padded_rows + second_rows - 1) / second_rows), [&](int64_t task) {
        const int64_t begin = task / second_panels() * second_rows;
        add_update(task % second_panels(), begin, std::min(begin + second_rows, padded_rows), sums);
      });
      engine.leave();
    }
  }
};

const float *float_data(const at::Tensor &tensor, const char *name, int64_t elements) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.is_contiguous() && tensor.numel() == elements &&
                  tensor.device().is_cpu(),
              "transformer_block_: ", name, " must be ", elements, " contiguous float32 numbers on the CPU");
  return tensor.data_ptr<float>();
}

const uint16_t *matrix_data(const at::Tensor &packed, const char *name, int64_t columns, int64_t depth) {
  TORCH_CHECK(packed.scalar_type() == at::kBFloat16 && packed.is_contiguous() && packed.device().is_cpu() &&
                  packed.dim() == 5 && packed.size(0) * kColumns == columns && packed.size(1) * kDepth == depth &&
                  packed.numel() == columns * depth,
              "transformer_block_: ", name, " must be a packed matrix of ", columns, " × ", depth);
  return static_cast<const uint16_t *>(packed.data_ptr());
}

#endif

// x: (N, T, W), changed in place; modulation: (N, 3 W) shift, scale, gate; matrices from pack_matrix; turns: (N, T, D).
at::Tensor transformer_block_(at::Tensor x, const at::Tensor &modulation, const at::Tensor &first_weight,
                              const at::Tensor &first_bias, const at::Tensor &query_scale, const at::Tensor &key_scale,
                              const at::Tensor &turns, const at::Tensor &second_weight, const at::Tensor &second_bias,
                              double epsilon) {
#ifdef NVG_BLOCK_INFERENCE
  const Engine *engine = tiles::engine();
  TORCH_CHECK(engine != nullptr, "transformer_block_: this processor has no matrix engine");
  TORCH_CHECK(x.device().is_cpu() && x.dim() == 3 && x.scalar_type() == at::kFloat && x.is_contiguous() &&
                  x.size(2) % kHead == 0,
              "transformer_block_: x must be contiguous float32 (N, T, W) on the CPU with W a multiple of ", kHead);
  TORCH_CHECK(!(at::GradMode::is_enabled() && x.requires_grad()), "transformer_block_: there are no gradients");
  TORCH_CHECK(second_weight.dim() == 5, "transformer_block_: second_weight must be a packed matrix");
  const int64_t count = x.size(0), tokens = x.size(1), width = x.size(2), mlp = second_weight.size(1) * kDepth - width;
  TORCH_CHECK(mlp > 0 && mlp % kHead == 0, "transformer_block_: the MLP must be a multiple of ", kHead, " wide");
  TORCH_CHECK(modulation.device().is_cpu() && modulation.dim() == 2 && modulation.size(0) == count && modulation.size(1) == 3 * width &&
                  modulation.stride(1) == 1 && modulation.scalar_type() == at::kFloat,
              "transformer_block_: modulation must be float32 (N, 3 W)");
  if (count == 0 || tokens == 0)
    return x;
  const float *shift = modulation.data_ptr<float>();
  Block block{*engine, count, tokens, width, mlp, width / kHead, x.data_ptr<float>(), shift, shift + width,
              shift + 2 * width, modulation.stride(0),
              matrix_data(first_weight, "first_weight", 3 * width + mlp, width),
              matrix_data(second_weight, "second_weight", width, width + mlp),
              float_data(first_bias, "first_bias", 3 * width + mlp), float_data(second_bias, "second_bias", width),
              float_data(query_scale, "query_scale", kHead), float_data(key_scale, "key_scale", kHead),
              float_data(turns, "turns", count * tokens * kHead), static_cast<float>(epsilon),
              0, 0, 0, nullptr, nullptr, nullptr, nullptr, nullptr};
  block.run();
  return x;
#else
  TORCH_CHECK(false, "transformer_block_: not built for this processor");
#endif
}

// Whether packed matrices can be multiplied here.
bool has_matrix_engine() {
#ifdef NVG_BLOCK_INFERENCE
  return tiles::engine() != nullptr;
#else
  return false;
#endif
}

} // namespace

TORCH_LIBRARY_FRAGMENT(nvg, m) {
  m.def("pack_matrix(Tensor weight) -> Tensor", &pack_matrix);
  m.def("has_matrix_engine() -> bool", &has_matrix_engine);
  m.def("transformer_block_(Tensor(a!) x, Tensor modulation, Tensor first_weight, Tensor first_bias, Tensor query_scale, "
        "Tensor key_scale, Tensor turns, Tensor second_weight, Tensor second_bias, float epsilon) -> Tensor(a!)",
        &transformer_block_);
}

} // namespace nvg
