// Group normalisation and swish of images in channels-last memory (N × H × W × C), in two passes there and two back:
// libtorch's own takes several, and goes through float32. CPU, float32 and bfloat16, with hand-written gradients; sums
// in float32, over all pixels in float64.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace nvg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// An image's normalisation, a number per channel each.
struct Lines {
  const float *factor, *mean, *shift;
};

// Each takes a run of pixels, one after another in memory.
template <typename T> struct RowKernels {
  void (*moments)(const T *x, float *means, float *squares, int64_t channels, int64_t pixels);
  void (*normalize)(const T *x, const Lines &, T *y, int64_t channels, int64_t pixels);
  void (*gradient_sums)(const T *x, const T *gradient, const Lines &, float *sums, float *products, float *d_a,
                        int64_t channels, int64_t pixels);
  void (*input_gradient)(const T *x, const T *gradient, const float *d_a, const Lines &, const float *slopes,
                         const float *constants, T *d_x, int64_t channels, int64_t pixels);
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

// Pixels of a part: what one sum in float32 runs over, and few enough that a second look finds them in the cache. The
// parts are added in a fixed order, whatever the threads.
constexpr int64_t kPart = 256;

// Parts' numbers of a channel that one thread adds up at least.
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

// Threads divide the images, so that each finds its image in its cache in the second pass; or, where those are few,
// the parts of one image after another.
template <typename Body> void for_each_image(const Shape &shape, Body body) {
  const auto run = [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; n++)
      body(n);
  };
  if (shape.count >= 4 * at::get_num_threads() || shape.parts < 2)
    at::parallel_for(0, shape.count, 1, run);
  else
    run(0, shape.count);
}

// Calls `body(part of the image, its first element in the tensor, its pixels)`.
template <typename Body> void for_each_part(const Shape &shape, int64_t image, Body body) {
  at::parallel_for(0, shape.parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++)
      body(part, (image * shape.pixels + part * kPart) * shape.channels, shape.part_pixels(part));
  });
}

// Two numbers of each channel for every part of every image, and where they lie.
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

// Of one group: the squares about the parts' means, and those means about the group's.
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

// One image's gradient of a in float32, or null where it is not kept.
struct KeptGradient {
  float *values;
  int64_t part_elements;

  float *of(int64_t part) const { return values == nullptr ? nullptr : values + part * part_elements; }
};

// The gradient of a costs more to compute than to keep between the passes: in d_x where that is float32 itself, else in
// a buffer of each thread; of an image too large for a cache it is not kept.
class KeptGradients {
  static constexpr int64_t kLargest = 1 << 18;
  int64_t image_elements_, part_elements_;
  at::Tensor whole_, buffers_;

public:
  KeptGradients(const Shape &shape, const at::Tensor &d_x)
      : image_elements_(shape.channels * shape.pixels), part_elements_(shape.channels * kPart) {
    if (d_x.scalar_type() == at::kFloat)
      whole_ = d_x;
    else if (image_elements_ <= kLargest)
      buffers_ = at::empty({at::get_num_threads(), image_elements_}, at::kFloat);
  }

  // Called by the thread that does the image.
  KeptGradient of(int64_t image) const {
    float *values = whole_.defined()     ? data<float>(whole_) + image * image_elements_
                    : buffers_.defined() ? data<float>(buffers_) + at::get_thread_num() * image_elements_
                                         : nullptr;
    return {values, part_elements_};
  }
};

// (N, C) -> (C), in the order of the images.
at::Tensor over_images(const at::Tensor &values) {
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

struct GroupNormSwish : torch::autograd::Function<GroupNormSwish> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
                            const at::Tensor &bias, int64_t groups, double epsilon) {
    const Shape shape(x, groups);
    const int64_t channels = shape.channels, size = shape.group_size();
    const at::Tensor scale = weight.to(at::kFloat).contiguous(), shift = bias.to(at::kFloat).contiguous();
    at::Tensor y = at::empty_like(x);
    // Factor and mean per image and channel, reciprocal deviation per image and group.
    const at::Tensor factors = at::empty({shape.count, 2, channels}, at::kFloat);
    const at::Tensor reciprocals = at::empty({shape.count, groups}, at::kDouble);
    const PartNumbers moments(shape);
    with_row_type(x, [&](auto tag) {
      using T = decltype(tag);
      for_each_image(shape, [&](int64_t n) {
        for_each_part(shape, n, [&](int64_t part, int64_t start, int64_t pixels) {
          rows<T>().moments(data<T>(x) + start, moments.first(n, part), moments.second(n, part), channels, pixels);
        });
        const float *gamma = data<float>(scale);
        float *factor = data<float>(factors) + n * 2 * channels, *means = factor + channels;
        at::parallel_for(0, groups, std::max<int64_t>(1, kGrain / (shape.parts * size)), [&](int64_t begin, int64_t end) {
          for (int64_t g = begin; g < end; g++) {
            const auto [mean, variance] = group_moments(shape, moments, n, g);
            const double reciprocal = 1 / std::sqrt(variance + epsilon);
            data<double>(reciprocals)[n * groups + g] = reciprocal;
            for (int64_t c = g * size; c < (g + 1) * size; c++) {
              factor[c] = static_cast<float>(gamma[c] * reciprocal);
              means[c] = static_cast<float>(mean);
            }
          }
        });
        for_each_part(shape, n, [&](int64_t, int64_t start, int64_t pixels) {
          rows<T>().normalize(data<T>(x) + start, lines_of(factors, shift, n), data<T>(y) + start, channels, pixels);
        });
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
    const at::Tensor d_scales = at::zeros({shape.count, channels}, at::kDouble), d_shifts = at::zeros_like(d_scales);
    const PartNumbers sums(shape);
    const KeptGradients buffers(shape, d_x);
    with_row_type(x, [&](auto tag) {
      using T = decltype(tag);
      for_each_image(shape, [&](int64_t n) {
        const KeptGradient kept = buffers.of(n);
        for_each_part(shape, n, [&](int64_t part, int64_t start, int64_t pixels) {
          rows<T>().gradient_sums(data<T>(x) + start, data<T>(grad) + start, lines_of(factors, shift, n),
                                  sums.first(n, part), sums.second(n, part), kept.of(part), channels, pixels);
        });
        double *d_scale = data<double>(d_scales) + n * channels, *d_shift = data<double>(d_shifts) + n * channels;
        for (int64_t part = 0; part < shape.parts; part++) {
          const float *first = sums.first(n, part), *second = sums.second(n, part);
          for (int64_t c = 0; c < channels; c++) {
            d_shift[c] += first[c];
            d_scale[c] += second[c];
          }
        }
        const float *gamma = data<float>(scale);
        float *slopes = data<float>(lines) + n * 2 * channels, *constants = slopes + channels;
        for (int64_t g = 0; g < shape.groups; g++) {
          const double reciprocal = data<double>(reciprocals)[n * shape.groups + g];
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
        for_each_part(shape, n, [&](int64_t part, int64_t start, int64_t pixels) {
          rows<T>().input_gradient(data<T>(x) + start, data<T>(grad) + start, kept.of(part), lines_of(factors, shift, n),
                                   slopes, constants, data<T>(d_x) + start, channels, pixels);
        });
      });
    });
    const auto type = static_cast<at::ScalarType>(context->saved_data["parameter_type"].toInt());
    return {d_x, over_images(d_scales).to(type), over_images(d_shifts).to(type), at::Tensor(), at::Tensor()};
  }
};

at::Tensor group_norm_swish(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, int64_t groups,
                            double epsilon) {
  TORCH_CHECK(x.dim() == 4 && x.device().is_cpu() && (x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kFloat) &&
                  x.is_contiguous(at::MemoryFormat::ChannelsLast),
              "group_norm_swish: x must be float32 or bfloat16, N × C × H × W in channels-last memory on the CPU");
  TORCH_CHECK(groups > 0 && x.size(1) % groups == 0 && weight.numel() == x.size(1) && bias.numel() == x.size(1),
              "group_norm_swish: ", x.size(1), " channels do not divide into ", groups, " groups, or scale and shift differ");
  if (x.numel() == 0)
    return at::group_norm(x, groups, weight, bias, epsilon);
  return GroupNormSwish::apply(x, weight, bias, groups, epsilon);
}

} // namespace

TORCH_LIBRARY_FRAGMENT(nvg, m) {
  m.def("group_norm_swish(Tensor x, Tensor weight, Tensor bias, int groups, float epsilon) -> Tensor", &group_norm_swish);
}

} // namespace nvg
