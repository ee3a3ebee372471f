// The schemas of all operators. Kernels are registered in the files that implement them.
//
//   CPU        the kernel
//   Meta       shapes and types only
//   Autograd   the gradient, or none: see below
//
// An operator with a gradient has a kernel with the suffix _forward, which also returns what the gradient needs, and
// one with the suffix _backward. CompositeExplicitAutograd means a single implementation for CPU and Meta.
#include "kernels/library.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd_not_implemented_fallback.h>
#include <torch/library.h>

namespace nvg {

void check_all_meta(const char *name, std::initializer_list<at::Tensor> tensors) {
  for (const at::Tensor &tensor : tensors)
    TORCH_CHECK(!tensor.defined() || tensor.is_meta(), name, ": all tensors must be on one device, got meta and ",
                tensor.device());
}

void check_first_order(const char *name) {
  TORCH_CHECK(!at::GradMode::is_enabled(), name, ": second derivatives are not available");
}

} // namespace nvg

TORCH_LIBRARY(nvg, m) {
  // Tokenizer.
  m.def("greedy_clustering(Tensor points) -> Tensor");
  m.def("nearest_code(Tensor points, Tensor codebook) -> Tensor");
  m.def("conv2d(Tensor x, Tensor weight, Tensor? bias, int stride, int padding) -> Tensor");
  m.def("conv2d_backward(Tensor grad, Tensor x, Tensor weight, int padding, bool[3] needed) "
        "-> (Tensor, Tensor, Tensor)");
  m.def("group_norm_swish(Tensor x, Tensor weight, Tensor bias, int groups, float epsilon) -> Tensor");
  m.def("group_norm_swish_forward(Tensor x, Tensor weight, Tensor bias, int groups, float epsilon) "
        "-> (Tensor, Tensor, Tensor)");
  m.def("group_norm_swish_backward(Tensor grad, Tensor x, Tensor weight, Tensor bias, Tensor factors, "
        "Tensor reciprocals) -> (Tensor, Tensor, Tensor)");

  // Transformer blocks.
  m.def("modulated_layer_norm(Tensor x, Tensor shift, Tensor scale, float epsilon, ScalarType weight_type) -> Tensor");
  m.def("modulated_layer_norm_forward(Tensor x, Tensor shift, Tensor scale, float epsilon, ScalarType type) "
        "-> (Tensor, Tensor)");
  m.def("modulated_layer_norm_backward(Tensor grad, Tensor x, Tensor scale, Tensor statistics) "
        "-> (Tensor, Tensor, Tensor)");
  m.def("attention_mlp(Tensor projected, Tensor query_scale, Tensor key_scale, Tensor rotations, int heads, float "
        "epsilon) "
        "-> Tensor");
  m.def("attention_mlp_forward(Tensor projected, Tensor query_scale, Tensor key_scale, Tensor rotations, int heads, "
        "float epsilon) -> (Tensor, Tensor, Tensor, Tensor, Tensor)");
  m.def("attention_mlp_backward(Tensor grad, Tensor projected, Tensor query_scale, Tensor key_scale, Tensor rotations, "
        "Tensor query, Tensor key, Tensor value, Tensor weights, float epsilon) -> (Tensor, Tensor, Tensor)");
  m.def("gated_sum(Tensor x, Tensor gate, Tensor update) -> Tensor");
  m.def("gated_sum_backward(Tensor grad, Tensor gate, Tensor update) -> (Tensor, Tensor)");
  m.def("has_cuda_kernels() -> bool");
  m.def("rotated_heads(Tensor projected, Tensor query_scale, Tensor key_scale, Tensor rotations, int heads, float "
        "epsilon) -> (Tensor, Tensor)");
  m.def("beside_gelu(Tensor attended, Tensor projected) -> Tensor");
  m.def("has_matrix_engine() -> bool");
  m.def("has_int8_engine() -> bool");
  m.def("pack_matrix(Tensor weight) -> Tensor");
  m.def("pack_matrix_int8(Tensor weight) -> (Tensor, Tensor)");
  m.def("transformer_block_(Tensor(a!) x, Tensor modulation, Tensor first_weight, Tensor first_bias, "
        "Tensor query_scale, Tensor key_scale, Tensor rotations, Tensor second_weight, Tensor second_bias, float "
        "epsilon) "
        "-> Tensor(a!)");
  m.def("transformer_block_int8_(Tensor(a!) x, Tensor modulation, Tensor first_weight, Tensor first_columns, "
        "Tensor first_bias, Tensor query_scale, Tensor key_scale, Tensor rotations, Tensor second_weight, "
        "Tensor second_columns, Tensor second_bias, float epsilon) -> Tensor(a!)");
  m.def(
      "scale_block_(Tensor(a!) x, Tensor modulation, Tensor(b!) keys, Tensor(c!) values, int start, Tensor qkv_weight, "
      "Tensor qkv_bias, Tensor query_scale, Tensor projection_weight, Tensor projection_bias, Tensor first_weight, "
      "Tensor first_bias, Tensor second_weight, Tensor second_bias, float epsilon) -> Tensor(a!)");
}

TORCH_LIBRARY_IMPL(nvg, Autograd, m) {
  // The results of these operators have no gradient: integers, and weights packed for inference.
  for (const char *name : {"greedy_clustering", "nearest_code", "pack_matrix", "pack_matrix_int8"})
    m.impl(name, torch::CppFunction::makeFallthrough());
  // Parts of an operator with a gradient. If they are called directly, differentiating their results raises an error.
  for (const char *name :
       {"conv2d_backward", "group_norm_swish_forward", "group_norm_swish_backward", "modulated_layer_norm_forward",
        "modulated_layer_norm_backward", "attention_mlp_forward", "attention_mlp_backward", "gated_sum_backward"})
    m.impl(name, torch::autograd::autogradNotImplementedFallback());
}
