// (1 + scale) · LayerNorm(x) + shift, with a shift and a scale per sequence, in one pass over memory.
//
// N sequences of T tokens of width W. x is float32; the result has the element type of the matrix product that follows.
#include "kernels/autocast.h"
#include "kernels/library.h"
#include "kernels/rows.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

namespace nvg {
namespace {

constexpr auto kName = "modulated_layer_norm";

template <typename T> struct RowKernels {
  void (*forward)(const float *x, const float *shift, const float *scale, T *y, int64_t width, float epsilon,
                  float *mean, float *reciprocal);
  void (*backward)(const T *grad, const float *x, const float *scale, float mean, float reciprocal, float *d_x,
                   float *d_shift, float *d_scale, int64_t width);
};

#define NVG_ROWS "kernels/blocks/modulated_layer_norm_rows.inc"
#include "kernels/row_kernels.inc"

// Minimum number of rows (of a few hundred numbers each) per thread; fewer are not worth the overhead.
constexpr int64_t kGrain = 16;

using ForwardResult = std::tuple<at::Tensor, at::Tensor>;
using BackwardResult = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

// y, and the mean and the reciprocal deviation of every row (N T × 2).
ForwardResult empty_results(const at::Tensor &x, const at::Tensor &shift, const at::Tensor &scale,
                            at::ScalarType type) {
  TORCH_CHECK(x.dim() == 3 && x.scalar_type() == at::kFloat, kName, ": x must be float32 (N, T, W)");
  const int64_t modulation = x.size(0) * x.size(2);
  TORCH_CHECK(shift.numel() == modulation && scale.numel() == modulation, kName, ": shift and scale must be (N, W)");
  return {at::empty(x.sizes(), x.options().dtype(type)), at::empty({x.size(0) * x.size(1), 2}, x.options())};
}

ForwardResult forward_meta(const at::Tensor &x, const at::Tensor &shift, const at::Tensor &scale, double /*epsilon*/,
                           at::ScalarType type) {
  check_all_meta(kName, {x, shift, scale});
  return empty_results(x, shift, scale, type);
}

ForwardResult forward_cpu(const at::Tensor &x, const at::Tensor &shift, const at::Tensor &scale, double epsilon,
                          at::ScalarType type) {
  const auto [y, statistics] = empty_results(x, shift, scale, type);
  const at::Tensor input = x.contiguous(), offset = shift.to(at::kFloat).contiguous(),
                   factor = scale.to(at::kFloat).contiguous();
  const int64_t count = x.size(0), tokens = x.size(1), width = x.size(2);
  with_row_type(y, kName, [&, &y = y, &statistics = statistics](auto tag) {
    using T = decltype(tag);
    parallel_for(0, count * tokens, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        const int64_t modulation = row / tokens * width;
        float *pair = data<float>(statistics) + 2 * row;
        rows<T>().forward(data<float>(input) + row * width, data<float>(offset) + modulation,
                          data<float>(factor) + modulation, data<T>(y) + row * width, width,
                          static_cast<float>(epsilon), pair, pair + 1);
      }
    });
  });
  return {y, statistics};
}

// The gradients of x (N, T, W), of the shift and of the scale (N, W each), in float32.
BackwardResult backward_meta(const at::Tensor &grad, const at::Tensor &x, const at::Tensor &scale,
                             const at::Tensor &statistics) {
  check_all_meta(kName, {grad, x, scale, statistics});
  const at::Tensor modulation = at::empty({x.size(0), x.size(2)}, x.options());
  return {at::empty(x.sizes(), x.options()), modulation, at::empty_like(modulation)};
}

BackwardResult backward_cpu(const at::Tensor &grad, const at::Tensor &x, const at::Tensor &scale,
                            const at::Tensor &statistics) {
  const at::Tensor upstream = grad.contiguous(), input = x.contiguous(), factor = scale.to(at::kFloat).contiguous();
  const int64_t count = x.size(0), tokens = x.size(1), width = x.size(2);
  at::Tensor d_x = at::empty_like(input), d_shift = at::zeros({count, width}, x.options()),
             d_scale = at::zeros({count, width}, x.options());
  with_row_type(upstream, kName, [&](auto tag) {
    using T = decltype(tag);
    // One sequence per thread, because all rows of a sequence add to the same modulation gradients.
    parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin * tokens; row < end * tokens; row++) {
        const int64_t modulation = row / tokens * width;
        const float *pair = data<float>(statistics) + 2 * row;
        rows<T>().backward(data<T>(upstream) + row * width, data<float>(input) + row * width,
                           data<float>(factor) + modulation, pair[0], pair[1], data<float>(d_x) + row * width,
                           data<float>(d_shift) + modulation, data<float>(d_scale) + modulation, width);
      }
    });
  });
  return {d_x, d_shift, d_scale};
}

struct ModulatedLayerNorm : torch::autograd::Function<ModulatedLayerNorm> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &shift,
                            const at::Tensor &scale, double epsilon, at::ScalarType type) {
    static const auto op = find_operator<decltype(forward_cpu)>("nvg::modulated_layer_norm_forward");
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    const at::Tensor input = x.contiguous();
    auto [y, statistics] = op.call(input, shift, scale, epsilon, type);
    context->save_for_backward({input, scale, statistics});
    context->saved_data["shift_type"] = static_cast<int64_t>(shift.scalar_type());
    context->saved_data["shift_shape"] = shift.sizes().vec();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list grads) {
    check_first_order(kName);
    static const auto op = find_operator<decltype(backward_cpu)>("nvg::modulated_layer_norm_backward");
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &scale = saved[1], &statistics = saved[2];
    const auto [d_x, d_shift, d_scale] = op.call(grads[0], x, scale, statistics);
    const auto shift_type = static_cast<at::ScalarType>(context->saved_data["shift_type"].toInt());
    return {d_x, d_shift.to(shift_type).view(context->saved_data["shift_shape"].toIntVector()),
            d_scale.to(scale.scalar_type()).view(scale.sizes()), at::Tensor(), at::Tensor()};
  }
};

at::Tensor modulated_layer_norm(const at::Tensor &x, const at::Tensor &shift, const at::Tensor &scale, double epsilon,
                                at::ScalarType weight_type) {
  static const auto op = find_operator<decltype(forward_cpu)>("nvg::modulated_layer_norm_forward");
  return std::get<0>(op.call(x, shift, scale, epsilon, product_type(weight_type)));
}

at::Tensor modulated_layer_norm_autograd(const at::Tensor &x, const at::Tensor &shift, const at::Tensor &scale,
                                         double epsilon, at::ScalarType weight_type) {
  return ModulatedLayerNorm::apply(x, shift, scale, epsilon, product_type(weight_type));
}

} // namespace

TORCH_LIBRARY_IMPL(nvg, CompositeExplicitAutograd, m) { m.impl("modulated_layer_norm", &modulated_layer_norm); }

TORCH_LIBRARY_IMPL(nvg, CPU, m) {
  m.impl("modulated_layer_norm_forward", &forward_cpu);
  m.impl("modulated_layer_norm_backward", &backward_cpu);
}

TORCH_LIBRARY_IMPL(nvg, Meta, m) {
  m.impl("modulated_layer_norm_forward", &forward_meta);
  m.impl("modulated_layer_norm_backward", &backward_meta);
}

TORCH_LIBRARY_IMPL(nvg, Autograd, m) { m.impl("modulated_layer_norm", &modulated_layer_norm_autograd); }

} // namespace nvg
