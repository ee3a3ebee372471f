// Convolutions whose way back goes over matrix tiles: stride one, bfloat16, channels-last memory, on the CPU. Forward, and
// for everything else, libtorch convolves. Products in bfloat16, sums in float32.
//
// Images lie on a grid: behind every row as many zeros as the kernel reaches aside, between images as many rows of
// zeros. There a tap of the kernel is one distance, whatever the pixel, and each gradient a product per tap:
//
//   input    dx[p, i]      = Σ_tap Σ_o dy[p − tap, o] w[o, i, tap]    left: pixels × outputs, right: weights
//   weight   dw[o, i, tap] = Σ_p x[p, i] dy[p − tap, o]               left: inputs × pixels, right: pixels × outputs
//
// Zeros between the images take part: next to an infinity they make a not-a-number.
// The grid is walked in strips of rows that stay in a core's caches.
#include "autocast.h"
#include "matrix_tiles.h"
#include "pack_matrix.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define NVG_TILE_CONVOLUTION 1
#include <immintrin.h>
// GCC 12 takes the deliberately undefined operands inside its own intrinsics for mistakes.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace nvg {
namespace {

using namespace tiles;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

#ifdef NVG_TILE_CONVOLUTION

uint16_t *bits_of(const at::Tensor &tensor) { return static_cast<uint16_t *>(tensor.data_ptr()); }

// Grid pixels before the first line, which the kernel reaches over.
constexpr int64_t kFront = 32;

// Images and kernel. `side` is the reach of the kernel to either side, `kernel` 2 · side + 1.
struct Shape {
  int64_t count, height, width, side;

  Shape(const at::Tensor &x, int64_t side) : count(x.size(0)), height(x.size(2)), width(x.size(3)), side(side) {}

  int64_t kernel() const { return 2 * side + 1; }
  int64_t taps() const { return kernel() * kernel(); }
  int64_t rows() const { return count * height; }
  int64_t grid_width() const { return width + side; }
  int64_t distance(int64_t tap) const { return (tap / kernel() - side) * grid_width() + tap % kernel() - side; }

  // Rows of a strip: some 600 pixels, but not so few rows that their neighbours are most of what is loaded.
  int64_t strip_rows() const { return std::min(rows(), std::max<int64_t>(4, 576 / grid_width())); }
  int64_t strips() const { return (rows() + strip_rows() - 1) / strip_rows(); }

  // Threads that get a strip.
  int64_t threads() const { return std::min<int64_t>(at::get_num_threads(), strips()); }

  // Pixels of the longest strip's grid; a multiple of 32, in an odd number of cache lines, for rows of such a length to
  // spread over the sets of a cache.
  int64_t strip_pixels() const {
    const int64_t images = strip_rows() / height + 2;
    const int64_t lines = strip_rows() + (images + 1) * side;
    return (round_up(kFront + lines * grid_width() + kDepth + side, kDepth) / kDepth | 1) * kDepth;
  }
};

// Fewer pixels do not pay for packing the weights; with more weights than a core's cache holds libtorch is faster; a wider
// image's strip would take too much memory.
constexpr int64_t kFewestPixels = 2048, kMostWeights = 9 * 256 * 256, kMostGridNumbers = 1 << 21;

bool goes_back_over_tiles(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, int64_t stride, int64_t padding) {
  if (!at::GradMode::is_enabled() || !(x.requires_grad() || weight.requires_grad()) || !x.device().is_cpu() ||
      !weight.device().is_cpu() || x.dim() != 4 || weight.dim() != 4 || x.numel() == 0 || engine() == nullptr)
    return false;
  const int64_t outputs = weight.size(0), inputs = weight.size(1), kernel = 2 * padding + 1;
  const bool is_same_size = stride == 1 && padding > 0 && padding <= kFront && weight.size(2) == kernel && weight.size(3) == kernel;
  // What libtorch takes: everything in bfloat16, or whatever autocast would cast to it.
  const bool is_bfloat16 = product_type(weight.scalar_type()) == at::kBFloat16 &&
                           (x.scalar_type() == at::kBFloat16 || (x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat)) &&
                           (!bias.defined() || bias.scalar_type() == weight.scalar_type());
  return is_same_size && is_bfloat16 && x.size(1) == inputs && inputs % kBlock == 0 && outputs % kBlock == 0 &&
         weight.numel() <= kMostWeights && x.size(0) * x.size(2) * x.size(3) >= kFewestPixels &&
         Shape(x, padding).strip_pixels() * std::max(inputs, outputs) <= kMostGridNumbers;
}

enum class Neighbours { kSeen, kZero };

// Lines of the grid: which row of the images, counted through, lies on it, or −1 for zeros. The first and the last
// `side` lines are only looked at.
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

  // Grid pixels between those that are only looked at; outputs are among them.
  int64_t begin() const { return kFront + shape.side * shape.grid_width(); }
  int64_t size() const { return (static_cast<int64_t>(lines.size()) - 2 * shape.side) * shape.grid_width(); }

  // Of every pixel from begin() on, the row of the images times their width plus the column, or −1 for zeros; to whole
  // blocks of 32.
  std::vector<int64_t> pixels() const {
    std::vector<int64_t> pixels(static_cast<size_t>(round_up(size(), kBlock)), -1);
    for (int64_t line = 0; line < size() / shape.grid_width(); line++)
      if (const int64_t row = lines[static_cast<size_t>(line + shape.side)]; row >= 0)
        for (int64_t column = 0; column < shape.width; column++)
          pixels[static_cast<size_t>(line * shape.grid_width() + column)] = row * shape.width + column;
    return pixels;
  }

  // Images of `channels` channels on the grid. Lines that are only looked at are the images' or zeros.
  void load(const uint16_t *images, int64_t channels, Neighbours neighbours, uint16_t *grid) const {
    const auto clear = [&](uint16_t *from, int64_t pixels) { std::memset(from, 0, static_cast<size_t>(pixels * channels * 2)); };
    const auto count = static_cast<int64_t>(lines.size());
    uint16_t *to = grid + kFront * channels;
    for (int64_t line = 0; line < count; line++, to += shape.grid_width() * channels) {
      const int64_t row = lines[static_cast<size_t>(line)];
      const bool is_own = line >= shape.side && line < count - shape.side;
      if (row < 0 || !(is_own || neighbours == Neighbours::kSeen)) {
        clear(to, shape.grid_width());
        continue;
      }

      std::memcpy(to, images + row * shape.width * channels, static_cast<size_t>(shape.width * channels * 2));
      clear(to + shape.width * channels, shape.side);
    }
    clear(to, kDepth);
  }
};

// Outputs × inputs × kernel × kernel as right operands of the way back: depth over [tap][output].
at::Tensor pack_weight(const at::Tensor &weight) {
  return pack_matrix(weight.permute({1, 2, 3, 0}).reshape({weight.size(1), -1}));
}

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4,avx512bf16,prefer-vector-width=512")

// 32 × 32 sums to bfloat16, a row at each of the places; −1 for nowhere.
void store_block(const float *sums, const int64_t *places, int64_t channels, uint16_t *to) {
  for (int64_t r = 0; r < kBlock; r++, sums += kBlock)
    if (places[r] >= 0)
      for (int64_t half = 0; half < kBlock; half += 16)
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + places[r] * channels + half),
                            (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(sums + half)));
}

// Sixteen channels of two pixels, woven together.
inline __m512i weave_pair(const uint16_t *first, const uint16_t *second) {
  const __m512i low = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(first)));
  const __m512i high = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(second)));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

// The grid as right operands for depths over pixels: [tile of channels][pair of pixels][16 channels][2]. Tiles may begin at
// any pair.
void weave(const uint16_t *grid, int64_t pixels, int64_t channels, uint16_t *woven) {
  for (int64_t c = 0; c < channels; c += kColumns)
    for (int64_t p = 0; p < pixels; p += 2, woven += 2 * kColumns) {
      const uint16_t *first = grid + p * channels + c;
      _mm512_storeu_si512(woven, weave_pair(first, first + channels));
    }
}

// The grid with its pixels along rows: channels × `row`. `pixels` is a multiple of 32.
void transpose(const uint16_t *grid, int64_t pixels, int64_t channels, int64_t row, uint16_t *transposed) {
  // Blocks of 8, 4, 2 and 1 pairs change places across the diagonal.
  __m512i upper[4], lower[4];
  const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), second = _mm512_set1_epi32(16);
  for (int level = 0; level < 4; level++) {
    const __m512i step = _mm512_set1_epi32(8 >> level), other = _mm512_xor_si512(lanes, step);
    const __mmask16 set = _mm512_test_epi32_mask(lanes, step);
    upper[level] = _mm512_mask_blend_epi32(set, lanes, _mm512_or_si512(other, second));
    lower[level] = _mm512_mask_blend_epi32(set, other, _mm512_or_si512(lanes, second));
  }
  for (int64_t c = 0; c < channels; c += 16)
    for (int64_t p = 0; p < pixels; p += kDepth) {
      __m512i pairs[16];
#pragma GCC unroll 16
      for (int r = 0; r < 16; r++) {
        const uint16_t *first = grid + (p + 2 * r) * channels + c;
        pairs[r] = weave_pair(first, first + channels);
      }
#pragma GCC unroll 4
      for (int level = 0; level < 4; level++)
#pragma GCC unroll 16
        for (int r = 0; r < 16; r++)
          if ((r & (8 >> level)) == 0) {
            const __m512i a = pairs[r], b = pairs[r + (8 >> level)];
            pairs[r] = _mm512_permutex2var_epi32(a, upper[level], b);
            pairs[r + (8 >> level)] = _mm512_permutex2var_epi32(a, lower[level], b);
          }
#pragma GCC unroll 16
      for (int r = 0; r < 16; r++)
        _mm512_storeu_si512(transposed + (c + r) * row + p, pairs[r]);
    }
}

// Adds up `pixels` of the grid, per channel.
void add_pixels(const uint16_t *grid, int64_t pixels, int64_t channels, double *sums) {
  for (int64_t c = 0; c < channels; c += 16) {
    __m512 sum = _mm512_setzero_ps();
    for (int64_t p = 0; p < pixels; p++)
      sum = _mm512_add_ps(sum, _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(
                                   reinterpret_cast<const __m256i *>(grid + p * channels + c))), 16)));
    alignas(64) float lanes[16];
    _mm512_store_ps(lanes, sum);
    for (int64_t lane = 0; lane < 16; lane++)
      sums[c + lane] += lanes[lane];
  }
}

#pragma GCC pop_options

struct EngineInUse {
  EngineInUse() { engine()->enter(); }
  ~EngineInUse() { engine()->leave(); }
};

// Calls `body(strip, thread)` for every strip, on all threads; a thread's strips follow one another.
template <typename Body> void for_each_strip(const Shape &shape, Body body) {
  at::parallel_for(0, shape.strips(), 1, [&](int64_t begin, int64_t end) {
    const EngineInUse in_use;
    for (int64_t number = begin; number < end; number++)
      body(Strip(shape, number), at::get_thread_num());
  });
}

// The gradient of a strip's inputs from the grid of its outputs' gradient. `depth_places` says where left tiles lie, from a
// pixel of the grid.
void store_input_gradient(const Strip &strip, const uint16_t *gradient, int64_t outputs, const uint16_t *weight,
                          const std::vector<int64_t> &depth_places, int64_t inputs, uint16_t *d_x) {
  const auto steps = static_cast<int64_t>(depth_places.size());
  const std::vector<int64_t> pixels = strip.pixels();
  alignas(64) float sums[kBlock * kBlock];
  // Inputs outside: a block of the weights serves the whole strip before the next one comes.
  for (int64_t i = 0; i < inputs; i += kBlock)
    for (int64_t place = 0; place < strip.size(); place += kBlock) {
      const Left left{gradient + (strip.begin() + place) * outputs, outputs, kRows * outputs, 0, depth_places.data()};
      engine()->multiply(left, Right{weight + i * steps * kDepth, steps * kElements, kElements}, steps, sums, kBlock, false);
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

// A grid for each thread, of zeros, and a pixel behind it that the last odd pair ends with.
at::Tensor zero_grids(const Shape &shape, int64_t channels) {
  return at::zeros({shape.threads(), (shape.strip_pixels() + 1) * channels}, at::kBFloat16);
}

struct Gradients {
  at::Tensor input, weight, bias;
};

// Sums of a thread's strips for the gradient of the weight: [block of inputs][block of outputs][tap][32 × 32]. It is the right
// operand that is shifted by the tap: with a copy for even and one for odd shifts every tile stays on whole cache lines.
void add_weight_products(const Strip &strip, const uint16_t *transposed, int64_t inputs, const std::array<const uint16_t *, 2> &woven,
                         int64_t outputs, float *sums) {
  const Shape &shape = strip.shape;
  const int64_t row = shape.strip_pixels(), tile = row * kColumns, steps = (strip.size() + kDepth - 1) / kDepth;
  for (int64_t i = 0; i < inputs; i += kBlock)
    for (int64_t o = 0; o < outputs; o += kBlock)
      for (int64_t tap = 0; tap < shape.taps(); tap++, sums += kBlock * kBlock) {
        const int64_t first = strip.begin() - shape.distance(tap);
        const uint16_t *right = woven[static_cast<size_t>(first % 2)] + o / kColumns * tile + first / 2 * 2 * kColumns;
        engine()->multiply(Left{transposed + i * row, row, kRows * row, kDepth}, Right{right, tile, kElements}, steps, sums,
                           kBlock, true);
      }
}

// The threads' sums, put together in their order: the last digits depend on how many there are. -> outputs × inputs × kernel × kernel
at::Tensor weight_gradient(const Shape &shape, const at::Tensor &sums, int64_t inputs, int64_t outputs) {
  at::Tensor gradient = at::empty({outputs, inputs, shape.kernel(), shape.kernel()}, at::kFloat);
  const int64_t blocks = outputs / kBlock, taps = shape.taps(), threads = sums.size(0), per_thread = sums.size(1);
  at::parallel_for(0, inputs / kBlock * blocks, 1, [&](int64_t begin, int64_t end) {
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

Gradients convolve_backward(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &d_y, int64_t side,
                            bool needs_input, bool needs_weight, bool needs_bias) {
  const Shape shape(x, side);
  const int64_t inputs = weight.size(1), outputs = weight.size(0), threads = shape.threads();
  const at::Tensor gradients = zero_grids(shape, outputs);
  at::Tensor packed, d_x, grids, transposed, woven, weight_sums, bias_sums;
  std::vector<int64_t> places;
  if (needs_input) {
    packed = pack_weight(weight);
    places = depth_places(shape, outputs);
    d_x = at::empty_like(x);
  }
  if (needs_weight) {
    grids = zero_grids(shape, inputs);
    transposed = at::empty({threads, shape.strip_pixels() * inputs}, at::kBFloat16);
    woven = at::empty({threads, 2, shape.strip_pixels() * outputs}, at::kBFloat16);
    weight_sums = at::zeros({threads, inputs * outputs * shape.taps()}, at::kFloat);
  }
  if (needs_bias)
    bias_sums = at::zeros({threads, outputs}, at::kDouble);
  for_each_strip(shape, [&](const Strip &strip, int thread) {
    uint16_t *gradient = bits_of(gradients) + thread * gradients.size(1);
    strip.load(bits_of(d_y), outputs, Neighbours::kSeen, gradient);
    if (needs_input)
      store_input_gradient(strip, gradient, outputs, bits_of(packed), places, inputs, bits_of(d_x));
    if (needs_bias)
      add_pixels(gradient + strip.begin() * outputs, strip.size(), outputs, bias_sums.data_ptr<double>() + thread * outputs);
    if (needs_weight) {
      uint16_t *grid = bits_of(grids) + thread * grids.size(1), *along = bits_of(transposed) + thread * transposed.size(1);
      uint16_t *even = bits_of(woven) + thread * 2 * woven.size(2), *odd = even + woven.size(2);
      strip.load(bits_of(x), inputs, Neighbours::kZero, grid);
      transpose(grid + strip.begin() * inputs, round_up(strip.size(), kDepth), inputs, shape.strip_pixels(), along);
      weave(gradient, shape.strip_pixels(), outputs, even);
      weave(gradient + outputs, shape.strip_pixels(), outputs, odd);
      add_weight_products(strip, along, inputs, {even, odd}, outputs,
                          weight_sums.data_ptr<float>() + thread * weight_sums.size(1));
    }
  });
  return {d_x, needs_weight ? weight_gradient(shape, weight_sums, inputs, outputs) : at::Tensor(),
          needs_bias ? bias_sums.sum(0) : at::Tensor()};
}

struct TileConvolution : torch::autograd::Function<TileConvolution> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                            int64_t side) {
    // Cast here, not by autocast, whose cache would hand a copy made without gradients to others.
    const at::Tensor cast = weight.to(at::kBFloat16);
    context->save_for_backward({x, cast});
    context->saved_data["side"] = side;
    context->saved_data["type"] = static_cast<int64_t>(weight.scalar_type());
    return at::conv2d(x, cast, bias.to(at::kBFloat16), {1, 1}, {side, side});
  }

  static variable_list backward(AutogradContext *context, variable_list grads) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "conv2d: second derivatives are not available in bfloat16 on the CPU");
    const auto saved = context->get_saved_variables();
    const at::Tensor d_y = grads[0].to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast);
    Gradients found = convolve_backward(saved[0], saved[1], d_y, context->saved_data["side"].toInt(), context->needs_input_grad(0),
                                        context->needs_input_grad(1), context->needs_input_grad(2));
    const auto type = static_cast<at::ScalarType>(context->saved_data["type"].toInt());
    for (at::Tensor *gradient : {&found.weight, &found.bias})
      if (gradient->defined())
        *gradient = gradient->to(type);
    return {found.input, found.weight, found.bias, at::Tensor()};
  }
};

#endif

at::Tensor conv2d(const at::Tensor &x, const at::Tensor &weight, const c10::optional<at::Tensor> &optional_bias, int64_t stride,
                  int64_t padding) {
  const at::Tensor bias = optional_bias.value_or(at::Tensor());
#ifdef NVG_TILE_CONVOLUTION
  if (goes_back_over_tiles(x, weight, bias, stride, padding))
    return TileConvolution::apply(x.to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast), weight,
                                  bias.defined() ? bias : at::zeros({weight.size(0)}, weight.options()), padding);
#endif
  return at::conv2d(x, weight, bias, {stride, stride}, {padding, padding});
}

} // namespace

TORCH_LIBRARY_FRAGMENT(nvg, m) {
  m.def("conv2d(Tensor x, Tensor weight, Tensor? bias, int stride, int padding) -> Tensor", &conv2d);
}

} // namespace nvg
