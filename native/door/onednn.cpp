// Checks whether oneDNN's convolutions are correct on this processor. Those of oneDNN 3.7 in Debian 13 are incorrect on
// some processors: on an AMD Zen 5, input gradients of float32 batches and bfloat16 convolutions with three channels
// are wrong by half of their magnitude, in PyTorch as well. Version numbers do not reveal this, so a small convolution
// is computed with and without oneDNN.
#include "door/guard.h"
#include "door/optional.h"

#include <ATen/ATen.h>
#include <ATen/Config.h>
#include <ATen/Context.h>
#include <c10/core/GradMode.h>

namespace {

constexpr int64_t batch = 2, channels = 3, side = 5, kernel = 3;
// Far above the rounding error of bfloat16, far below the observed errors.
constexpr double largest_error = 0.05;

at::Tensor pattern(at::IntArrayRef shape, double frequency) {
  return at::arange(c10::multiply_integers(shape), at::kDouble).mul(frequency).sin().to(at::kBFloat16).view(shape);
}

// The result, and the gradients of input and weight.
std::vector<at::Tensor> convolve(at::ScalarType type) {
  const at::Tensor input = pattern({batch, channels, side, side}, 0.7).to(type);
  const at::Tensor weight = pattern({channels, channels, kernel, kernel}, 1.3).to(type);
  const at::Tensor gradient = pattern({batch, channels, side, side}, 2.1).to(type);
  auto [of_input, of_weight, of_bias] = at::convolution_backward(gradient, input, weight, nvg::nullopt, {1, 1}, {1, 1},
                                                                 {1, 1}, false, {0, 0}, 1, {true, true, false});
  return {at::conv2d(input, weight, {}, 1, 1), of_input, of_weight};
}

bool agree(const std::vector<at::Tensor> &found, const std::vector<at::Tensor> &wanted) {
  for (size_t i = 0; i < found.size(); i++) {
    const at::Tensor difference = found[i].to(at::kDouble) - wanted[i].to(at::kDouble);
    if (!(difference.norm().item<double>() <= largest_error * wanted[i].to(at::kDouble).norm().item<double>()))
      return false;
  }
  return true;
}

} // namespace

NVGT_EXPORT int32_t nvgt_check_onednn(uint8_t *used) {
  return nvg::door::guarded([&] {
    at::Context &context = at::globalContext();
    *used = at::hasMKLDNN() && context.userEnabledMkldnn();
    if (!*used)
      return;
    const c10::AutoGradMode no_grad(false);
    const std::vector<at::Tensor> single = convolve(at::kFloat), half = convolve(at::kBFloat16);
    context.setUserEnabledMkldnn(false);
    const std::vector<at::Tensor> wanted = convolve(at::kFloat);
    *used = agree(single, wanted) && agree(half, wanted);
    context.setUserEnabledMkldnn(*used);
  });
}
