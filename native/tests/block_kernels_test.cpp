// Compares the kernels of a transformer block and their gradients with the composed formulas in float64.
#include "block_formulas.h"
#include "check.h"
#include "kernels/tiles/matrix_tiles.h"

namespace {

using namespace check;

constexpr double kEpsilon = 1e-6;

// Rounding error of float32 in sums of a few hundred numbers; half a unit in the last place of bfloat16; and the error
// of gradients that pass through several bfloat16 tensors.
constexpr double kFloat = 3e-6, kBFloat16 = 4e-3, kBFloat16Gradient = 1.6e-2;

std::string name_of(const char *kernel, at::ScalarType type, std::initializer_list<int64_t> sizes) {
  std::string name = std::string(kernel) + (type == at::kFloat ? " float32" : " bfloat16");
  for (int64_t size : sizes)
    name += " " + std::to_string(size);
  return name;
}

void check_modulated_layer_norm(at::ScalarType type, int64_t count, int64_t tokens, int64_t width,
                                const std::string &threads) {
  const std::vector<at::Tensor> inputs{at::randn({count, tokens, width}) * 3 + 1, at::randn({count, width}),
                                       at::randn({count, width})};
  const bool narrow = type != at::kFloat;
  compare(
      name_of("modulated_layer_norm", type, {count, tokens, width}) + threads, inputs,
      at::randn({count, tokens, width}).to(type),
      [&](const auto &in) {
        return call("modulated_layer_norm", {in[0], in[1], in[2], kEpsilon, static_cast<int64_t>(type)});
      },
      [](const auto &in) { return formulas::modulated_layer_norm(in[0], in[1], in[2], kEpsilon); },
      narrow ? kBFloat16 : kFloat, kFloat);
}

void check_gated_sum(at::ScalarType type, int64_t count, int64_t tokens, int64_t width, const std::string &threads) {
  const std::vector<at::Tensor> inputs{at::randn({count, tokens, width}), at::randn({count, width}),
                                       at::randn({count, tokens, width}).to(type)};
  compare(
      name_of("gated_sum", type, {count, tokens, width}) + threads, inputs, at::randn({count, tokens, width}),
      [](const auto &in) {
        return call("gated_sum", {in[0], in[1], in[2]});
      },
      [](const auto &in) { return formulas::gated_sum(in[0], in[1], in[2]); }, kFloat,
      type == at::kFloat ? kFloat : kBFloat16);
}

void check_attention_mlp(at::ScalarType type, int64_t count, int64_t tokens, int64_t heads, int64_t size, int64_t mlp,
                         const std::string &threads) {
  const at::Tensor rotations = formulas::random_rotations(count, tokens, size);
  const std::vector<at::Tensor> inputs{at::randn({count, tokens, 3 * heads * size + mlp}).to(type),
                                       at::randn({size}) * 0.2 + 1, at::randn({size}) * 0.2 + 1};
  const bool narrow = type != at::kFloat;
  compare(
      name_of("attention_mlp", type, {count, tokens, heads, size, mlp}) + threads, inputs,
      at::randn({count, tokens, heads * size + mlp}).to(type),
      [&](const auto &in) {
        return call("attention_mlp", {in[0], in[1], in[2], rotations, heads, kEpsilon});
      },
      [&](const auto &in) { return formulas::attention_mlp(in[0], in[1], in[2], rotations, heads, kEpsilon); },
      narrow ? 2 * kBFloat16 : kFloat, narrow ? kBFloat16Gradient : 2 * kFloat);
}

void check_second_derivatives() {
  at::Tensor x = at::randn({1, 2, 4}).requires_grad_();
  const at::Tensor y = call("gated_sum", {x, at::randn({1, 4}), at::randn({1, 2, 4}).requires_grad_()});
  expect_refused("second derivatives", [&] {
    torch::autograd::grad({y.square().sum()}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true);
  });
}

// Checks that every element of a packed matrix is at the position defined in matrix_tiles.h.
void check_pack_matrix(int64_t columns, int64_t depth) {
  const at::Tensor weight = at::randn({columns, depth});
  const at::Tensor packed = call("pack_matrix", {weight});
  const at::Tensor expected = weight.to(at::kBFloat16).view({columns / 16, 16, depth / 32, 16, 2});
  expect(packed.equal(expected.permute({0, 2, 3, 1, 4})), "pack_matrix " + std::to_string(columns));
}

void check_pack_matrix_int8(int64_t columns, int64_t depth) {
  const at::Tensor weight = at::randn({columns, depth});
  const auto results = call_all("pack_matrix_int8", {weight});
  const at::Tensor packed = results[0].toTensor(), numbers = results[1].toTensor();
  const at::Tensor steps = packed.permute({0, 3, 1, 2, 4}).reshape({columns, depth}).to(at::kDouble);
  const std::string what = "pack_matrix_int8 " + std::to_string(columns) + " × " + std::to_string(depth);
  const auto parts = steps.split(nvg::tiles::kInt8Group, 1), wanted = weight.split(nvg::tiles::kInt8Group, 1);
  expect(packed.scalar_type() == at::kChar && numbers.size(1) == static_cast<int64_t>(parts.size()), what + ": shape");
  for (size_t i = 0; i < parts.size(); i++) {
    const at::Tensor scales = numbers[0][static_cast<int64_t>(i)].unsqueeze(1).to(at::kDouble);
    expect(parts[i].abs().amax(1).eq(127).all().item<bool>(), what + ": range");
    expect(((parts[i] * scales - wanted[i]).abs() <= scales * 0.5001).all().item<bool>(), what + ": values");
    expect(numbers[1][static_cast<int64_t>(i)].equal((parts[i].sum(1) * 128).to(at::kFloat)), what + ": sums");
  }
}

} // namespace

int main() {
  at::manual_seed(1);
  with_threads([](const std::string &threads) {
    for (at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      for (const auto &[count, tokens, width] :
           {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1}, {3, 7, 33}, {2, 64, 128}, {5, 13, 640}}) {
        if (width > 1)
          check_modulated_layer_norm(type, count, tokens, width, threads);
        check_gated_sum(type, count, tokens, width, threads);
      }
      check_attention_mlp(type, 1, 1, 1, 2, 1, threads);
      check_attention_mlp(type, 3, 7, 3, 6, 5, threads);
      check_attention_mlp(type, 2, 64, 2, 64, 256, threads);
      check_attention_mlp(type, 2, 33, 5, 18, 47, threads);
    }
    check_pack_matrix(32, 32);
    check_pack_matrix(96, 160);
    check_pack_matrix_int8(32, 64);
    check_pack_matrix_int8(96, 1344);
  });
  check_second_derivatives();
  expect_refused("multiples of 32", [] { call("pack_matrix", {at::randn({31, 32})}); });
  expect_refused("multiple of 64", [] { call("pack_matrix_int8", {at::randn({32, 96})}); });
  return finish("block kernels");
}
