// x + gate · update, with a gate per sequence: the end of a transformer block in one pass over memory.
//
// N sequences of T tokens of width W. x, the residual stream, is float32; the update has the type of the preceding
// product.
#include "kernels/library.h"
#include "kernels/rows.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

namespace nvg {
namespace {

constexpr auto kName = "gated_sum";

template <typename T> struct RowKernels {
  void (*forward)(const float *x, const float *gate, const T *update, float *y, int64_t width);
  void (*backward)(const float *grad, const float *gate, const T *update, T *d_update, float *d_gate, int64_t width);
};

#define NVG_ROWS "kernels/blocks/gated_sum_rows.inc"
#include "kernels/row_kernels.inc"

// Minimum number of rows (of a few hundred numbers each) per thread; fewer are not worth the overhead.
constexpr int64_t kGrain = 16;

using BackwardResult = std::tuple<at::Tensor, at::Tensor>;

at::Tensor empty_sum(const at::Tensor &x, const at::Tensor &gate, const at::Tensor &update) {
  TORCH_CHECK(x.dim() == 3 && x.scalar_type() == at::kFloat && update.sizes() == x.sizes() &&
                  gate.numel() == x.size(0) * x.size(2),
              kName, ": x must be float32 (N, T, W), update of its shape, gate (N, W)");
  return at::empty(x.sizes(), x.options());
}

at::Tensor gated_sum_meta(const at::Tensor &x, const at::Tensor &gate, const at::Tensor &update) {
  check_all_meta(kName, {x, gate, update});
  return empty_sum(x, gate, update);
}

at::Tensor gated_sum_cpu(const at::Tensor &x, const at::Tensor &gate, const at::Tensor &update) {
  at::Tensor y = empty_sum(x, gate, update);
  const at::Tensor input = x.contiguous(), factor = gate.to(at::kFloat).contiguous(), added = update.contiguous();
  const int64_t tokens = x.size(1), width = x.size(2);
  with_row_type(added, kName, [&](auto tag) {
    using T = decltype(tag);
    parallel_for(0, x.size(0) * tokens, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++)
        rows<T>().forward(data<float>(input) + row * width, data<float>(factor) + row / tokens * width,
                          data<T>(added) + row * width, data<float>(y) + row * width, width);
    });
  });
  return y;
}

// The gradients of the gate (N, W), in float32, and of the update. The gradient of x is the upstream gradient itself.
BackwardResult backward_meta(const at::Tensor &grad, const at::Tensor &gate, const at::Tensor &update) {
  check_all_meta(kName, {grad, gate, update});
  return {at::empty({grad.size(0), grad.size(2)}, grad.options()), at::empty(update.sizes(), update.options())};
}

BackwardResult backward_cpu(const at::Tensor &grad, const at::Tensor &gate, const at::Tensor &update) {
  const at::Tensor upstream = grad.contiguous(), factor = gate.to(at::kFloat).contiguous(), added = update.contiguous();
  const int64_t count = grad.size(0), tokens = grad.size(1), width = grad.size(2);
  at::Tensor d_update = at::empty_like(added), d_gate = at::zeros({count, width}, grad.options());
  with_row_type(added, kName, [&](auto tag) {
    using T = decltype(tag);
    // One sequence per thread, because all rows of a sequence add to the same gate gradient.
    parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin * tokens; row < end * tokens; row++) {
        const int64_t modulation = row / tokens * width;
        rows<T>().backward(data<float>(upstream) + row * width, data<float>(factor) + modulation,
                           data<T>(added) + row * width, data<T>(d_update) + row * width,
                           data<float>(d_gate) + modulation, width);
      }
    });
  });
  return {d_gate, d_update};
}

struct GatedSum : torch::autograd::Function<GatedSum> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &gate,
                            const at::Tensor &update) {
    static const auto op = find_operator<decltype(gated_sum_cpu)>("nvg::gated_sum");
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    const at::Tensor added = update.contiguous();
    context->save_for_backward({gate, added});
    return op.call(x, gate, added);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list grads) {
    check_first_order(kName);
    static const auto op = find_operator<decltype(backward_cpu)>("nvg::gated_sum_backward");
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    const auto saved = context->get_saved_variables();
    const at::Tensor &gate = saved[0], &update = saved[1];
    const auto [d_gate, d_update] = op.call(grads[0], gate, update);
    return {grads[0], d_gate.to(gate.scalar_type()).view(gate.sizes()), d_update};
  }
};

at::Tensor gated_sum_autograd(const at::Tensor &x, const at::Tensor &gate, const at::Tensor &update) {
  return GatedSum::apply(x, gate, update);
}

} // namespace

TORCH_LIBRARY_IMPL(nvg, CPU, m) {
  m.impl("gated_sum", &gated_sum_cpu);
  m.impl("gated_sum_backward", &backward_cpu);
}

TORCH_LIBRARY_IMPL(nvg, Meta, m) {
  m.impl("gated_sum", &gated_sum_meta);
  m.impl("gated_sum_backward", &backward_meta);
}

TORCH_LIBRARY_IMPL(nvg, Autograd, m) { m.impl("gated_sum", &gated_sum_autograd); }

} // namespace nvg
