// Compares group norm with swish, convolutions and their gradients with libtorch's operators in float64.
#include "check.h"

namespace {

using namespace check;

constexpr double kFloat = 5e-6, kBFloat16 = 4e-3;

at::Tensor channels_last(const at::Tensor &tensor) { return tensor.contiguous(at::MemoryFormat::ChannelsLast); }

void check_group_norm(at::ScalarType type, int64_t count, int64_t channels, int64_t height, int64_t width,
                      int64_t groups, const std::string &threads) {
  const std::vector<at::Tensor> inputs{channels_last((at::randn({count, channels, height, width}) * 2 + 5).to(type)),
                                       at::randn({channels}), at::randn({channels})};
  const bool narrow = type != at::kFloat;
  compare(
      std::string("group_norm_swish ") + (narrow ? "bfloat16 " : "float32 ") + std::to_string(channels) + " × " +
          std::to_string(height) + " × " + std::to_string(width) + threads,
      inputs, at::randn({count, channels, height, width}).to(type),
      [&](const auto &in) {
        return call("group_norm_swish", {in[0], in[1], in[2], groups, 1e-6});
      },
      [&](const auto &in) { return at::silu(at::group_norm(in[0], groups, in[1], in[2], 1e-6)); },
      narrow ? kBFloat16 : kFloat, narrow ? kBFloat16 : kFloat);
}

// Everything is bfloat16; the gradients of weight and bias are rounded to it at the end.
void check_convolution(int64_t count, int64_t inputs, int64_t outputs, int64_t height, int64_t width, int64_t kernel,
                       const std::string &threads) {
  const std::vector<at::Tensor> tensors{channels_last(at::randn({count, inputs, height, width}).to(at::kBFloat16)),
                                        (at::randn({outputs, inputs, kernel, kernel}) * 0.125).to(at::kBFloat16),
                                        at::randn({outputs}).to(at::kBFloat16)};
  compare(
      "conv2d " + std::to_string(count) + " × " + std::to_string(height) + " × " + std::to_string(width) + ", kernel " +
          std::to_string(kernel) + threads,
      tensors, at::randn({count, outputs, height, width}).to(at::kBFloat16),
      [&](const auto &in) {
        return call("conv2d", {in[0], in[1], in[2], int64_t{1}, kernel / 2});
      },
      [&](const auto &in) {
        return at::conv2d(in[0], in[1], in[2], {1, 1}, {kernel / 2, kernel / 2});
      },
      kBFloat16, kBFloat16);
}

} // namespace

int main() {
  at::manual_seed(3);
  with_threads([](const std::string &threads) {
    for (at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      check_group_norm(type, 2, 3, 3, 5, 1, threads);
      check_group_norm(type, 3, 43, 7, 9, 43, threads);
      check_group_norm(type, 2, 96, 17, 33, 32, threads);
      check_group_norm(type, 9, 64, 8, 8, 32, threads);
      check_group_norm(type, 1, 128, 64, 48, 32, threads);
    }
    // Strips of one image, of a part of an image, and of several images; fewer rows or columns than the kernel's reach.
    check_convolution(40, 32, 32, 8, 8, 3, threads);
    check_convolution(3, 64, 96, 37, 29, 3, threads);
    check_convolution(2, 32, 64, 70, 33, 5, threads);
    check_convolution(700, 32, 32, 1, 3, 3, threads);
    check_convolution(600, 32, 32, 2, 2, 7, threads);
    // Cases that use libtorch's gradient: channels that do not fill tiles, few pixels.
    check_convolution(40, 3, 16, 8, 8, 3, threads);
    check_convolution(1, 32, 32, 4, 4, 3, threads);
  });
  expect_refused("do not divide", [] {
    call("group_norm_swish",
         {channels_last(at::randn({1, 5, 2, 2})), at::randn({5}), at::randn({5}), int64_t{2}, 1e-6});
  });
  return finish("image kernels");
}
