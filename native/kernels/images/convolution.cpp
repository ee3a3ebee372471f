// Convolutions with stride one whose gradients are products of matrix tiles: bfloat16 operands, float32 sums,
// channels-last memory, on processors with a matrix engine. The forward pass and all other convolutions use libtorch.
//
// Images are placed on a grid: every row is followed by a number of zeros equal to the kernel's reach to one side, and
// images are separated by the same number of rows of zeros. On the grid, a kernel tap is a constant offset for all
// pixels, and each gradient is one matrix product per tap:
//
//   input    dx[p, i]      = Σ_tap Σ_o dy[p − tap, o] w[o, i, tap]    left: pixels × outputs, right: weights
//   weight   dw[o, i, tap] = Σ_p x[p, i] dy[p − tap, o]               left: inputs × pixels, right: pixels × outputs
//
// The zeros between images take part in the products; multiplied by an infinity, they give NaN. The grid is processed
// in strips of rows that fit in the caches of a core.
#include "door/optional.h"
#include "kernels/autocast.h"
#include "kernels/library.h"
#include "kernels/parallel.h"
#include "kernels/tiles/matrix_tiles.h"
#include "kernels/tiles/pack_matrix.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#ifdef NVG_MATRIX_ENGINES
#include <immintrin.h>
#endif

namespace nvg {
namespace {

using namespace tiles;

constexpr auto kName = "conv2d";

// The gradients of input, weight and bias; undefined if not needed.
using BackwardResult = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

#ifdef NVG_MATRIX_ENGINES

uint16_t *bits_of(const at::Tensor &tensor) { return static_cast<uint16_t *>(tensor.data_ptr()); }

// Grid pixels before the first line, for a kernel that reaches back beyond it.
constexpr int64_t kFront = 32;

// Images and kernel. The kernel reaches `side` pixels to either side.
struct Shape {
  int64_t count, height, width, side;

  Shape(const at::Tensor &x, int64_t side) : count(x.size(0)), height(x.size(2)), width(x.size(3)), side(side) {}

  int64_t kernel() const { return 2 * side + 1; }
  int64_t taps() const { return kernel() * kernel(); }
  int64_t rows() const { return count * height; }
  int64_t grid_width() const { return width + side; }
  int64_t distance(int64_t tap) const { return (tap / kernel() - side) * grid_width() + tap % kernel() - side; }

  // Rows of a strip: about 600 pixels, but enough rows that most of the loaded data is not neighbouring rows.
  int64_t strip_rows() const { return std::min(rows(), std::max<int64_t>(4, 576 / grid_width())); }
  int64_t strips() const { return (rows() + strip_rows() - 1) / strip_rows(); }

  // Number of threads that process strips.
  int64_t threads() const { return std::min<int64_t>(at::get_num_threads(), strips()); }

  // Pixels of the longest strip's grid: a multiple of 32 that is an odd number of cache lines, so that rows of this
  // length are spread over the sets of a cache.
  int64_t strip_pixels() const {
    const int64_t images = strip_rows() / height + 2;
    const int64_t lines = strip_rows() + (images + 1) * side;
    return (round_up(kFront + lines * grid_width() + kDepth + side, kDepth) / kDepth | 1) * kDepth;
  }
};

// With fewer pixels, packing the weights does not pay off. With more weights than fit into the cache of a core,
// libtorch is faster. Strips of wider images would take too much memory.
constexpr int64_t kFewestPixels = 2048, kMostWeights = 9 * 256 * 256, kMostGridNumbers = 1 << 21;

bool has_tiled_gradient(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, int64_t stride,
                        int64_t padding) {
  if (!at::GradMode::is_enabled() || !(x.requires_grad() || weight.requires_grad()) || !x.device().is_cpu() ||
      !weight.device().is_cpu() || x.dim() != 4 || weight.dim() != 4 || x.numel() == 0 || engine() == nullptr)
    return false;
  const int64_t outputs = weight.size(0), inputs = weight.size(1), kernel = 2 * padding + 1;
  const bool is_same_size =
      stride == 1 && padding > 0 && padding <= kFront && weight.size(2) == kernel && weight.size(3) == kernel;
  // The types that libtorch accepts: all bfloat16, or types that autocast casts to it.
  const bool is_bfloat16 =
      product_type(weight.scalar_type()) == at::kBFloat16 &&
      (x.scalar_type() == at::kBFloat16 || (x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat)) &&
      (!bias.defined() || bias.scalar_type() == weight.scalar_type());
  return is_same_size && is_bfloat16 && x.size(1) == inputs && inputs % kBlock == 0 && outputs % kBlock == 0 &&
         weight.numel() <= kMostWeights && x.size(0) * x.size(2) * x.size(3) >= kFewestPixels &&
         Shape(x, padding).strip_pixels() * std::max(inputs, outputs) <= kMostGridNumbers;
}

// The contents of the first and last `side` lines of a strip, which belong to its neighbours.
enum class Neighbours { kValues, kZeros };

// A strip of the grid. For every line, the number of its row, counted over all images, or −1 for zeros.
struct Strip {
  const Shape &shape;
  std::vector<int64_t> lines;

  Strip(const Shape &shape, int64_t number) : shape(shape) {
    const int64_t first = number * shape.strip_rows(), last = std::min(first + shape.strip_rows(), shape.rows()) - 1;
    for (int64_t up = shape.side; up > 0; up--)
      lines.push_back(first % shape.height >= up ? first - up : -1);
    for (int64_t row = first; row <= last; row++) {
      if (row > first && row % shape.height == 0)
        lines.insert(lines.end(), static_cast<size_t>(shape.side), -1);
      lines.push_back(row);
    }
    for (int64_t down = 1; down <= shape.side; down++)
      lines.push_back(last % shape.height + down < shape.height ? last + down : -1);
  }

  // The grid pixels between the neighbours' lines, which contain the outputs.
  int64_t begin() const { return kFront + shape.side * shape.grid_width(); }
  int64_t size() const { return (static_cast<int64_t>(lines.size()) - 2 * shape.side) * shape.grid_width(); }

  // For every pixel from begin() on, padded to whole blocks of 32, its number, counted over all images, or −1 for
  // zeros.
  std::vector<int64_t> pixels() const {
    std::vector<int64_t> pixels(static_cast<size_t>(round_up(size(), kBlock)), -1);
    for (int64_t line = 0; line < size() / shape.grid_width(); line++)
      if (const int64_t row = lines[static_cast<size_t>(line + shape.side)]; row >= 0)
        for (int64_t column = 0; column < shape.width; column++)
          pixels[static_cast<size_t>(line * shape.grid_width() + column)] = row * shape.width + column;
    return pixels;
  }

  // Copies images of `channels` channels to the grid.
  void load(const uint16_t *images, int64_t channels, Neighbours neighbours, uint16_t *grid) const {
    const auto clear = [&](uint16_t *from, int64_t pixels) {
      std::memset(from, 0, static_cast<size_t>(pixels * channels * 2));
    };
    const auto count = static_cast<int64_t>(lines.size());
    uint16_t *to = grid + kFront * channels;
    for (int64_t line = 0; line < count; line++, to += shape.grid_width() * channels) {
      const int64_t row = lines[static_cast<size_t>(line)];
      const bool is_own = line >= shape.side && line < count - shape.side;
      if (row < 0 || !(is_own || neighbours == Neighbours::kValues)) {
        clear(to, shape.grid_width());
        continue;
      }

      std::memcpy(to, images + row * shape.width * channels, static_cast<size_t>(shape.width * channels * 2));
      clear(to + shape.width * channels, shape.side);
    }
    clear(to, kDepth);
  }
};

// Outputs × inputs × kernel × kernel as right operands for the gradient of the input: depth over [tap][output].
at::Tensor pack_weight(const at::Tensor &weight) {
  return pack_matrix(weight.permute({1, 2, 3, 0}).reshape({weight.size(1), -1}));
}

NVG_TARGET_BEGIN(NVG_AVX512_BF16)

// Stores 32 × 32 sums as bfloat16, each row at its place; rows with place −1 are dropped.
void store_block(const float *sums, const int64_t *places, int64_t channels, uint16_t *to) {
  for (int64_t r = 0; r < kBlock; r++, sums += kBlock)
    if (places[r] >= 0)
      for (int64_t half = 0; half < kBlock; half += 16)
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + places[r] * channels + half),
                            (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(sums + half)));
}

// Sixteen channels of two pixels, interleaved.
inline __m512i interleave_pair(const uint16_t *first, const uint16_t *second) {
  const __m512i low = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(first)));
  const __m512i high = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(second)));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

// The grid as right operands whose depth is pixels: [tile of channels][pair of pixels][16 channels][2]. A tile may
// begin at any pair.
void interleave(const uint16_t *grid, int64_t pixels, int64_t channels, uint16_t *interleaved) {
  for (int64_t c = 0; c < channels; c += kColumns)
    for (int64_t p = 0; p < pixels; p += 2, interleaved += 2 * kColumns) {
      const uint16_t *first = grid + p * channels + c;
      _mm512_storeu_si512(interleaved, interleave_pair(first, first + channels));
    }
}

// The transposed grid: channels × `row`. `pixels` is a multiple of 32.
void transpose(const uint16_t *grid, int64_t pixels, int64_t channels, int64_t row, uint16_t *transposed) {
  // 16 × 16 pairs: blocks of 8, 4, 2 and 1 pairs are swapped across the diagonal.
  __m512i upper[4], lower[4];
  const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                second = _mm512_set1_epi32(16);
  for (int level = 0; level < 4; level++) {
    const __m512i step = _mm512_set1_epi32(8 >> level), other = _mm512_xor_si512(lanes, step);
    const __mmask16 set = _mm512_test_epi32_mask(lanes, step);
    upper[level] = _mm512_mask_blend_epi32(set, lanes, _mm512_or_si512(other, second));
    lower[level] = _mm512_mask_blend_epi32(set, other, _mm512_or_si512(lanes, second));
  }
  for (int64_t c = 0; c < channels; c += 16)
    for (int64_t p = 0; p < pixels; p += kDepth) {
      __m512i pairs[16];
      NVG_UNROLL(16)
      for (int r = 0; r < 16; r++) {
        const uint16_t *first = grid + (p + 2 * r) * channels + c;
        pairs[r] = interleave_pair(first, first + channels);
      }
      NVG_UNROLL(4)
      for (int level = 0; level < 4; level++)
        NVG_UNROLL(16)
      for (int r = 0; r < 16; r++)
        if ((r & (8 >> level)) == 0) {
          const __m512i a = pairs[r], b = pairs[r + (8 >> level)];
          pairs[r] = _mm512_permutex2var_epi32(a, upper[level], b);
          pairs[r + (8 >> level)] = _mm512_permutex2var_epi32(a, lower[level], b);
        }
      NVG_UNROLL(16)
      for (int r = 0; r < 16; r++)
        _mm512_storeu_si512(transposed + (c + r) * row + p, pairs[r]);
    }
}

// Sums the pixels of the grid per channel.
void add_pixels(const uint16_t *grid, int64_t pixels, int64_t channels, double *sums) {
  for (int64_t c = 0; c < channels; c += 16) {
    __m512 sum = _mm512_setzero_ps();
    for (int64_t p = 0; p < pixels; p++)
      sum = _mm512_add_ps(
          sum, _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(
                                                         reinterpret_cast<const __m256i *>(grid + p * channels + c))),
                                                     16)));
    alignas(64) float lanes[16];
    _mm512_store_ps(lanes, sum);
    for (int64_t lane = 0; lane < 16; lane++)
      sums[c + lane] += lanes[lane];
  }
}

NVG_TARGET_END

struct EngineInUse {
  EngineInUse() { engine()->enter(); }
  ~EngineInUse() { engine()->leave(); }
};

// Calls `body(strip, thread)` for every strip, on all threads. A thread processes consecutive strips.
template <typename Body> void for_each_strip(const Shape &shape, Body body) {
  parallel_for(0, shape.strips(), 1, [&](int64_t begin, int64_t end) {
    const EngineInUse in_use;
    for (int64_t number = begin; number < end; number++)
      body(Strip(shape, number), at::get_thread_num());
  });
}

// Stores the gradient of a strip's inputs, given the grid of the gradient of its outputs. `depth_places` holds the
// position of each left tile relative to a pixel of the grid.
void store_input_gradient(const Strip &strip, const uint16_t *gradient, int64_t outputs, const uint16_t *weight,
                          const std::vector<int64_t> &depth_places, int64_t inputs, uint16_t *d_x) {
  const auto steps = static_cast<int64_t>(depth_places.size());
  const std::vector<int64_t> pixels = strip.pixels();
  alignas(64) float sums[kBlock * kBlock];
  // The outer loop is over inputs, so a block of weights is used for the whole strip before the next one is loaded.
  for (int64_t i = 0; i < inputs; i += kBlock)
    for (int64_t place = 0; place < strip.size(); place += kBlock) {
      const Left left{.data = gradient + (strip.begin() + place) * outputs,
                      .row = outputs,
                      .row_tile = kRows * outputs,
                      .depth_tile = 0,
                      .depth_places = depth_places.data()};
      const Right right{.data = weight + i * steps * kDepth, .column_tile = steps * kElements, .depth_tile = kElements};
      engine()->multiply(left, right, steps, sums, kBlock, false);
      store_block(sums, pixels.data() + place, inputs, d_x + i);
    }
}

// [tap][tile of outputs]
std::vector<int64_t> depth_places(const Shape &shape, int64_t outputs) {
  std::vector<int64_t> places;
  for (int64_t tap = 0; tap < shape.taps(); tap++)
    for (int64_t o = 0; o < outputs; o += kDepth)
      places.push_back(o - shape.distance(tap) * outputs);
  return places;
}

// A grid of zeros for each thread, with one more pixel for the last pair at odd positions.
at::Tensor zero_grids(const Shape &shape, int64_t channels) {
  return at::zeros({shape.threads(), (shape.strip_pixels() + 1) * channels}, at::kBFloat16);
}

// Adds a strip to the sums of a thread for the gradient of the weight: [block of inputs][block of outputs][tap][32 ×
// 32]. The tap shifts the right operand. With separate copies for even and odd shifts, every tile consists of whole
// cache lines.
void add_weight_products(const Strip &strip, const uint16_t *transposed, int64_t inputs,
                         const std::array<const uint16_t *, 2> &interleaved, int64_t outputs, float *sums) {
  const Shape &shape = strip.shape;
  const int64_t row = shape.strip_pixels(), tile = row * kColumns, steps = (strip.size() + kDepth - 1) / kDepth;
  for (int64_t i = 0; i < inputs; i += kBlock)
    for (int64_t o = 0; o < outputs; o += kBlock)
      for (int64_t tap = 0; tap < shape.taps(); tap++, sums += kBlock * kBlock) {
        const int64_t first = strip.begin() - shape.distance(tap);
        const uint16_t *shifted = interleaved[static_cast<size_t>(first % 2)] + first / 2 * 2 * kColumns;
        const Left left{.data = transposed + i * row, .row = row, .row_tile = kRows * row, .depth_tile = kDepth};
        const Right right{.data = shifted + o / kColumns * tile, .column_tile = tile, .depth_tile = kElements};
        engine()->multiply(left, right, steps, sums, kBlock, true);
      }
}

// Adds the sums of the threads in order; the last digits depend on the number of threads.
// -> outputs × inputs × kernel × kernel
at::Tensor weight_gradient(const Shape &shape, const at::Tensor &sums, int64_t inputs, int64_t outputs) {
  at::Tensor gradient = at::empty({outputs, inputs, shape.kernel(), shape.kernel()}, at::kFloat);
  const int64_t blocks = outputs / kBlock, taps = shape.taps(), threads = sums.size(0), per_thread = sums.size(1);
  parallel_for(0, inputs / kBlock * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) {
      const float *from = sums.data_ptr<float>() + block * taps * kBlock * kBlock;
      float *to = gradient.data_ptr<float>() + (block % blocks * inputs + block / blocks) * kBlock * taps;
      for (int64_t tap = 0; tap < taps; tap++)
        for (int64_t i = 0; i < kBlock; i++)
          for (int64_t o = 0; o < kBlock; o++) {
            float sum = 0;
            for (int64_t thread = 0; thread < threads; thread++)
              sum += from[thread * per_thread + (tap * kBlock + i) * kBlock + o];
            to[(o * inputs + i) * taps + tap] = sum;
          }
    }
  });
  return gradient;
}

// Adds the pixels of a strip to the gradient of the bias.
void add_bias_gradient(const Strip &strip, const uint16_t *gradient, int64_t outputs, double *sums) {
  add_pixels(gradient + strip.begin() * outputs, strip.size(), outputs, sums);
}

// The memory that the threads need for the gradient of the weight.
struct WeightScratch {
  at::Tensor grids, transposed, interleaved, sums;

  WeightScratch(const Shape &shape, int64_t inputs, int64_t outputs)
      : grids(zero_grids(shape, inputs)),
        transposed(at::empty({shape.threads(), shape.strip_pixels() * inputs}, at::kBFloat16)),
        interleaved(at::empty({shape.threads(), 2, shape.strip_pixels() * outputs}, at::kBFloat16)),
        sums(at::zeros({shape.threads(), inputs * outputs * shape.taps()}, at::kFloat)) {}

  void add(const Strip &strip, int thread, const uint16_t *x, int64_t inputs, const uint16_t *gradient,
           int64_t outputs) const {
    const int64_t pixels = strip.shape.strip_pixels();
    uint16_t *grid = bits_of(grids) + thread * grids.size(1);
    uint16_t *along = bits_of(transposed) + thread * transposed.size(1);
    uint16_t *even = bits_of(interleaved) + thread * 2 * interleaved.size(2), *odd = even + interleaved.size(2);
    strip.load(x, inputs, Neighbours::kZeros, grid);
    transpose(grid + strip.begin() * inputs, round_up(strip.size(), kDepth), inputs, pixels, along);
    interleave(gradient, pixels, outputs, even);
    interleave(gradient + outputs, pixels, outputs, odd);
    add_weight_products(strip, along, inputs, {even, odd}, outputs, sums.data_ptr<float>() + thread * sums.size(1));
  }
};

// x, weight and grad are bfloat16, x and grad in channels-last memory. Weight and bias get float32 and float64
// gradients.
BackwardResult backward_cpu(const at::Tensor &grad, const at::Tensor &x, const at::Tensor &weight, int64_t padding,
                            std::array<bool, 3> needed) {
  TORCH_CHECK(engine() != nullptr, "conv2d_backward: this processor has no matrix engine");
  const auto [needs_input, needs_weight, needs_bias] = needed;
  const Shape shape(x, padding);
  const int64_t inputs = weight.size(1), outputs = weight.size(0);
  TORCH_CHECK(x.scalar_type() == at::kBFloat16 && weight.scalar_type() == at::kBFloat16 && inputs == x.size(1) &&
                  x.is_contiguous(at::MemoryFormat::ChannelsLast) && inputs % kBlock == 0 && outputs % kBlock == 0 &&
                  weight.size(2) == shape.kernel() && weight.size(3) == shape.kernel() && padding <= kFront,
              "conv2d_backward: bfloat16 with multiples of 32 channels is needed, in channels-last memory");
  const at::Tensor d_y = grad.to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor gradients = zero_grids(shape, outputs);
  at::Tensor packed, d_x, bias_sums;
  std::vector<int64_t> places;
  nvg::optional<WeightScratch> scratch;
  if (needs_input) {
    packed = pack_weight(weight);
    places = depth_places(shape, outputs);
    d_x = at::empty_like(x);
  }
  if (needs_weight)
    scratch.emplace(shape, inputs, outputs);
  if (needs_bias)
    bias_sums = at::zeros({shape.threads(), outputs}, at::kDouble);
  for_each_strip(shape, [&](const Strip &strip, int thread) {
    uint16_t *gradient = bits_of(gradients) + thread * gradients.size(1);
    strip.load(bits_of(d_y), outputs, Neighbours::kValues, gradient);
    if (d_x.defined())
      store_input_gradient(strip, gradient, outputs, bits_of(packed), places, inputs, bits_of(d_x));
    if (bias_sums.defined())
      add_bias_gradient(strip, gradient, outputs, bias_sums.data_ptr<double>() + thread * outputs);
    if (scratch.has_value())
      scratch->add(strip, thread, bits_of(x), inputs, gradient, outputs);
  });
  return {d_x, scratch.has_value() ? weight_gradient(shape, scratch->sums, inputs, outputs) : at::Tensor(),
          bias_sums.defined() ? bias_sums.sum(0) : at::Tensor()};
}

#else

bool has_tiled_gradient(const at::Tensor &, const at::Tensor &, const at::Tensor &, int64_t, int64_t) { return false; }

BackwardResult backward_cpu(const at::Tensor &, const at::Tensor &, const at::Tensor &, int64_t, std::array<bool, 3>) {
  TORCH_CHECK(false, "conv2d_backward: there is no matrix engine for this kind of processor");
}

#endif

BackwardResult backward_meta(const at::Tensor &grad, const at::Tensor &x, const at::Tensor &weight, int64_t /*padding*/,
                             std::array<bool, 3> needed) {
  check_all_meta("conv2d_backward", {grad, x, weight});
  BackwardResult result;
  if (needed[0])
    std::get<0>(result) = at::empty_like(x);
  if (needed[1])
    std::get<1>(result) = at::empty(weight.sizes(), weight.options().dtype(at::kFloat));
  if (needed[2])
    std::get<2>(result) = at::empty({weight.size(0)}, weight.options().dtype(at::kDouble));
  return result;
}

struct TiledConvolution : torch::autograd::Function<TiledConvolution> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
                            const at::Tensor &bias, int64_t padding) {
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    // Autocast is not used for this cast, because its cache would pass this copy, which has no gradient, to other
    // operators.
    const at::Tensor cast = weight.to(at::kBFloat16);
    context->save_for_backward({x, cast});
    context->saved_data["padding"] = padding;
    context->saved_data["type"] = static_cast<int64_t>(weight.scalar_type());
    return at::conv2d(x, cast, bias.to(at::kBFloat16), {1, 1}, {padding, padding});
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list grads) {
    TORCH_CHECK(!at::GradMode::is_enabled(), kName, ": second derivatives are not available in bfloat16 on the CPU");
    static const auto op = find_operator<decltype(backward_cpu)>("nvg::conv2d_backward");
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    const auto saved = context->get_saved_variables();
    auto [d_x, d_weight, d_bias] =
        op.call(grads[0], saved[0], saved[1], context->saved_data["padding"].toInt(),
                {context->needs_input_grad(0), context->needs_input_grad(1), context->needs_input_grad(2)});
    const auto type = static_cast<at::ScalarType>(context->saved_data["type"].toInt());
    if (d_weight.defined())
      d_weight = d_weight.to(type);
    if (d_bias.defined())
      d_bias = d_bias.to(type);
    return {d_x, d_weight, d_bias, at::Tensor()};
  }
};

at::Tensor conv2d(const at::Tensor &x, const at::Tensor &weight, const nvg::optional<at::Tensor> &bias, int64_t stride,
                  int64_t padding) {
  return at::conv2d(x, weight, bias, {stride, stride}, {padding, padding});
}

// libtorch's convolution has no Meta function in 1.13.
at::Tensor conv2d_meta(const at::Tensor &x, const at::Tensor &weight, const nvg::optional<at::Tensor> &bias,
                       int64_t stride, int64_t padding) {
  check_all_meta(kName, {x, weight, bias.value_or(at::Tensor())});
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4 && x.size(1) == weight.size(1), kName, ": ", x.sizes(),
              " cannot be convolved with ", weight.sizes());
  const auto size = [&](int64_t dimension) {
    return (x.size(dimension) + 2 * padding - weight.size(dimension)) / stride + 1;
  };
  return at::empty({x.size(0), weight.size(0), size(2), size(3)}, x.options());
}

// libtorch's convolution records its own gradient if there is no tiled gradient.
at::Tensor conv2d_autograd(const at::Tensor &x, const at::Tensor &weight,
                           const nvg::optional<at::Tensor> &optional_bias, int64_t stride, int64_t padding) {
  const at::Tensor bias = optional_bias.value_or(at::Tensor());
  if (!has_tiled_gradient(x, weight, bias, stride, padding))
    return conv2d(x, weight, optional_bias, stride, padding);
  return TiledConvolution::apply(x.to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast), weight,
                                 bias.defined() ? bias : at::zeros({weight.size(0)}, weight.options()), padding);
}

} // namespace

// libtorch's convolution supports every device.
TORCH_LIBRARY_IMPL(nvg, CompositeExplicitAutograd, m) { m.impl("conv2d", &conv2d); }

TORCH_LIBRARY_IMPL(nvg, CPU, m) { m.impl("conv2d_backward", &backward_cpu); }

TORCH_LIBRARY_IMPL(nvg, Meta, m) {
  m.impl("conv2d", &conv2d_meta);
  m.impl("conv2d_backward", &backward_meta);
}

TORCH_LIBRARY_IMPL(nvg, Autograd, m) { m.impl("conv2d", &conv2d_autograd); }

TORCH_LIBRARY_IMPL(nvg, AutogradMeta, m) { m.impl("conv2d", torch::CppFunction::makeFallthrough()); }

} // namespace nvg
