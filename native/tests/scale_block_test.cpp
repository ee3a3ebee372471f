// Compares the whole block of VAR's transformer in bfloat16 with the composed formulas in float64, using the same
// rounded weights, over several scales that share one cache.
#include "block_formulas.h"
#include "check.h"

namespace {

using namespace check;

constexpr double kEpsilon = 1e-6;

// Tolerance for the update that the block adds. Operands are rounded to bfloat16 along the way (at most 2^-9 each).
constexpr double kTolerance = 1.5e-2;

at::Tensor heads_of(const at::Tensor &x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
}

at::Tensor unit(const at::Tensor &x) { return x / x.norm(2, -1, true).clamp_min(1e-12); }

void check_scales(int64_t count, const std::vector<int64_t> &scales, int64_t heads, int64_t mlp,
                  const std::string &threads) {
  const int64_t size = 64, width = heads * size;
  int64_t length = 0;
  for (const int64_t tokens : scales)
    length += tokens;
  const auto weights = [](int64_t outputs, int64_t inputs) {
    return (at::randn({outputs, inputs}) / std::sqrt(static_cast<double>(inputs))).to(at::kBFloat16);
  };
  const at::Tensor qkv = weights(3 * width, width), projection = weights(width, width), first = weights(mlp, width),
                   second = weights(width, mlp);
  const at::Tensor qkv_bias = at::randn({3 * width}), projection_bias = at::randn({width}),
                   first_bias = at::randn({mlp}), second_bias = at::randn({width}),
                   query_scale = at::rand({heads}) * 8 + 1;
  const at::Tensor modulation = at::randn({count, 6 * width});
  const at::Tensor keys = at::empty({count, heads, length, size}, at::kBFloat16), values = at::empty_like(keys);
  const at::Tensor packed_qkv = call("pack_matrix", {qkv}), packed_projection = call("pack_matrix", {projection}),
                   packed_first = call("pack_matrix", {first}), packed_second = call("pack_matrix", {second});
  const auto wide = [](const at::Tensor &tensor) { return tensor.to(at::kDouble); };
  const auto parts = wide(modulation).chunk(6, 1);
  std::vector<at::Tensor> all_keys, all_values;
  int64_t start = 0;
  for (const int64_t tokens : scales) {
    const at::Tensor x = at::randn({count, tokens, width});
    at::Tensor found = x.clone();
    call("scale_block_", {found, modulation, keys, values, start, packed_qkv, qkv_bias, query_scale, packed_projection,
                          projection_bias, packed_first, first_bias, packed_second, second_bias, kEpsilon});

    at::Tensor y = formulas::modulated_layer_norm(wide(x), parts[4], parts[2], kEpsilon);
    const auto projected = at::linear(y, wide(qkv), wide(qkv_bias)).chunk(3, -1);
    const at::Tensor q = unit(heads_of(projected[0], heads)) * wide(query_scale).view({1, heads, 1, 1});
    all_keys.push_back(unit(heads_of(projected[1], heads)));
    all_values.push_back(heads_of(projected[2], heads));
    const at::Tensor k = at::cat(all_keys, 2), v = at::cat(all_values, 2);
    const at::Tensor attended = at::matmul(at::softmax(at::matmul(q, k.transpose(-2, -1)), -1), v);
    const at::Tensor joined = attended.transpose(1, 2).reshape({count, tokens, width});
    at::Tensor wanted = wide(x) + parts[0].unsqueeze(1) * at::linear(joined, wide(projection), wide(projection_bias));
    y = formulas::modulated_layer_norm(wanted, parts[5], parts[3], kEpsilon);
    const at::Tensor hidden = at::gelu(at::linear(y, wide(first), wide(first_bias)), "tanh");
    wanted = wanted + parts[1].unsqueeze(1) * at::linear(hidden, wide(second), wide(second_bias));
    expect_close(wide(found) - wide(x), wanted - wide(x), kTolerance,
                 "scale_block_ " + std::to_string(count) + " × " + std::to_string(tokens) + " after " +
                     std::to_string(start) + " × " + std::to_string(width) + threads);
    start += tokens;
  }
}

} // namespace

int main() {
  if (!call_all("has_matrix_engine", {})[0].toBool()) {
    std::printf("this processor has no matrix engine\n");
    return 77;
  }
  at::manual_seed(2);
  with_threads([](const std::string &threads) {
    check_scales(1, {1}, 1, 64, threads);
    check_scales(2, {1, 4, 9, 25}, 2, 192, threads);
    check_scales(3, {4, 33}, 3, 64, threads);
    check_scales(2, {64, 256}, 4, 1024, threads);
  });
  expect_refused("do not fit a cache", [] {
    const at::Tensor cache = at::zeros({1, 1, 2, 64}, at::kBFloat16), row = at::zeros({64});
    const at::Tensor square = call("pack_matrix", {at::zeros({64, 64})});
    call("scale_block_", {at::zeros({1, 3, 64}), at::zeros({1, 384}), cache, cache.clone(), int64_t{0},
                          call("pack_matrix", {at::zeros({192, 64})}), at::zeros({192}), at::zeros({1}), square, row,
                          square, row, square, row, kEpsilon});
  });
  return finish("scale block");
}
