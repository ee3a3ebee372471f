// Checks that every operator has a kernel for CPU, Meta and Autograd, and that its Meta function gives the same shapes
// and types as the CPU kernel.
#include "check.h"

namespace {

using namespace check;

bool has_kernel(const char *name, c10::DispatchKey key) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").hasComputedKernelForDispatchKey(key);
}

void check_keys(const char *name) {
  for (const auto key :
       {c10::DispatchKey::CPU, c10::DispatchKey::Meta, c10::DispatchKey::AutogradCPU, c10::DispatchKey::AutogradMeta})
    expect(has_kernel(name, key), std::string(name) + " for " + c10::toString(key));
}

c10::IValue to_meta(const c10::IValue &value) { return value.isTensor() ? value.toTensor().to(at::kMeta) : value; }

void check_meta(const std::string &name, const std::vector<c10::IValue> &arguments) {
  std::vector<c10::IValue> meta;
  for (const c10::IValue &argument : arguments)
    meta.push_back(to_meta(argument));
  const std::vector<c10::IValue> expected = call_all(name, arguments), found = call_all(name, meta);
  expect(found.size() == expected.size(), name + ": number of results");
  for (size_t i = 0; i < expected.size(); i++) {
    const at::Tensor &wanted = expected[i].toTensor(), &got = found[i].toTensor();
    expect(got.defined() == wanted.defined(), name + ": which results there are");
    if (!wanted.defined() || !got.defined())
      continue;
    expect(got.is_meta(), name + ": a result on meta");
    expect(got.sizes() == wanted.sizes() && got.scalar_type() == wanted.scalar_type(),
           name + ": shape and type of result " + std::to_string(i));
  }
}

void check_all_metas(at::ScalarType type) {
  const auto kind = static_cast<int64_t>(type);
  const at::Tensor x = at::randn({2, 3, 8}), row = at::randn({2, 8}), update = at::randn({2, 3, 8}).to(type);
  check_meta("greedy_clustering", {at::randn({3, 16, 4})});
  check_meta("nearest_code", {at::randn({5, 4}), at::randn({7, 4})});
  check_meta("pack_matrix", {at::randn({32, 64})});
  check_meta("pack_matrix_int8", {at::randn({32, 64})});
  check_meta("modulated_layer_norm", {x, row, row, 1e-6, kind});
  check_meta("modulated_layer_norm_forward", {x, row, row, 1e-6, kind});
  check_meta("modulated_layer_norm_backward", {update, x, row, at::randn({6, 2})});
  check_meta("gated_sum", {x, row, update});
  check_meta("gated_sum_backward", {x, row, update});

  const at::Tensor projected = at::randn({2, 3, 29}).to(type), scale = at::randn({4}), rotations = at::randn({2, 3, 4});
  const std::vector<c10::IValue> attention{projected, scale, scale, rotations, int64_t{2}, 1e-6};
  check_meta("attention_mlp", attention);
  check_meta("attention_mlp_forward", attention);
  const auto forward = call_all("attention_mlp_forward", attention);
  check_meta("attention_mlp_backward",
             {forward[0], projected, scale, scale, rotations, forward[1], forward[2], forward[3], forward[4], 1e-6});

  const at::Tensor image = at::randn({2, 6, 3, 5}).to(type).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor parameter = at::randn({6});
  const std::vector<c10::IValue> norm{image, parameter, parameter, int64_t{3}, 1e-6};
  check_meta("group_norm_swish", norm);
  check_meta("group_norm_swish_forward", norm);
  const auto normed = call_all("group_norm_swish_forward", norm);
  check_meta("group_norm_swish_backward", {image, image, parameter, parameter, normed[1], normed[2]});
  check_meta("conv2d", {image, at::randn({4, 6, 3, 3}).to(type), at::randn({4}).to(type), int64_t{1}, int64_t{1}});
}

void check_tile_metas() {
  const auto narrow = [](at::IntArrayRef sizes) { return at::randn(sizes).to(at::kBFloat16); };
  const at::Tensor image = narrow({2, 32, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast);
  for (bool needed : {true, false})
    check_meta("conv2d_backward",
               {image, image, narrow({32, 32, 3, 3}), int64_t{1}, c10::List<bool>({needed, !needed, true})});
  const at::Tensor scale = at::randn({64});
  check_meta("transformer_block_",
             {at::randn({2, 3, 64}), at::randn({2, 192}), call("pack_matrix", {at::randn({256, 64})}), at::randn({256}),
              scale, scale, at::randn({2, 3, 64}), call("pack_matrix", {at::randn({64, 128})}), scale, 1e-6});
  const auto packed = [](int64_t columns, int64_t depth) { return call("pack_matrix", {at::randn({columns, depth})}); };
  const at::Tensor cache = at::zeros({2, 1, 5, 64}, at::kBFloat16);
  check_meta("scale_block_", {at::randn({2, 3, 64}), at::randn({2, 384}), cache, cache.clone(), int64_t{1},
                              packed(192, 64), at::randn({192}), at::randn({1}), packed(64, 64), scale, packed(128, 64),
                              at::randn({128}), packed(64, 128), scale, 1e-6});
}

void check_int8_metas() {
  const at::Tensor scale = at::randn({64});
  const auto first = call_all("pack_matrix_int8", {at::randn({256, 64})}),
             second = call_all("pack_matrix_int8", {at::randn({64, 128})});
  check_meta("transformer_block_int8_",
             {at::randn({2, 3, 64}), at::randn({2, 192}), first[0], first[1], at::randn({256}), scale, scale,
              at::randn({2, 3, 64}), second[0], second[1], scale, 1e-6});
}

// Gradients must also pass through Meta tensors.
void check_meta_gradients() {
  at::Tensor x = at::empty({2, 3, 8}, at::kMeta).requires_grad_();
  const at::Tensor row = at::empty({2, 8}, at::kMeta);
  const at::Tensor y = call("modulated_layer_norm", {x, row, row, 1e-6, static_cast<int64_t>(at::kFloat)});
  const auto gradients = torch::autograd::grad({call("gated_sum", {x, row, y}).sum()}, {x});
  expect(gradients[0].is_meta() && gradients[0].sizes() == x.sizes(), "gradient on meta");
}

} // namespace

int main() {
  at::manual_seed(5);
  for (const char *name : {"nvg::greedy_clustering",
                           "nvg::nearest_code",
                           "nvg::conv2d",
                           "nvg::conv2d_backward",
                           "nvg::group_norm_swish",
                           "nvg::group_norm_swish_forward",
                           "nvg::group_norm_swish_backward",
                           "nvg::modulated_layer_norm",
                           "nvg::modulated_layer_norm_forward",
                           "nvg::modulated_layer_norm_backward",
                           "nvg::attention_mlp",
                           "nvg::attention_mlp_forward",
                           "nvg::attention_mlp_backward",
                           "nvg::gated_sum",
                           "nvg::gated_sum_backward",
                           "nvg::pack_matrix",
                           "nvg::pack_matrix_int8",
                           "nvg::transformer_block_",
                           "nvg::transformer_block_int8_",
                           "nvg::scale_block_"})
    check_keys(name);
  check_all_metas(at::kFloat);
  check_all_metas(at::kBFloat16);
  if (call_all("has_matrix_engine", {})[0].toBool())
    check_tile_metas();
  if (call_all("has_int8_engine", {})[0].toBool())
    check_int8_metas();
  check_meta_gradients();
  expect_refused("must be on one device", [] {
    call("gated_sum", {at::empty({1, 2, 4}, at::kMeta), at::randn({1, 4}), at::randn({1, 2, 4})});
  });
  return finish("registration");
}
