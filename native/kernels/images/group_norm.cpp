// Group normalisation followed by swish, of images in channels-last memory (N × H × W × C), with two passes over memory
// forward and two backward. libtorch's operators take more passes and convert to float32. Sums are in float32, those
// over all pixels in float64.
#include "kernels/library.h"
#include "kernels/rows.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace nvg {
namespace {

constexpr auto kName = "group_norm_swish";

// The normalisation of an image; each array has one number per channel.
struct Lines {
  const float *factor, *mean, *shift;
};

// Each function processes a run of consecutive pixels in memory.
template <typename T> struct RowKernels {
  void (*moments)(const T *x, float *means, float *squares, int64_t channels, int64_t pixels);
  void (*normalize)(const T *x, const Lines &, T *y, int64_t channels, int64_t pixels);
  void (*gradient_sums)(const T *x, const T *gradient, const Lines &, float *sums, float *products, float *d_a,
                        int64_t channels, int64_t pixels);
  void (*input_gradient)(const T *x, const T *gradient, const float *d_a, const Lines &, const float *slopes,
                         const float *constants, T *d_x, int64_t channels, int64_t pixels);
};

#define NVG_ROWS "kernels/images/group_norm_rows.inc"
#include "kernels/row_kernels.inc"

// Number of pixels in a part of an image. Parts are small enough for a sum in float32, and for a second pass to find
// the data in the cache. Parts are summed in a fixed order, regardless of the number of threads.
constexpr int64_t kPart = 256;

// Minimum number of values that a thread sums.
constexpr int64_t kGrain = 4096;

struct Shape {
  int64_t count, channels, pixels, groups, parts;

  Shape(const at::Tensor &x, int64_t groups)
      : count(x.size(0)), channels(x.size(1)), pixels(x.size(2) * x.size(3)), groups(groups),
        parts((pixels + kPart - 1) / kPart) {}

  int64_t group_size() const { return channels / groups; }
  double group_elements() const { return static_cast<double>(group_size() * pixels); }
  int64_t part_pixels(int64_t part) const { return std::min(kPart, pixels - part * kPart); }
};

// Images are divided among threads, so that the second pass finds the image in the cache. If there are few images, the
// parts of one image at a time are divided among threads.
template <typename Body> void for_each_image(const Shape &shape, Body body) {
  const auto run = [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; n++)
      body(n);
  };
  if (shape.count >= 4 * at::get_num_threads() || shape.parts < 2)
    parallel_for(0, shape.count, 1, run);
  else
    run(0, shape.count);
}

// Calls `body(part of the image, offset of its first element in the tensor, number of its pixels)`.
template <typename Body> void for_each_part(const Shape &shape, int64_t image, Body body) {
  parallel_for(0, shape.parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++)
      body(part, (image * shape.pixels + part * kPart) * shape.channels, shape.part_pixels(part));
  });
}

// Two numbers per channel for every part of every image.
struct PartNumbers {
  int64_t channels, parts;
  at::Tensor values;

  explicit PartNumbers(const Shape &shape)
      : channels(shape.channels), parts(shape.parts),
        values(at::empty({shape.count, shape.parts, 2, shape.channels}, at::kFloat)) {}

  float *first(int64_t image, int64_t part) const {
    return data<float>(values) + (image * parts + part) * 2 * channels;
  }
  float *second(int64_t image, int64_t part) const { return first(image, part) + channels; }
};

Lines lines_of(const at::Tensor &factors, const at::Tensor &shift, int64_t image) {
  const float *factor = data<float>(factors) + image * 2 * factors.size(2);
  return {factor, factor + factors.size(2), data<float>(shift)};
}

struct Moments {
  double mean, variance;
};

// Computes the moments of a group from those of its parts: squared deviations are additive once shifted to the group's
// mean.
Moments group_moments(const Shape &shape, const PartNumbers &moments, int64_t image, int64_t group) {
  const int64_t first = group * shape.group_size(), end = first + shape.group_size();
  double sum = 0, squares = 0;
  for (int64_t part = 0; part < shape.parts; part++) {
    const float *means = moments.first(image, part);
    double part_sum = 0;
    for (int64_t c = first; c < end; c++)
      part_sum += means[c];
    sum += part_sum * static_cast<double>(shape.part_pixels(part));
  }
  const double mean = sum / shape.group_elements();
  for (int64_t part = 0; part < shape.parts; part++) {
    const float *means = moments.first(image, part), *part_squares = moments.second(image, part);
    for (int64_t c = first; c < end; c++) {
      const double distance = means[c] - mean;
      squares += part_squares[c] + static_cast<double>(shape.part_pixels(part)) * distance * distance;
    }
  }
  return {mean, squares / shape.group_elements()};
}

// The gradient of the normalised values of one image in float32, or null if it is not kept.
struct KeptGradient {
  float *values;
  int64_t part_elements;

  float *of(int64_t part) const { return values == nullptr ? nullptr : values + part * part_elements; }
};

// The gradient of the normalised values costs more to compute than to keep between the passes. It is kept in d_x if d_x
// is float32, otherwise in a buffer per thread. It is not kept for an image that is too large for a cache.
class KeptGradients {
public:
  KeptGradients(const Shape &shape, const at::Tensor &d_x)
      : image_elements_(shape.channels * shape.pixels), part_elements_(shape.channels * kPart) {
    if (d_x.scalar_type() == at::kFloat)
      whole_ = d_x;
    else if (image_elements_ <= kLargest)
      buffers_ = at::empty({at::get_num_threads(), image_elements_}, at::kFloat);
  }

  // Must be called by the thread that processes the image.
  KeptGradient of(int64_t image) const {
    float *values = whole_.defined()     ? data<float>(whole_) + image * image_elements_
                    : buffers_.defined() ? data<float>(buffers_) + at::get_thread_num() * image_elements_
                                         : nullptr;
    return {values, part_elements_};
  }

private:
  static constexpr int64_t kLargest = 1 << 18;
  int64_t image_elements_, part_elements_;
  at::Tensor whole_, buffers_;
};

// Sums (N, C) over the images, in order. -> (C)
at::Tensor sum_over_images(const at::Tensor &values) {
  at::Tensor sums = at::zeros({values.size(1)}, at::kDouble);
  const int64_t channels = values.size(1);
  double *target = data<double>(sums);
  for (int64_t n = 0; n < values.size(0); n++) {
    const double *row = data<double>(values) + n * channels;
    for (int64_t c = 0; c < channels; c++)
      target[c] += row[c];
  }
  return sums;
}

// y; factor and mean of every image and channel (N, 2, C) in float32; reciprocal deviation of every image and group
// (N, G) in float64.
using Results = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

Results empty_results(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, int64_t groups) {
  TORCH_CHECK(x.dim() == 4 && (x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kFloat) &&
                  x.is_contiguous(at::MemoryFormat::ChannelsLast),
              kName, ": x must be float32 or bfloat16, N × C × H × W in channels-last memory");
  TORCH_CHECK(groups > 0 && x.size(1) % groups == 0, kName, ": ", x.size(1), " channels do not divide into ", groups,
              " groups");
  TORCH_CHECK(weight.numel() == x.size(1) && bias.numel() == x.size(1), kName, ": weight and bias must have ",
              x.size(1), " elements, got ", weight.numel(), " and ", bias.numel());
  return {at::empty_like(x), at::empty({x.size(0), 2, x.size(1)}, x.options().dtype(at::kFloat)),
          at::empty({x.size(0), groups}, x.options().dtype(at::kDouble))};
}

Results forward_meta(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, int64_t groups,
                     double /*epsilon*/) {
  check_all_meta(kName, {x, weight, bias});
  return empty_results(x, weight, bias, groups);
}

// Writes factors, means and reciprocal deviations of one image from the moments of its parts.
void write_statistics(const Shape &shape, const PartNumbers &moments, int64_t image, const float *gamma, double epsilon,
                      float *factors, double *reciprocals) {
  const int64_t size = shape.group_size(), grain = std::max<int64_t>(1, kGrain / (shape.parts * size));
  float *means = factors + shape.channels;
  parallel_for(0, shape.groups, grain, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; g++) {
      const auto [mean, variance] = group_moments(shape, moments, image, g);
      const double reciprocal = 1 / std::sqrt(variance + epsilon);
      reciprocals[g] = reciprocal;
      for (int64_t c = g * size; c < (g + 1) * size; c++) {
        factors[c] = static_cast<float>(gamma[c] * reciprocal);
        means[c] = static_cast<float>(mean);
      }
    }
  });
}

Results forward_cpu(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, int64_t groups,
                    double epsilon) {
  const Results results = empty_results(x, weight, bias, groups);
  if (x.numel() == 0)
    return results;
  const at::Tensor &y = std::get<0>(results), &factors = std::get<1>(results), &reciprocals = std::get<2>(results);
  const at::Tensor scale = weight.to(at::kFloat).contiguous(), shift = bias.to(at::kFloat).contiguous();
  const Shape shape(x, groups);
  const int64_t channels = shape.channels;
  const PartNumbers moments(shape);
  with_row_type(x, kName, [&](auto tag) {
    using T = decltype(tag);
    for_each_image(shape, [&](int64_t n) {
      for_each_part(shape, n, [&](int64_t part, int64_t start, int64_t pixels) {
        rows<T>().moments(data<T>(x) + start, moments.first(n, part), moments.second(n, part), channels, pixels);
      });
      write_statistics(shape, moments, n, data<float>(scale), epsilon, data<float>(factors) + n * 2 * channels,
                       data<double>(reciprocals) + n * groups);
      for_each_part(shape, n, [&](int64_t, int64_t start, int64_t pixels) {
        rows<T>().normalize(data<T>(x) + start, lines_of(factors, shift, n), data<T>(y) + start, channels, pixels);
      });
    });
  });
  return results;
}

// The gradients of x, and of weight and bias in float64.
Results backward_meta(const at::Tensor &grad, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                      const at::Tensor &factors, const at::Tensor &reciprocals) {
  check_all_meta(kName, {grad, x, weight, bias, factors, reciprocals});
  const at::Tensor parameter = at::empty({x.size(1)}, x.options().dtype(at::kDouble));
  return {at::empty_like(x), parameter, at::empty_like(parameter)};
}

// With a the normalised value before the swish, N the elements of a group, m its mean and r its reciprocal deviation,
//
//   dx = r (γ da − Σ γ da / N − (x − m) r² Σ γ da (x − m) / N)
//
// is linear in x and da for every channel: factor · da + slope · (x − m) + constant. The functions below write slopes
// and constants of one image. `d_shift` holds Σ da and `d_scale` Σ da (x − m); d_scale becomes the gradient of γ.
void write_slopes(const Shape &shape, const float *gamma, const double *reciprocals, const double *d_shift,
                  double *d_scale, float *slopes, float *constants) {
  const int64_t size = shape.group_size();
  for (int64_t g = 0; g < shape.groups; g++) {
    const double reciprocal = reciprocals[g];
    double total = 0, along = 0;
    for (int64_t c = g * size; c < (g + 1) * size; c++) {
      total += gamma[c] * d_shift[c];
      d_scale[c] *= reciprocal;
      along += gamma[c] * d_scale[c];
    }
    const double slope = -reciprocal * reciprocal * along / shape.group_elements();
    const double constant = -reciprocal * total / shape.group_elements();
    for (int64_t c = g * size; c < (g + 1) * size; c++) {
      slopes[c] = static_cast<float>(slope);
      constants[c] = static_cast<float>(constant);
    }
  }
}

// Adds the numbers of an image's parts, in order.
void add_parts(const Shape &shape, const PartNumbers &sums, int64_t image, double *first_total, double *second_total) {
  for (int64_t part = 0; part < shape.parts; part++) {
    const float *first = sums.first(image, part), *second = sums.second(image, part);
    for (int64_t c = 0; c < shape.channels; c++) {
      first_total[c] += first[c];
      second_total[c] += second[c];
    }
  }
}

Results backward_cpu(const at::Tensor &grad, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                     const at::Tensor &factors, const at::Tensor &reciprocals) {
  const Shape shape(x, reciprocals.size(1));
  const int64_t channels = shape.channels;
  at::Tensor d_x = at::empty_like(x);
  const at::Tensor d_scales = at::zeros({shape.count, channels}, at::kDouble), d_shifts = at::zeros_like(d_scales);
  if (x.numel() == 0)
    return {d_x, d_scales.sum(0), d_shifts.sum(0)};
  const at::Tensor upstream = grad.to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor scale = weight.to(at::kFloat).contiguous(), shift = bias.to(at::kFloat).contiguous();
  const at::Tensor lines = at::empty({shape.count, 2, channels}, at::kFloat);
  const PartNumbers sums(shape);
  const KeptGradients buffers(shape, d_x);
  with_row_type(x, kName, [&](auto tag) {
    using T = decltype(tag);
    for_each_image(shape, [&](int64_t n) {
      const KeptGradient kept = buffers.of(n);
      for_each_part(shape, n, [&](int64_t part, int64_t start, int64_t pixels) {
        rows<T>().gradient_sums(data<T>(x) + start, data<T>(upstream) + start, lines_of(factors, shift, n),
                                sums.first(n, part), sums.second(n, part), kept.of(part), channels, pixels);
      });
      double *d_scale = data<double>(d_scales) + n * channels, *d_shift = data<double>(d_shifts) + n * channels;
      float *slopes = data<float>(lines) + n * 2 * channels, *constants = slopes + channels;
      add_parts(shape, sums, n, d_shift, d_scale);
      write_slopes(shape, data<float>(scale), data<double>(reciprocals) + n * shape.groups, d_shift, d_scale, slopes,
                   constants);
      for_each_part(shape, n, [&](int64_t part, int64_t start, int64_t pixels) {
        rows<T>().input_gradient(data<T>(x) + start, data<T>(upstream) + start, kept.of(part),
                                 lines_of(factors, shift, n), slopes, constants, data<T>(d_x) + start, channels,
                                 pixels);
      });
    });
  });
  return {d_x, sum_over_images(d_scales), sum_over_images(d_shifts)};
}

struct GroupNormSwish : torch::autograd::Function<GroupNormSwish> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
                            const at::Tensor &bias, int64_t groups, double epsilon) {
    static const auto op = find_operator<decltype(forward_cpu)>("nvg::group_norm_swish_forward");
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    auto [y, factors, reciprocals] = op.call(x, weight, bias, groups, epsilon);
    context->save_for_backward({x, weight, bias, factors, reciprocals});
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list grads) {
    check_first_order(kName);
    static const auto op = find_operator<decltype(backward_cpu)>("nvg::group_norm_swish_backward");
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    const auto saved = context->get_saved_variables();
    const at::Tensor &weight = saved[1], &bias = saved[2];
    const auto [d_x, d_weight, d_bias] = op.call(grads[0], saved[0], weight, bias, saved[3], saved[4]);
    return {d_x, d_weight.to(weight.scalar_type()).view(weight.sizes()),
            d_bias.to(bias.scalar_type()).view(bias.sizes()), at::Tensor(), at::Tensor()};
  }
};

at::Tensor group_norm_swish(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, int64_t groups,
                            double epsilon) {
  static const auto op = find_operator<decltype(forward_cpu)>("nvg::group_norm_swish_forward");
  return std::get<0>(op.call(x, weight, bias, groups, epsilon));
}

at::Tensor group_norm_swish_autograd(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                                     int64_t groups, double epsilon) {
  return GroupNormSwish::apply(x, weight, bias, groups, epsilon);
}

} // namespace

TORCH_LIBRARY_IMPL(nvg, CompositeExplicitAutograd, m) { m.impl("group_norm_swish", &group_norm_swish); }

TORCH_LIBRARY_IMPL(nvg, CPU, m) {
  m.impl("group_norm_swish_forward", &forward_cpu);
  m.impl("group_norm_swish_backward", &backward_cpu);
}

TORCH_LIBRARY_IMPL(nvg, Meta, m) {
  m.impl("group_norm_swish_forward", &forward_meta);
  m.impl("group_norm_swish_backward", &backward_meta);
}

TORCH_LIBRARY_IMPL(nvg, Autograd, m) { m.impl("group_norm_swish", &group_norm_swish_autograd); }

} // namespace nvg
