// Group normalisation and swish of pictures in channels-last memory (N × H × W × C), in two passes there and two back:
// libtorch's own takes several, and goes through float32. CPU, float32 and bfloat16, with hand-written gradients; sums
// in float32, over all pixels in float64.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>

namespace nvg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A picture's normalisation, a number per channel each.
struct Lines {
  const float *factor, *mean, *shift;
};

template <typename T> struct RowKernels {
  void (*add_moments)(const T *, float *, float *, int64_t);
  void (*normalize)(const T *, const Lines &, T *, int64_t);
  void (*add_gradients)(const T *, const T *, const Lines &, float *, float *, int64_t);
  void (*input_gradient)(const T *, const T *, const Lines &, const float *, const float *, T *, int64_t);
};

#define NVG_ROWS "group_norm_rows.inc"
#include "row_levels.inc"

// Calls `body` with the row type of a tensor's elements.
template <typename Body> void with_row_type(const at::Tensor &tensor, Body body) {
  if (tensor.scalar_type() == at::kFloat)
    body(float{});
  else
    body(uint16_t{});
}

template <typename T> T *data(const at::Tensor &tensor) { return static_cast<T *>(tensor.data_ptr()); }

// Pixels that one sum in float32 runs over; the parts are added in a fixed order, whatever the threads.
constexpr int64_t kPart = 1024;

struct Shape {
  int64_t count, channels, pixels, groups, parts;

  Shape(const at::Tensor &x, int64_t groups)
      : count(x.size(0)), channels(x.size(1)), pixels(x.size(2) * x.size(3)), groups(groups),
        parts((pixels + kPart - 1) / kPart) {}

  int64_t group_size() const { return channels / groups; }
  double group_elements() const { return static_cast<double>(group_size() * pixels); }
};

// Two sums per channel: `add(pixel, picture, sums, more sums)` over the pixels of each part. -> (N · parts, 2, C)
template <typename Add> at::Tensor partial_sums(const Shape &shape, Add add) {
  at::Tensor sums = at::zeros({shape.count * shape.parts, 2, shape.channels}, at::kFloat);
  at::parallel_for(0, shape.count * shape.parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++) {
      float *target = data<float>(sums) + part * 2 * shape.channels;
      const int64_t picture = part / shape.parts, first = part % shape.parts * kPart;
      for (int64_t p = first; p < std::min(first + kPart, shape.pixels); p++)
        add(picture * shape.pixels + p, picture, target, target + shape.channels);
    }
  });
  return sums;
}

// One channel's two sums over a whole picture.
std::pair<double, double> whole_sums(const Shape &shape, const at::Tensor &partial, int64_t picture, int64_t channel) {
  double first = 0, second = 0;
  for (int64_t part = picture * shape.parts; part < (picture + 1) * shape.parts; part++) {
    const float *sums = data<float>(partial) + part * 2 * shape.channels;
    first += sums[channel];
    second += sums[shape.channels + channel];
  }
  return {first, second};
}

template <typename Body> void for_each_pixel(const Shape &shape, Body body) {
  at::parallel_for(0, shape.count * shape.pixels, 64, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++)
      body(p, p / shape.pixels);
  });
}

Lines lines_of(const at::Tensor &factors, const at::Tensor &shift, int64_t picture) {
  const float *factor = data<float>(factors) + picture * 2 * factors.size(2);
  return {factor, factor + factors.size(2), data<float>(shift)};
}

struct GroupNormSwish : torch::autograd::Function<GroupNormSwish> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
                            const at::Tensor &bias, int64_t groups, double epsilon) {
    const Shape shape(x, groups);
    const int64_t channels = shape.channels, size = shape.group_size();
    const at::Tensor scale = weight.to(at::kFloat).contiguous(), shift = bias.to(at::kFloat).contiguous();
    at::Tensor y = at::empty_like(x);
    // Factor and mean per picture and channel, reciprocal deviation per picture and group.
    const at::Tensor factors = at::empty({shape.count, 2, channels}, at::kFloat);
    const at::Tensor reciprocals = at::empty({shape.count, groups}, at::kDouble);
    with_row_type(x, [&](auto tag) {
      using T = decltype(tag);
      const T *source = data<T>(x);
      const at::Tensor moments = partial_sums(shape, [&](int64_t pixel, int64_t, float *sums, float *squares) {
        rows<T>().add_moments(source + pixel * channels, sums, squares, channels);
      });
      for (int64_t n = 0; n < shape.count; n++) {
        float *factor = data<float>(factors) + n * 2 * channels;
        for (int64_t g = 0; g < groups; g++) {
          double sum = 0, squares = 0;
          for (int64_t c = g * size; c < (g + 1) * size; c++) {
            const auto [channel_sum, channel_squares] = whole_sums(shape, moments, n, c);
            sum += channel_sum;
            squares += channel_squares;
          }
          const double mean = sum / shape.group_elements();
          const double reciprocal =
              1 / std::sqrt(std::max(0.0, squares / shape.group_elements() - mean * mean) + epsilon);
          data<double>(reciprocals)[n * groups + g] = reciprocal;
          for (int64_t c = g * size; c < (g + 1) * size; c++) {
            factor[c] = static_cast<float>(data<float>(scale)[c] * reciprocal);
            factor[channels + c] = static_cast<float>(mean);
          }
        }
      }
      for_each_pixel(shape, [&](int64_t pixel, int64_t picture) {
        rows<T>().normalize(source + pixel * channels, lines_of(factors, shift, picture), data<T>(y) + pixel * channels,
                            channels);
      });
    });
    context->save_for_backward({x, scale, shift, factors, reciprocals});
    context->saved_data["parameter_type"] = static_cast<int64_t>(weight.scalar_type());
    return y;
  }

  // With a the normalised value before the swish, N the elements of a group, m its mean and r its reciprocal deviation:
  // dx = r (γ da − Σ γ da / N − (x − m) r² Σ γ da (x − m) / N), a line in x and da per channel.
  static variable_list backward(AutogradContext *context, variable_list grads) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "group_norm_swish: second derivatives are not available");
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &scale = saved[1], &shift = saved[2], &factors = saved[3],
                     &reciprocals = saved[4];
    const at::Tensor grad = grads[0].to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    const Shape shape(x, reciprocals.size(1));
    const int64_t channels = shape.channels, size = shape.group_size();
    at::Tensor d_x = at::empty_like(x);
    const at::Tensor lines = at::empty({shape.count, 2, channels}, at::kFloat);
    const at::Tensor d_scale = at::zeros({channels}, at::kDouble), d_shift = at::zeros({channels}, at::kDouble);
    with_row_type(x, [&](auto tag) {
      using T = decltype(tag);
      const T *source = data<T>(x), *gradient = data<T>(grad);
      const at::Tensor sums = partial_sums(shape, [&](int64_t pixel, int64_t picture, float *first, float *second) {
        rows<T>().add_gradients(source + pixel * channels, gradient + pixel * channels,
                                lines_of(factors, shift, picture), first, second, channels);
      });
      for (int64_t n = 0; n < shape.count; n++) {
        float *line = data<float>(lines) + n * 2 * channels;
        for (int64_t g = 0; g < shape.groups; g++) {
          const double reciprocal = data<double>(reciprocals)[n * shape.groups + g];
          double total = 0, along = 0;
          for (int64_t c = g * size; c < (g + 1) * size; c++) {
            const auto [d_a, d_a_centred] = whole_sums(shape, sums, n, c);
            const double gamma = data<float>(scale)[c];
            data<double>(d_shift)[c] += d_a;
            data<double>(d_scale)[c] += d_a_centred * reciprocal;
            total += gamma * d_a;
            along += gamma * d_a_centred;
          }
          const double slope = -reciprocal * reciprocal * reciprocal * along / shape.group_elements();
          const double constant = -reciprocal * total / shape.group_elements();
          for (int64_t c = g * size; c < (g + 1) * size; c++) {
            line[c] = static_cast<float>(slope);
            line[channels + c] = static_cast<float>(constant);
          }
        }
      }
      for_each_pixel(shape, [&](int64_t pixel, int64_t picture) {
        const float *line = data<float>(lines) + picture * 2 * channels;
        rows<T>().input_gradient(source + pixel * channels, gradient + pixel * channels,
                                 lines_of(factors, shift, picture), line, line + channels,
                                 data<T>(d_x) + pixel * channels, channels);
      });
    });
    const auto type = static_cast<at::ScalarType>(context->saved_data["parameter_type"].toInt());
    return {d_x, d_scale.to(type), d_shift.to(type), at::Tensor(), at::Tensor()};
  }
};

at::Tensor group_norm_swish(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, int64_t groups,
                            double epsilon) {
  TORCH_CHECK(x.dim() == 4 && x.device().is_cpu() && (x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kFloat) &&
                  x.is_contiguous(at::MemoryFormat::ChannelsLast),
              "group_norm_swish: x must be float32 or bfloat16, N × C × H × W in channels-last memory on the CPU");
  TORCH_CHECK(groups > 0 && x.size(1) % groups == 0 && weight.numel() == x.size(1) && bias.numel() == x.size(1),
              "group_norm_swish: ", x.size(1), " channels do not divide into ", groups, " groups, or scale and shift differ");
  return GroupNormSwish::apply(x, weight, bias, groups, epsilon);
}

} // namespace

TORCH_LIBRARY_FRAGMENT(nvg, m) {
  m.def("group_norm_swish(Tensor x, Tensor weight, Tensor bias, int groups, float epsilon) -> Tensor", &group_norm_swish);
}

} // namespace nvg
