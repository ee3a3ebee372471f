// Compares the whole transformer block in bfloat16 with the composed formulas in float64, using the same rounded
// weights.
#include "block_formulas.h"
#include "check.h"

namespace {

using namespace check;

constexpr double kEpsilon = 1e-6;

// Tolerance for the update that the block adds. Operands are rounded to bfloat16 four times along the way (at most 2^-9
// each).
constexpr double kTolerance = 8e-3;

void check_block(int64_t count, int64_t tokens, int64_t heads, int64_t mlp, const std::string &threads) {
  const int64_t size = 64, width = heads * size;
  const auto weights = [](int64_t outputs, int64_t inputs) {
    return (at::randn({outputs, inputs}) / std::sqrt(static_cast<double>(inputs))).to(at::kBFloat16);
  };
  const at::Tensor x = at::randn({count, tokens, width}), modulation = at::randn({count, 3 * width});
  const at::Tensor first = weights(3 * width + mlp, width), second = weights(width, width + mlp);
  const at::Tensor first_bias = at::randn({3 * width + mlp}), second_bias = at::randn({width});
  const at::Tensor query_scale = at::randn({size}) * 0.2 + 1, key_scale = at::randn({size}) * 0.2 + 1;
  const at::Tensor rotations = formulas::random_rotations(count, tokens, size);

  at::Tensor found = x.clone();
  call("transformer_block_", {found, modulation, call("pack_matrix", {first}), first_bias, query_scale, key_scale,
                              rotations, call("pack_matrix", {second}), second_bias, kEpsilon});

  const auto parts = modulation.to(at::kDouble).chunk(3, 1);
  const at::Tensor y = formulas::modulated_layer_norm(x.to(at::kDouble), parts[0], parts[1], kEpsilon);
  const at::Tensor projected = at::linear(y, first.to(at::kDouble), first_bias.to(at::kDouble));
  const at::Tensor hidden = formulas::attention_mlp(projected, query_scale.to(at::kDouble), key_scale.to(at::kDouble),
                                                    rotations, heads, kEpsilon);
  const at::Tensor update = at::linear(hidden, second.to(at::kDouble), second_bias.to(at::kDouble));
  expect_close(found.to(at::kDouble) - x.to(at::kDouble), parts[2].unsqueeze(1) * update, kTolerance,
               "transformer_block_ " + std::to_string(count) + " × " + std::to_string(tokens) + " × " +
                   std::to_string(width) + threads);
}

} // namespace

int main() {
  if (!call_all("has_matrix_engine", {})[0].toBool()) {
    std::printf("this processor has no matrix engine\n");
    return 77;
  }
  at::manual_seed(2);
  with_threads([](const std::string &threads) {
    check_block(1, 1, 1, 64, threads);
    check_block(2, 33, 2, 192, threads);
    check_block(3, 17, 3, 64, threads);
    check_block(2, 256, 4, 1024, threads);
  });
  return finish("transformer block");
}
