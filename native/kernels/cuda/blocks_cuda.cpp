// The operators of a transformer block on a GPU. In a build without the CUDA compiler, libtorch's operators are used
// instead.
#include "kernels/library.h"

#ifdef NVGT_CUDA_KERNELS
#include "kernels/cuda/block_rows.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

#include <torch/csrc/autograd/autograd_not_implemented_fallback.h>
#include <torch/library.h>

namespace nvg {
namespace {

bool has_cuda_kernels() {
#ifdef NVGT_CUDA_KERNELS
  return true;
#else
  return false;
#endif
}

#ifdef NVGT_CUDA_KERNELS

cuda::Type type_of(const at::Tensor &tensor, const char *name) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kBFloat16, name,
              ": float32 or bfloat16 is needed, got ", tensor.scalar_type());
  return tensor.scalar_type() == at::kFloat ? cuda::Type::float32 : cuda::Type::bfloat16;
}

// N, T and W of a residual stream, or of a part of its width given by the caller.
cuda::Rows rows_of(const at::Tensor &x, int64_t width, const char *name) {
  TORCH_CHECK(x.dim() == 3, name, ": a tensor of sequences has three dimensions, got ", x.dim());
  TORCH_CHECK(width > 0 && width % 8 == 0, name, ": widths must be multiples of 8, got ", width);
  return {x.size(0), x.size(1), width};
}

// One float32 row per sequence, which the kernels read with a stride.
at::Tensor modulation_of(const at::Tensor &modulation, const cuda::Rows &rows, const char *name) {
  TORCH_CHECK(modulation.numel() == rows.count * rows.width, name, ": modulations must be (N, W)");
  at::Tensor result = modulation.to(at::kFloat);
  if (result.dim() != 2 || result.stride(1) != 1 || result.stride(0) % 4 != 0 || result.storage_offset() % 4 != 0)
    result = result.contiguous().view({rows.count, rows.width});
  return result;
}

cudaStream_t stream_of(const at::Tensor &tensor) {
  return c10::cuda::getCurrentCUDAStream(tensor.device().index()).stream();
}

// Memory that the kernels read 16 bytes at a time.
at::Tensor aligned(const at::Tensor &tensor) {
  at::Tensor result = tensor.contiguous();
  return reinterpret_cast<uintptr_t>(result.data_ptr()) % 16 == 0 ? result : result.clone();
}

std::tuple<at::Tensor, at::Tensor> modulated_layer_norm_cuda(const at::Tensor &x, const at::Tensor &shift,
                                                             const at::Tensor &scale, double epsilon,
                                                             at::ScalarType type) {
  constexpr auto name = "modulated_layer_norm";
  TORCH_CHECK(x.scalar_type() == at::kFloat, name, ": x must be float32");
  const c10::cuda::CUDAGuard device(x.device());
  const cuda::Rows rows = rows_of(x, x.size(-1), name);
  const at::Tensor input = aligned(x), offset = modulation_of(shift, rows, name), factor = modulation_of(scale, rows, name);
  at::Tensor y = at::empty(x.sizes(), x.options().dtype(type));
  at::Tensor statistics = at::empty({rows.count * rows.tokens, 2}, x.options());
  cuda::modulated_layer_norm(rows, input.data_ptr<float>(), offset.data_ptr<float>(), offset.stride(0),
                             factor.data_ptr<float>(), factor.stride(0), static_cast<float>(epsilon), type_of(y, name),
                             y.data_ptr(), statistics.data_ptr<float>(), stream_of(x));
  return {y, statistics};
}

std::tuple<at::Tensor, at::Tensor> rotated_heads_cuda(const at::Tensor &projected, const at::Tensor &query_scale,
                                                      const at::Tensor &key_scale, const at::Tensor &rotations,
                                                      int64_t heads, double epsilon) {
  constexpr auto name = "rotated_heads";
  const c10::cuda::CUDAGuard device(projected.device());
  TORCH_CHECK(heads > 0, name, ": heads must be positive");
  const int64_t size = query_scale.numel();
  const cuda::Rows rows = rows_of(projected, heads * size, name);
  TORCH_CHECK(projected.size(2) >= 3 * rows.width && key_scale.numel() == size && size % 2 == 0, name,
              ": projected must be (N, T, 3 W + M), and both scales (D) with an even D");
  TORCH_CHECK(rotations.scalar_type() == at::kFloat && rotations.numel() == rows.count * rows.tokens * size, name,
              ": rotations must be float32 (N, T, D)");
  const at::Tensor input = aligned(projected), query_factor = aligned(query_scale.to(at::kFloat)),
                   key_factor = aligned(key_scale.to(at::kFloat)), turns = aligned(rotations);
  at::Tensor query = at::empty({rows.count, heads, rows.tokens, size}, projected.options());
  at::Tensor key = at::empty_like(query);
  cuda::rotated_heads(rows, heads, projected.size(2), input.data_ptr(), query_factor.data_ptr<float>(),
                      key_factor.data_ptr<float>(), turns.data_ptr<float>(), static_cast<float>(epsilon),
                      type_of(projected, name), query.data_ptr(), key.data_ptr(), stream_of(projected));
  return {query, key};
}

at::Tensor beside_gelu_cuda(const at::Tensor &attended, const at::Tensor &projected) {
  constexpr auto name = "beside_gelu";
  const c10::cuda::CUDAGuard device(projected.device());
  const cuda::Rows rows = rows_of(attended, attended.size(-1), name);
  const int64_t hidden = projected.size(-1) - 3 * rows.width;
  TORCH_CHECK(projected.dim() == 3 && projected.size(0) == rows.count && projected.size(1) == rows.tokens && hidden > 0 &&
                  hidden % 8 == 0 && attended.scalar_type() == projected.scalar_type(),
              name, ": attended must be (N, T, W) and projected (N, T, 3 W + M) of the same type, M a multiple of 8");
  const at::Tensor left = aligned(attended), right = aligned(projected);
  at::Tensor y = at::empty({rows.count, rows.tokens, rows.width + hidden}, projected.options());
  cuda::beside_gelu(rows, hidden, projected.size(2), left.data_ptr(), right.data_ptr(), type_of(projected, name),
                    y.data_ptr(), stream_of(projected));
  return y;
}

at::Tensor gated_sum_cuda(const at::Tensor &x, const at::Tensor &gate, const at::Tensor &update) {
  constexpr auto name = "gated_sum";
  TORCH_CHECK(x.scalar_type() == at::kFloat && update.sizes() == x.sizes(), name,
              ": x must be float32 (N, T, W), update of its shape");
  const c10::cuda::CUDAGuard device(x.device());
  const cuda::Rows rows = rows_of(x, x.size(-1), name);
  const at::Tensor input = aligned(x), factor = modulation_of(gate, rows, name), added = aligned(update);
  at::Tensor y = at::empty(x.sizes(), x.options());
  cuda::gated_sum(rows, input.data_ptr<float>(), factor.data_ptr<float>(), factor.stride(0), added.data_ptr(),
                  type_of(update, name), y.data_ptr<float>(), stream_of(x));
  return y;
}

#endif

} // namespace

TORCH_LIBRARY_IMPL(nvg, CompositeExplicitAutograd, m) { m.impl("has_cuda_kernels", &has_cuda_kernels); }

// Only sampling calls these two. Training composes the same formulas from libtorch's operators, which have gradients.
TORCH_LIBRARY_IMPL(nvg, Autograd, m) {
  for (const char *name : {"rotated_heads", "beside_gelu"})
    m.impl(name, torch::autograd::autogradNotImplementedFallback());
}

#ifdef NVGT_CUDA_KERNELS
TORCH_LIBRARY_IMPL(nvg, CUDA, m) {
  m.impl("modulated_layer_norm_forward", &modulated_layer_norm_cuda);
  m.impl("rotated_heads", &rotated_heads_cuda);
  m.impl("beside_gelu", &beside_gelu_cuda);
  m.impl("gated_sum", &gated_sum_cuda);
}
#endif

} // namespace nvg
