// Compares the whole transformer block in bfloat16 and int8 with the composed formulas in float64, using the same
// rounded weights.
#include "block_formulas.h"
#include "check.h"
#include "kernels/tiles/matrix_tiles.h"

namespace {

using namespace check;

constexpr double kEpsilon = 1e-6;

// Tolerance for the update that the block adds. Operands are rounded to bfloat16 four times along the way (at most 2^-9
// each).
constexpr double kTolerance = 8e-3;

// Tolerance for int8, compared with formulas that round the same operands to the same steps. Numbers near the middle
// of two steps may be rounded differently, because they have gone through bfloat16.
constexpr double kInt8Tolerance = 1e-2;

// Tolerance for int8, compared with unrounded formulas. The largest of a few hundred normal numbers is about three
// standard deviations: the steps are 3/127 of one, and their error 1/√12 of a step or 0.7 %. Four operands are rounded.
constexpr double kInt8RoundingTolerance = 2.5e-2;

// Rounds to 127 steps up to the largest magnitude of each row of each group.
at::Tensor rounded(const at::Tensor &rows) {
  std::vector<at::Tensor> groups;
  for (const at::Tensor &group : rows.split(nvg::tiles::kInt8Group, -1)) {
    const at::Tensor steps = group.abs().amax(-1, true).clamp_min(1e-30) / 127;
    groups.push_back((group / steps).round() * steps);
  }
  return at::cat(groups, -1);
}

// The update that the block adds, by the composed formulas. `round` is applied to the left operands of the products.
template <typename Round>
at::Tensor expected_update(const at::Tensor &x, const at::Tensor &modulation, const at::Tensor &first,
                           const at::Tensor &first_bias, const at::Tensor &query_scale, const at::Tensor &key_scale,
                           const at::Tensor &rotations, const at::Tensor &second, const at::Tensor &second_bias,
                           Round round) {
  const auto wide = [](const at::Tensor &tensor) { return tensor.to(at::kDouble); };
  const auto parts = wide(modulation).chunk(3, 1);
  const at::Tensor y = formulas::modulated_layer_norm(wide(x), parts[0], parts[1], kEpsilon);
  const at::Tensor projected = at::linear(round(y), wide(first), wide(first_bias));
  const at::Tensor hidden = formulas::attention_mlp(projected, wide(query_scale), wide(key_scale), rotations,
                                                    x.size(2) / query_scale.numel(), kEpsilon);
  return parts[2].unsqueeze(1) * at::linear(round(hidden), wide(second), wide(second_bias));
}

void check_block(int64_t count, int64_t tokens, int64_t heads, int64_t mlp, bool int8, const std::string &threads) {
  const int64_t size = 64, width = heads * size;
  const auto weights = [](int64_t outputs, int64_t inputs) {
    return (at::randn({outputs, inputs}) / std::sqrt(static_cast<double>(inputs))).to(at::kBFloat16);
  };
  const at::Tensor x = at::randn({count, tokens, width}), modulation = at::randn({count, 3 * width});
  const at::Tensor first = weights(3 * width + mlp, width), second = weights(width, width + mlp);
  const at::Tensor first_bias = at::randn({3 * width + mlp}), second_bias = at::randn({width});
  const at::Tensor query_scale = at::randn({size}) * 0.2 + 1, key_scale = at::randn({size}) * 0.2 + 1;
  const at::Tensor rotations = formulas::random_rotations(count, tokens, size);
  const auto update = [&](const at::Tensor &first_matrix, const at::Tensor &second_matrix, auto round) {
    return expected_update(x, modulation, first_matrix, first_bias, query_scale, key_scale, rotations, second_matrix,
                           second_bias, round);
  };
  const auto exact = [](const at::Tensor &rows) { return rows; };
  const std::string what = " " + std::to_string(count) + " × " + std::to_string(tokens) + " × " +
                           std::to_string(width) + " × " + std::to_string(mlp) + threads;
  at::Tensor found = x.clone();
  if (!int8) {
    call("transformer_block_", {found, modulation, call("pack_matrix", {first}), first_bias, query_scale, key_scale,
                                rotations, call("pack_matrix", {second}), second_bias, kEpsilon});
    expect_close(found.to(at::kDouble) - x, update(first, second, exact), kTolerance, "transformer_block_" + what);
    return;
  }
  const auto packed_first = call_all("pack_matrix_int8", {first}),
             packed_second = call_all("pack_matrix_int8", {second});
  call("transformer_block_int8_", {found, modulation, packed_first[0], packed_first[1], first_bias, query_scale,
                                   key_scale, rotations, packed_second[0], packed_second[1], second_bias, kEpsilon});
  const auto row = [](const at::Tensor &rows) { return rounded(rows.to(at::kBFloat16).to(at::kDouble)); };
  expect_close(found.to(at::kDouble) - x, update(rounded(first.to(at::kDouble)), rounded(second.to(at::kDouble)), row),
               kInt8Tolerance, "transformer_block_int8_" + what);
  expect_close(found.to(at::kDouble) - x, update(first, second, exact), kInt8RoundingTolerance,
               "transformer_block_int8_ without rounding" + what);
}

// A number that is not finite must not be rounded away.
void check_not_finite() {
  const at::Tensor x = at::randn({1, 3, 64}), scale = at::ones({64});
  x[0][1][5] = NAN;
  const auto first = call_all("pack_matrix_int8", {at::randn({256, 64})}),
             second = call_all("pack_matrix_int8", {at::randn({64, 128})});
  call("transformer_block_int8_", {x, at::randn({1, 192}), first[0], first[1], at::zeros({256}), scale, scale,
                                   at::ones({1, 3, 64}), second[0], second[1], at::zeros({64}), kEpsilon});
  expect(x[0][1].isnan().all().item<bool>(), "not-a-number in a token");
  at::Tensor weight = at::randn({32, 64});
  weight[3][4] = INFINITY;
  const at::Tensor columns = call_all("pack_matrix_int8", {weight})[1].toTensor();
  expect(columns[0][0][3].isinf().item<bool>() && columns.isfinite().sum().item<int64_t>() == 63, "infinite weight");
}

} // namespace

int main() {
  if (!call_all("has_matrix_engine", {})[0].toBool()) {
    std::printf("this processor has no matrix engine\n");
    return 77;
  }
  at::manual_seed(2);
  const bool has_int8 = call_all("has_int8_engine", {})[0].toBool();
  with_threads([&](const std::string &threads) {
    for (bool int8 : {false, true}) {
      if (int8 && !has_int8)
        continue;
      check_block(1, 1, 1, 64, int8, threads);
      check_block(2, 33, 2, 192, int8, threads);
      check_block(3, 17, 3, 64, int8, threads);
      check_block(2, 256, 4, 1024, int8, threads);
    }
  });
  if (has_int8)
    check_not_finite();
  return finish("transformer block");
}
