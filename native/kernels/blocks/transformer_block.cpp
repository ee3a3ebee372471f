// A whole transformer block without gradients, with products in bfloat16 or int8 and everything else in float32: one
// parallel region of four phases. Only the operands of the products go through memory.
//
//   1  y = (1 + scale) · LayerNorm(x) + shift                       rows      -> left tiles
//   2  [q k v | m] = W1 y + b1; norms and rotations; gelu(m)        64 columns of a block of rows
//   3  softmax(q kᵀ) v                                              a head of a sequence
//   4  x += gate · (W2 [attention, gelu(m)] + b2)                   64 columns of a block of rows
//
// In int8, the operands of the products with W1 and W2 are rounded after the phases 1 and 3, with one scale per
// token and one per column of the weights for every 128 numbers. Attention is always in bfloat16.
#include "kernels/blocks/block_inference.h"
#include "kernels/library.h"
#include "kernels/tiles/pack_matrix.h"

#include <ATen/ATen.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>

namespace nvg {
namespace {

using namespace blocks;

constexpr auto kName = "transformer_block_";
constexpr auto kInt8Name = "transformer_block_int8_";

#ifdef NVG_BLOCK_INFERENCE

NVG_TARGET_BEGIN(NVG_AVX512_BF16)

// N sequences of T tokens of width W, an MLP of width M, H heads of size D.
struct Block {
  const Engine &engine;
  int64_t count, tokens, width, mlp, heads; // N, T, W, M, H
  float *x;                                 // (N T) × W
  const float *shift, *scale, *gate;        // N rows of W
  int64_t modulation_row;                   // distance between such rows
  Matrix first_weight, second_weight;       // W1, W2
  const float *first_bias, *second_bias;
  const float *query_scale, *key_scale;
  const float *rotations; // (N T) × D, pairs of cosine and sine
  float epsilon;

  // Set by run().
  int64_t rows = 0, padded_rows = 0, padded_tokens = 0;
  Rows normed{};                                               // y
  uint16_t *query = nullptr, *key = nullptr, *value = nullptr; // (N H) × padded T × D each
  Rows hidden{};                                               // [attention, gelu(m)]

  static int64_t groups(int64_t depth) { return (depth + kInt8Group - 1) / kInt8Group; }
  int64_t hidden_width() const { return width + mlp; }
  int64_t first_panels() const { return (3 * width + mlp) / kHead; }
  int64_t second_panels() const { return width / kHead; }

  // --- 1
  void norm_rows(int64_t first_row) const {
    const ModulatedNorm norm{.rows = rows,
                             .tokens = tokens,
                             .width = width,
                             .x = x,
                             .shift = shift,
                             .scale = scale,
                             .modulation_row = modulation_row,
                             .epsilon = epsilon};
    norm.run(first_row, normed.tiles);
    if (first_weight.is_int8())
      normed.round(first_row, rows, width);
  }

  // --- 2
  void project(int64_t panel, int64_t begin, int64_t end, float *sums) const {
    product<Block, &Block::finish_projection>(*this, engine, normed, first_weight, width, panel, begin, end, sums);
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
      // The factors 1/√D and log2(e) are applied to the queries, because the softmax uses powers of two.
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
    store_in_tiles(hidden.tiles, row, column, hidden_width(), numbers);
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
  void attend(int64_t sequence_head, int64_t begin, int64_t end, const AttentionScratch &scratch, float *sums) const {
    const int64_t place = sequence_head * padded_tokens * kHead, n = sequence_head / heads, h = sequence_head % heads;
    const HeadAttention attention{.engine = engine,
                                  .query = query + place,
                                  .key = key + place,
                                  .value = value + place,
                                  .keys = tokens,
                                  .padded_keys = padded_tokens,
                                  .scratch = scratch};
    attention.pack();
    for (int64_t first = begin; first < end; first += kBlock) {
      float reciprocals[kBlock];
      const int64_t last = std::min(first + kBlock, tokens);
      attention.run(first, last, sums, reciprocals);
      for (int64_t t = first; t < last; t++) {
        const __m512 reciprocal = _mm512_set1_ps(reciprocals[t - first]);
        for (int64_t i = 0; i < 4; i++)
          store_hidden(n * tokens + t, h * kHead + 16 * i,
                       _mm512_mul_ps(_mm512_loadu_ps(sums + (t - first) * kHead + 16 * i), reciprocal));
      }
    }
  }

  // --- 4
  void add_update(int64_t panel, int64_t begin, int64_t end, float *sums) const {
    product<Block, &Block::finish_update>(*this, engine, hidden, second_weight, hidden_width(), panel, begin, end,
                                          sums);
  }

  void finish_update(int64_t panel, int64_t first_row, const float *block) const {
    const GatedUpdate update{.rows = rows,
                             .tokens = tokens,
                             .width = width,
                             .x = x,
                             .gate = gate,
                             .bias = second_bias,
                             .modulation_row = modulation_row};
    update.run(panel, first_row, block);
  }

  // Scratch data that each thread needs in addition to the shared data of the block.
  struct Scratch {
    float *sums;
    AttentionScratch attention;
  };

  void run() {
    rows = count * tokens;
    padded_rows = round_up(rows, kBlock);
    padded_tokens = round_up(tokens, kBlock);
    const int threads = at::get_num_threads();
    const int64_t head_numbers = count * heads * padded_tokens * kHead;
    const int64_t bytes = first_weight.is_int8() ? 1 : 2;
    const int64_t first_rows = rows_together(padded_rows, bytes * width),
                  second_rows = rows_together(padded_rows, bytes * hidden_width());
    const int64_t sum_numbers = std::max(first_rows, second_rows) * kHead;
    const int64_t score_numbers = AttentionScratch::floats(padded_tokens),
                  weight_numbers = AttentionScratch::halves(padded_tokens);
    const at::Tensor halves = at::empty(
        {padded_rows * (width + hidden_width()) + 3 * head_numbers + threads * weight_numbers}, at::kBFloat16);
    const at::Tensor floats = at::empty(
        {threads * (sum_numbers + score_numbers) + (groups(width) + groups(hidden_width())) * padded_rows}, at::kFloat);
    float *const row_scales = floats.data_ptr<float>(), *const hidden_scales = row_scales + groups(width) * padded_rows;
    float *const thread_floats = hidden_scales + groups(hidden_width()) * padded_rows;
    normed = {.tiles = static_cast<uint16_t *>(halves.data_ptr()), .scales = row_scales, .group_scales = padded_rows};
    hidden = {.tiles = normed.tiles + padded_rows * width, .scales = hidden_scales, .group_scales = padded_rows};
    query = hidden.tiles + padded_rows * hidden_width();
    key = query + head_numbers;
    value = key + head_numbers;
    uint16_t *const thread_halves = value + head_numbers;
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
    // If there are few heads for many threads, the queries of a head are divided among threads as well.
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
    if (second_weight.is_int8())
      phases.run(threads, padded_rows / kBlock,
                 [&](int64_t task) { hidden.round(task * kBlock, rows, hidden_width()); });
    phases.run(threads, second_panels() * ((padded_rows + second_rows - 1) / second_rows), [&](int64_t task) {
      const int64_t begin = task / second_panels() * second_rows;
      add_update(task % second_panels(), begin, std::min(begin + second_rows, padded_rows), scratch.sums);
    });
  }
};

NVG_TARGET_END

#endif

// A weight matrix in bfloat16 from pack_matrix, or in int8 from pack_matrix_int8, and its bias.
struct Weight {
  const at::Tensor &packed, *columns, &bias; // columns: null in bfloat16

  int64_t depth() const { return packed.size(1) * (columns == nullptr ? kDepth : kInt8Depth); }

#ifdef NVG_BLOCK_INFERENCE
  Matrix matrix(const char *op, const char *name, int64_t columns_needed, int64_t depth_needed) const {
    return columns == nullptr ? matrix_data(op, packed, name, columns_needed, depth_needed)
                              : int8_matrix_data(op, packed, *columns, name, columns_needed, depth_needed);
  }
#endif
};

// Checks the requirements on tensors that apply to all devices. -> the width of the MLP
int64_t checked_mlp(const char *op, const at::Tensor &x, const at::Tensor &modulation, const Weight &second) {
  TORCH_CHECK(x.dim() == 3 && x.scalar_type() == at::kFloat && x.is_contiguous() && x.size(2) % kHead == 0, op,
              ": x must be contiguous float32 (N, T, W) with W a multiple of ", kHead);
  TORCH_CHECK(second.packed.dim() == 5, op, ": second_weight must be a packed matrix");
  const int64_t width = x.size(2), mlp = second.depth() - width;
  TORCH_CHECK(mlp > 0 && mlp % kHead == 0, op, ": the width of the MLP must be a multiple of ", kHead);
  TORCH_CHECK(modulation.dim() == 2 && modulation.size(0) == x.size(0) && modulation.size(1) == 3 * width &&
                  modulation.stride(1) == 1 && modulation.scalar_type() == at::kFloat,
              op, ": modulation must be float32 (N, 3 W)");
  return mlp;
}

at::Tensor run_block([[maybe_unused]] const char *op, [[maybe_unused]] at::Tensor x,
                     [[maybe_unused]] const at::Tensor &modulation, [[maybe_unused]] const Weight &first,
                     [[maybe_unused]] const at::Tensor &query_scale, [[maybe_unused]] const at::Tensor &key_scale,
                     [[maybe_unused]] const at::Tensor &rotations, [[maybe_unused]] const Weight &second,
                     [[maybe_unused]] double epsilon) {
#ifdef NVG_BLOCK_INFERENCE
  const Engine *const chosen = first.columns == nullptr ? engine() : int8_engine();
  TORCH_CHECK(chosen != nullptr, op, ": this processor has no matrix engine");
  const int64_t mlp = checked_mlp(op, x, modulation, second);
  const int64_t count = x.size(0), tokens = x.size(1), width = x.size(2);
  if (count == 0 || tokens == 0)
    return x;
  const float *shift = modulation.data_ptr<float>();
  Block block{.engine = *chosen,
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
              .first_weight = first.matrix(op, "first_weight", 3 * width + mlp, width),
              .second_weight = second.matrix(op, "second_weight", width, width + mlp),
              .first_bias = float_data(op, first.bias, "first_bias", 3 * width + mlp),
              .second_bias = float_data(op, second.bias, "second_bias", width),
              .query_scale = float_data(op, query_scale, "query_scale", kHead),
              .key_scale = float_data(op, key_scale, "key_scale", kHead),
              .rotations = float_data(op, rotations, "rotations", count * tokens * kHead),
              .epsilon = static_cast<float>(epsilon)};
  block.run();
  return x;
#else
  TORCH_CHECK(false, op, ": there is no matrix engine for this kind of processor");
#endif
}

// x: (N, T, W), changed in place; modulation: (N, 3 W), shift, scale and gate; weights from pack_matrix; rotations:
// (N, T, D), pairs of cosine and sine.
at::Tensor transformer_block_cpu(at::Tensor x, const at::Tensor &modulation, const at::Tensor &first_weight,
                                 const at::Tensor &first_bias, const at::Tensor &query_scale,
                                 const at::Tensor &key_scale, const at::Tensor &rotations,
                                 const at::Tensor &second_weight, const at::Tensor &second_bias, double epsilon) {
  return run_block(kName, x, modulation, {first_weight, nullptr, first_bias}, query_scale, key_scale, rotations,
                   {second_weight, nullptr, second_bias}, epsilon);
}

at::Tensor transformer_block_meta(at::Tensor x, const at::Tensor &modulation, const at::Tensor &first_weight,
                                  const at::Tensor &first_bias, const at::Tensor &query_scale,
                                  const at::Tensor &key_scale, const at::Tensor &rotations,
                                  const at::Tensor &second_weight, const at::Tensor &second_bias, double /*epsilon*/) {
  check_all_meta(
      kName, {x, modulation, first_weight, first_bias, query_scale, key_scale, rotations, second_weight, second_bias});
  checked_mlp(kName, x, modulation, {second_weight, nullptr, second_bias});
  return x;
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

// The same with weights and columns from pack_matrix_int8.
at::Tensor transformer_block_int8_cpu(at::Tensor x, const at::Tensor &modulation, const at::Tensor &first_weight,
                                      const at::Tensor &first_columns, const at::Tensor &first_bias,
                                      const at::Tensor &query_scale, const at::Tensor &key_scale,
                                      const at::Tensor &rotations, const at::Tensor &second_weight,
                                      const at::Tensor &second_columns, const at::Tensor &second_bias, double epsilon) {
  return run_block(kInt8Name, x, modulation, {first_weight, &first_columns, first_bias}, query_scale, key_scale,
                   rotations, {second_weight, &second_columns, second_bias}, epsilon);
}

at::Tensor transformer_block_int8_meta(at::Tensor x, const at::Tensor &modulation, const at::Tensor &first_weight,
                                       const at::Tensor &first_columns, const at::Tensor &first_bias,
                                       const at::Tensor &query_scale, const at::Tensor &key_scale,
                                       const at::Tensor &rotations, const at::Tensor &second_weight,
                                       const at::Tensor &second_columns, const at::Tensor &second_bias,
                                       double /*epsilon*/) {
  check_all_meta(kInt8Name, {x, modulation, first_weight, first_columns, first_bias, query_scale, key_scale, rotations,
                             second_weight, second_columns, second_bias});
  checked_mlp(kInt8Name, x, modulation, {second_weight, &second_columns, second_bias});
  return x;
}

at::Tensor transformer_block_int8_autograd(at::Tensor x, const at::Tensor &modulation, const at::Tensor &first_weight,
                                           const at::Tensor &first_columns, const at::Tensor &first_bias,
                                           const at::Tensor &query_scale, const at::Tensor &key_scale,
                                           const at::Tensor &rotations, const at::Tensor &second_weight,
                                           const at::Tensor &second_columns, const at::Tensor &second_bias,
                                           double epsilon) {
  TORCH_CHECK(!(at::GradMode::is_enabled() && x.requires_grad()), kInt8Name, ": there are no gradients");
  static const auto op = find_operator<decltype(transformer_block_int8_cpu)>("nvg::transformer_block_int8_");
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  return op.call(x, modulation, first_weight, first_columns, first_bias, query_scale, key_scale, rotations,
                 second_weight, second_columns, second_bias, epsilon);
}

// Whether this processor can multiply packed matrices, and this build supports the required thread team.
bool has_matrix_engine() {
#ifdef NVG_BLOCK_INFERENCE
  return engine() != nullptr;
#else
  return false;
#endif
}

// The same for matrices packed in int8.
bool has_int8_engine() {
#ifdef NVG_BLOCK_INFERENCE
  return int8_engine() != nullptr;
#else
  return false;
#endif
}

} // namespace

TORCH_LIBRARY_IMPL(nvg, CompositeExplicitAutograd, m) {
  m.impl("has_matrix_engine", &has_matrix_engine);
  m.impl("has_int8_engine", &has_int8_engine);
}

TORCH_LIBRARY_IMPL(nvg, CPU, m) {
  m.impl("transformer_block_", &transformer_block_cpu);
  m.impl("transformer_block_int8_", &transformer_block_int8_cpu);
}

TORCH_LIBRARY_IMPL(nvg, Meta, m) {
  m.impl("transformer_block_", &transformer_block_meta);
  m.impl("transformer_block_int8_", &transformer_block_int8_meta);
}

TORCH_LIBRARY_IMPL(nvg, Autograd, m) {
  m.impl("transformer_block_", &transformer_block_autograd);
  m.impl("transformer_block_int8_", &transformer_block_int8_autograd);
}

} // namespace nvg
