// Group normalisation and swish of bfloat16 pictures in channels-last memory (N × H × W × C), in two passes: libtorch's
// own takes several, and goes through float32. CPU; sums in float32, over all pixels in float64; without gradients.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>

namespace nvg {
namespace {

struct RowKernels {
  void (*add_moments)(const uint16_t *, float *, float *, int64_t);
  void (*normalize)(const uint16_t *, const float *, const float *, uint16_t *, int64_t);
};

namespace baseline {
#include "group_norm_rows.inc"
} // namespace baseline

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define NVG_X86_LEVELS 1
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
namespace avx2 {
#include "group_norm_rows.inc"
} // namespace avx2
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4,prefer-vector-width=512")
namespace avx512 {
#include "group_norm_rows.inc"
} // namespace avx512
#pragma GCC pop_options
#endif

const RowKernels &rows() {
  static const RowKernels chosen = [] {
#ifdef NVG_X86_LEVELS
    if (__builtin_cpu_supports("x86-64-v4"))
      return avx512::kernels();
    if (__builtin_cpu_supports("x86-64-v3"))
      return avx2::kernels();
#endif
    return baseline::kernels();
  }();
  return chosen;
}

// Pixels that one sum in float32 runs over; the parts are added in a fixed order, whatever the threads.
constexpr int64_t kPart = 1024;

at::Tensor group_norm_swish(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, int64_t groups,
                            double epsilon) {
  TORCH_CHECK(x.dim() == 4 && x.device().is_cpu() && x.scalar_type() == at::kBFloat16 &&
                  x.is_contiguous(at::MemoryFormat::ChannelsLast),
              "group_norm_swish: x must be bfloat16 N × C × H × W in channels-last memory on the CPU");
  const int64_t count = x.size(0), channels = x.size(1), pixels = x.size(2) * x.size(3);
  TORCH_CHECK(groups > 0 && channels % groups == 0 && weight.numel() == channels && bias.numel() == channels,
              "group_norm_swish: ", channels, " channels do not divide into ", groups, " groups, or scale and shift differ");
  const at::Tensor scale = weight.to(at::kFloat).contiguous(), shift = bias.to(at::kFloat).contiguous();
  const int64_t parts = (pixels + kPart - 1) / kPart, size = channels / groups;
  at::Tensor y = at::empty_like(x);
  const at::Tensor moments = at::zeros({count * parts, 2, channels}, at::kFloat);
  const at::Tensor factors = at::empty({count, 2, channels}, at::kFloat);
  const auto *source = static_cast<const uint16_t *>(x.data_ptr());
  auto *target = static_cast<uint16_t *>(y.data_ptr());
  at::parallel_for(0, count * parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++) {
      float *sums = moments.data_ptr<float>() + part * 2 * channels;
      const int64_t first = part % parts * kPart, last = std::min(first + kPart, pixels);
      for (int64_t p = first; p < last; p++)
        rows().add_moments(source + (part / parts * pixels + p) * channels, sums, sums + channels, channels);
    }
  });
  for (int64_t n = 0; n < count; n++) {
    float *factor = factors.data_ptr<float>() + n * 2 * channels;
    for (int64_t g = 0; g < groups; g++) {
      double sum = 0, squares = 0;
      for (int64_t part = n * parts; part < (n + 1) * parts; part++) {
        const float *partial = moments.data_ptr<float>() + part * 2 * channels;
        for (int64_t c = g * size; c < (g + 1) * size; c++) {
          sum += partial[c];
          squares += partial[channels + c];
        }
      }
      const double elements = static_cast<double>(size * pixels), mean = sum / elements;
      const double reciprocal = 1 / std::sqrt(std::max(0.0, squares / elements - mean * mean) + epsilon);
      for (int64_t c = g * size; c < (g + 1) * size; c++) {
        factor[c] = static_cast<float>(scale.data_ptr<float>()[c] * reciprocal);
        factor[channels + c] = static_cast<float>(shift.data_ptr<float>()[c] - scale.data_ptr<float>()[c] * reciprocal * mean);
      }
    }
  }
  at::parallel_for(0, count * pixels, 64, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) {
      const float *factor = factors.data_ptr<float>() + p / pixels * 2 * channels;
      rows().normalize(source + p * channels, factor, factor + channels, target + p * channels, channels);
    }
  });
  return y;
}

} // namespace

TORCH_LIBRARY_FRAGMENT(nvg, m) {
  m.def("group_norm_swish(Tensor x, Tensor weight, Tensor bias, int groups, float epsilon) -> Tensor", &group_norm_swish);
}

} // namespace nvg
