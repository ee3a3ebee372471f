// A whole block of VAR's transformer without gradients, for the tokens of the next scale, with bfloat16 products and
// everything else in float32: one parallel region of seven phases. The keys and values of the scale are appended to
// those of earlier scales, to which the tokens also attend.
//
//   1  y = (1 + s1) · LayerNorm(x) + b1                             rows      -> left tiles
//   2  [q k v] = W y + b; q and k to unit length, q times its scale 64 columns of a block of rows
//   3  softmax(q kᵀ) v over all keys so far                         a head of a sequence
//   4  x += γ1 · (P attention + p)                                  64 columns of a block of rows
//   5  y = (1 + s2) · LayerNorm(x) + b2                             rows
//   6  h = gelu(F y + f)                                            64 columns of a block of rows
//   7  x += γ2 · (G h + g)                                          64 columns of a block of rows
#include "kernels/blocks/block_inference.h"
#include "kernels/library.h"

#include <ATen/ATen.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>

namespace nvg {
namespace {

using namespace blocks;

constexpr auto kName = "scale_block_";

#ifdef NVG_BLOCK_INFERENCE

NVG_TARGET_BEGIN(NVG_AVX512_BF16)

// N sequences of T new tokens of width W, an MLP of width M, H heads of size D, room for L keys per head.
struct ScaleBlock {
  const Engine &engine;
  int64_t count, tokens, width, mlp, heads; // N, T, W, M, H
  int64_t start, length;                    // keys before the new tokens; L
  float *x;                                 // (N T) × W
  const float *modulation;                  // N rows of 6 W: γ1 γ2 s1 s2 b1 b2
  int64_t modulation_row;                   // distance between such rows
  Matrix qkv_weight, projection_weight, first_weight, second_weight;
  const float *qkv_bias, *projection_bias, *first_bias, *second_bias;
  const float *query_scale; // H
  uint16_t *key, *value;    // (N H) × L × D each
  float epsilon;

  // Set by run().
  int64_t rows = 0, padded_rows = 0, padded_tokens = 0, keys = 0, padded_keys = 0;
  uint16_t *normed = nullptr; // left tiles of y
  uint16_t *query = nullptr;  // (N H) × padded T × D
  uint16_t *hidden = nullptr; // left tiles of the attention, then of the MLP's hidden layer

  // --- 1 and 5: the norms of attention (0) and MLP (1)
  void norm_rows(int64_t branch, int64_t first_row) const {
    const ModulatedNorm norm{.rows = rows,
                             .tokens = tokens,
                             .width = width,
                             .x = x,
                             .shift = modulation + (4 + branch) * width,
                             .scale = modulation + (2 + branch) * width,
                             .modulation_row = modulation_row,
                             .epsilon = epsilon};
    norm.run(first_row, normed);
  }

  // --- 2
  void project(int64_t panel, int64_t begin, int64_t end, float *sums) const {
    product<ScaleBlock, &ScaleBlock::finish_projection>(*this, engine, {normed}, qkv_weight, width, panel, begin, end,
                                                        sums);
  }

  void finish_projection(int64_t panel, int64_t first_row, const float *block) const {
    const int64_t column = panel * kHead, part = column / width, head = column % width / kHead;
    __m512 bias[4];
    for (int64_t i = 0; i < 4; i++)
      bias[i] = _mm512_loadu_ps(qkv_bias + column + 16 * i);
    for (int64_t row = first_row; row < std::min(first_row + kBlock, rows); row++, block += kHead) {
      __m512 v[4];
      for (int64_t i = 0; i < 4; i++)
        v[i] = _mm512_add_ps(_mm512_loadu_ps(block + 16 * i), bias[i]);
      const int64_t sequence_head = row / tokens * heads + head, token = row % tokens;
      const int64_t place = (sequence_head * length + start + token) * kHead;
      if (part == 0)
        store_unit(v, query_scale[head] * 1.44269504f, query + (sequence_head * padded_tokens + token) * kHead);
      else if (part == 1)
        store_unit(v, 1, key + place);
      else
        for (int64_t i = 0; i < 4; i++)
          store_bfloat16(value + place + 16 * i, v[i]);
    }
  }

  // A vector of 64 numbers, scaled to a length.
  static void store_unit(const __m512 *v, float scale, uint16_t *target) {
    __m512 squares = _mm512_mul_ps(v[0], v[0]);
    for (int64_t i = 1; i < 4; i++)
      squares = _mm512_fmadd_ps(v[i], v[i], squares);
    const __m512 factor = _mm512_set1_ps(scale / std::max(std::sqrt(_mm512_reduce_add_ps(squares)), 1e-12f));
    for (int64_t i = 0; i < 4; i++)
      store_bfloat16(target + 16 * i, _mm512_mul_ps(v[i], factor));
  }

  // --- 3
  void attend(int64_t sequence_head, int64_t begin, int64_t end, const AttentionScratch &scratch, float *sums) const {
    const int64_t n = sequence_head / heads, h = sequence_head % heads;
    const HeadAttention attention{.engine = engine,
                                  .query = query + sequence_head * padded_tokens * kHead,
                                  .key = key + sequence_head * length * kHead,
                                  .value = value + sequence_head * length * kHead,
                                  .keys = keys,
                                  .padded_keys = padded_keys,
                                  .scratch = scratch};
    attention.pack();
    for (int64_t first = begin; first < end; first += kBlock) {
      float reciprocals[kBlock];
      const int64_t last = std::min(first + kBlock, tokens);
      attention.run(first, last, sums, reciprocals);
      for (int64_t t = first; t < last; t++) {
        const __m512 reciprocal = _mm512_set1_ps(reciprocals[t - first]);
        for (int64_t i = 0; i < 4; i++)
          store_in_tiles(hidden, n * tokens + t, h * kHead + 16 * i, width,
                         _mm512_mul_ps(_mm512_loadu_ps(sums + (t - first) * kHead + 16 * i), reciprocal));
      }
    }
  }

  // --- 4
  void add_attention(int64_t panel, int64_t begin, int64_t end, float *sums) const {
    product<ScaleBlock, &ScaleBlock::finish_attention>(*this, engine, {hidden}, projection_weight, width, panel, begin,
                                                       end, sums);
  }

  void finish_attention(int64_t panel, int64_t first_row, const float *block) const {
    add(panel, first_row, block, modulation, projection_bias);
  }

  void add(int64_t panel, int64_t first_row, const float *block, const float *gate, const float *bias) const {
    const GatedUpdate update{.rows = rows,
                             .tokens = tokens,
                             .width = width,
                             .x = x,
                             .gate = gate,
                             .bias = bias,
                             .modulation_row = modulation_row};
    update.run(panel, first_row, block);
  }

  // --- 6
  void expand(int64_t panel, int64_t begin, int64_t end, float *sums) const {
    product<ScaleBlock, &ScaleBlock::finish_expansion>(*this, engine, {normed}, first_weight, width, panel, begin, end,
                                                       sums);
  }

  void finish_expansion(int64_t panel, int64_t first_row, const float *block) const {
    const int64_t column = panel * kHead;
    for (int64_t row = first_row; row < std::min(first_row + kBlock, rows); row++, block += kHead) {
      for (int64_t i = 0; i < kHead; i += 16) {
        const __m512 v = _mm512_add_ps(_mm512_loadu_ps(block + i), _mm512_loadu_ps(first_bias + column + i));
        store_in_tiles(hidden, row, column + i, mlp, gelu(v));
      }
    }
  }

  // --- 7
  void add_mlp(int64_t panel, int64_t begin, int64_t end, float *sums) const {
    product<ScaleBlock, &ScaleBlock::finish_mlp>(*this, engine, {hidden}, second_weight, mlp, panel, begin, end, sums);
  }

  void finish_mlp(int64_t panel, int64_t first_row, const float *block) const {
    add(panel, first_row, block, modulation + width, second_bias);
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
    keys = start + tokens;
    padded_keys = round_up(keys, kBlock);
    const int threads = at::get_num_threads();
    const int64_t narrow = rows_together(padded_rows, 2 * width), wide = rows_together(padded_rows, 2 * mlp);
    const int64_t sum_numbers = std::max(narrow, wide) * kHead;
    const int64_t score_numbers = AttentionScratch::floats(padded_keys),
                  weight_numbers = AttentionScratch::halves(padded_keys);
    const int64_t query_numbers = count * heads * padded_tokens * kHead;
    const at::Tensor halves = at::empty(
        {padded_rows * (width + std::max(width, mlp)) + query_numbers + threads * weight_numbers}, at::kBFloat16);
    const at::Tensor floats = at::empty({threads * (sum_numbers + score_numbers)}, at::kFloat);
    normed = static_cast<uint16_t *>(halves.data_ptr());
    hidden = normed + padded_rows * width;
    query = hidden + padded_rows * std::max(width, mlp);
    uint16_t *const thread_halves = query + query_numbers;
    float *const thread_floats = floats.data_ptr<float>();
    Phases phases;
    run_team(threads, [&](int thread, int team) {
      float *const sums = thread_floats + thread * (sum_numbers + score_numbers);
      uint16_t *const packed = thread_halves + thread * weight_numbers;
      const Scratch scratch{.sums = sums,
                            .attention = {.keys = packed,
                                          .values = packed + padded_keys * kHead,
                                          .scores = sums + sum_numbers,
                                          .weights = packed + 2 * padded_keys * kHead}};
      engine.enter();
      run_phases(phases, team, narrow, wide, scratch);
      engine.leave();
    });
  }

  // Computes a product in units of 64 columns of blocks of rows.
  template <typename Body>
  void run_product(Phases &phases, int threads, int64_t columns, int64_t together, const Body &body) const {
    const int64_t panels = columns / kHead;
    phases.run(threads, panels * ((padded_rows + together - 1) / together), [&](int64_t task) {
      const int64_t begin = task / panels * together;
      body(task % panels, begin, std::min(begin + together, padded_rows));
    });
  }

  void run_phases(Phases &phases, int threads, int64_t narrow, int64_t wide, const Scratch &scratch) const {
    // If there are few heads for many threads, the queries of a head are divided among threads as well.
    const int64_t shares =
        std::max<int64_t>(1, std::min((2 * threads + count * heads - 1) / (count * heads), padded_tokens / kBlock));
    const int64_t share = round_up((tokens + shares - 1) / shares, kBlock);
    float *const sums = scratch.sums;
    phases.run(threads, padded_rows / kBlock, [&](int64_t task) { norm_rows(0, task * kBlock); });
    run_product(phases, threads, 3 * width, narrow,
                [&](int64_t panel, int64_t begin, int64_t end) { project(panel, begin, end, sums); });
    phases.run(threads, count * heads * shares, [&](int64_t task) {
      const int64_t begin = task % shares * share;
      attend(task / shares, begin, std::min(begin + share, tokens), scratch.attention, sums);
    });
    run_product(phases, threads, width, narrow,
                [&](int64_t panel, int64_t begin, int64_t end) { add_attention(panel, begin, end, sums); });
    phases.run(threads, padded_rows / kBlock, [&](int64_t task) { norm_rows(1, task * kBlock); });
    run_product(phases, threads, mlp, narrow,
                [&](int64_t panel, int64_t begin, int64_t end) { expand(panel, begin, end, sums); });
    run_product(phases, threads, width, wide,
                [&](int64_t panel, int64_t begin, int64_t end) { add_mlp(panel, begin, end, sums); });
  }
};

NVG_TARGET_END

#endif

// Checks the requirements on tensors that apply to all devices. -> the width of the MLP
int64_t checked_mlp(const at::Tensor &x, const at::Tensor &modulation, const at::Tensor &keys, const at::Tensor &values,
                    int64_t start, const at::Tensor &second_weight) {
  TORCH_CHECK(x.dim() == 3 && x.scalar_type() == at::kFloat && x.is_contiguous() && x.size(2) % kHead == 0, kName,
              ": x must be contiguous float32 (N, T, W) with W a multiple of ", kHead);
  const int64_t count = x.size(0), tokens = x.size(1), width = x.size(2);
  TORCH_CHECK(modulation.dim() == 2 && modulation.size(0) == count && modulation.size(1) == 6 * width &&
                  modulation.stride(1) == 1 && modulation.scalar_type() == at::kFloat,
              kName, ": modulation must be float32 (N, 6 W)");
  for (const at::Tensor &cache : {keys, values})
    TORCH_CHECK(cache.dim() == 4 && cache.scalar_type() == at::kBFloat16 && cache.is_contiguous() &&
                    cache.size(0) == count && cache.size(1) == width / kHead && cache.size(3) == kHead,
                kName, ": keys and values must be contiguous bfloat16 (N, H, L, ", kHead, ")");
  TORCH_CHECK(keys.size(2) == values.size(2) && start >= 0 && start + tokens <= keys.size(2), kName, ": ", tokens,
              " tokens after ", start, " do not fit a cache of ", keys.size(2));
  TORCH_CHECK(second_weight.dim() == 5, kName, ": second_weight must be a packed matrix");
  const int64_t mlp = second_weight.size(1) * kDepth;
  TORCH_CHECK(mlp > 0 && mlp % kHead == 0, kName, ": the width of the MLP must be a multiple of ", kHead);
  return mlp;
}

at::Tensor scale_block_meta(at::Tensor x, const at::Tensor &modulation, const at::Tensor &keys,
                            const at::Tensor &values, int64_t start, const at::Tensor &qkv_weight,
                            const at::Tensor &qkv_bias, const at::Tensor &query_scale,
                            const at::Tensor &projection_weight, const at::Tensor &projection_bias,
                            const at::Tensor &first_weight, const at::Tensor &first_bias,
                            const at::Tensor &second_weight, const at::Tensor &second_bias, double /*epsilon*/) {
  check_all_meta(kName, {x, modulation, keys, values, qkv_weight, qkv_bias, query_scale, projection_weight,
                         projection_bias, first_weight, first_bias, second_weight, second_bias});
  checked_mlp(x, modulation, keys, values, start, second_weight);
  return x;
}

// x: (N, T, W), changed in place; modulation: (N, 6 W); keys and values: (N, H, L, D), of which T beginning at `start`
// are written; weights from pack_matrix; query_scale: (H).
at::Tensor scale_block_cpu([[maybe_unused]] at::Tensor x, [[maybe_unused]] const at::Tensor &modulation,
                           [[maybe_unused]] const at::Tensor &keys, [[maybe_unused]] const at::Tensor &values,
                           [[maybe_unused]] int64_t start, [[maybe_unused]] const at::Tensor &qkv_weight,
                           [[maybe_unused]] const at::Tensor &qkv_bias, [[maybe_unused]] const at::Tensor &query_scale,
                           [[maybe_unused]] const at::Tensor &projection_weight,
                           [[maybe_unused]] const at::Tensor &projection_bias,
                           [[maybe_unused]] const at::Tensor &first_weight,
                           [[maybe_unused]] const at::Tensor &first_bias,
                           [[maybe_unused]] const at::Tensor &second_weight,
                           [[maybe_unused]] const at::Tensor &second_bias, [[maybe_unused]] double epsilon) {
#ifdef NVG_BLOCK_INFERENCE
  TORCH_CHECK(engine() != nullptr, kName, ": this processor has no matrix engine");
  const int64_t mlp = checked_mlp(x, modulation, keys, values, start, second_weight);
  const int64_t count = x.size(0), tokens = x.size(1), width = x.size(2);
  if (count == 0 || tokens == 0)
    return x;
  ScaleBlock block{.engine = *engine(),
                   .count = count,
                   .tokens = tokens,
                   .width = width,
                   .mlp = mlp,
                   .heads = width / kHead,
                   .start = start,
                   .length = keys.size(2),
                   .x = x.data_ptr<float>(),
                   .modulation = modulation.data_ptr<float>(),
                   .modulation_row = modulation.stride(0),
                   .qkv_weight = matrix_data(kName, qkv_weight, "qkv_weight", 3 * width, width),
                   .projection_weight = matrix_data(kName, projection_weight, "projection_weight", width, width),
                   .first_weight = matrix_data(kName, first_weight, "first_weight", mlp, width),
                   .second_weight = matrix_data(kName, second_weight, "second_weight", width, mlp),
                   .qkv_bias = float_data(kName, qkv_bias, "qkv_bias", 3 * width),
                   .projection_bias = float_data(kName, projection_bias, "projection_bias", width),
                   .first_bias = float_data(kName, first_bias, "first_bias", mlp),
                   .second_bias = float_data(kName, second_bias, "second_bias", width),
                   .query_scale = float_data(kName, query_scale, "query_scale", width / kHead),
                   .key = static_cast<uint16_t *>(keys.data_ptr()),
                   .value = static_cast<uint16_t *>(values.data_ptr()),
                   .epsilon = static_cast<float>(epsilon)};
  block.run();
  return x;
#else
  TORCH_CHECK(false, kName, ": there is no matrix engine for this kind of processor");
#endif
}

at::Tensor scale_block_autograd(at::Tensor x, const at::Tensor &modulation, const at::Tensor &keys,
                                const at::Tensor &values, int64_t start, const at::Tensor &qkv_weight,
                                const at::Tensor &qkv_bias, const at::Tensor &query_scale,
                                const at::Tensor &projection_weight, const at::Tensor &projection_bias,
                                const at::Tensor &first_weight, const at::Tensor &first_bias,
                                const at::Tensor &second_weight, const at::Tensor &second_bias, double epsilon) {
  TORCH_CHECK(!(at::GradMode::is_enabled() && x.requires_grad()), kName, ": there are no gradients");
  static const auto op = find_operator<decltype(scale_block_cpu)>("nvg::scale_block_");
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  return op.call(x, modulation, keys, values, start, qkv_weight, qkv_bias, query_scale, projection_weight,
                 projection_bias, first_weight, first_bias, second_weight, second_bias, epsilon);
}

} // namespace

TORCH_LIBRARY_IMPL(nvg, CPU, m) { m.impl("scale_block_", &scale_block_cpu); }

TORCH_LIBRARY_IMPL(nvg, Meta, m) { m.impl("scale_block_", &scale_block_meta); }

TORCH_LIBRARY_IMPL(nvg, Autograd, m) { m.impl("scale_block_", &scale_block_autograd); }

} // namespace nvg
