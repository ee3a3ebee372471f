#include "kernels/tiles/pack_matrix.h"

#include "kernels/parallel.h"
#include "kernels/tiles/matrix_tiles.h"

#include <ATen/ATen.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>

namespace nvg {

using namespace tiles;

namespace {

at::Tensor empty_packed(const at::Tensor &weight) {
  TORCH_CHECK(weight.dim() == 2 && weight.size(0) % kBlock == 0 && weight.size(1) % kDepth == 0,
              "pack_matrix: a matrix is needed whose sides are multiples of 32, got ", weight.sizes());
  return at::empty({weight.size(0) / kColumns, weight.size(1) / kDepth, kDepth / 2, kColumns, 2},
                   weight.options().dtype(at::kBFloat16));
}

std::tuple<at::Tensor, at::Tensor> empty_packed_int8(const at::Tensor &weight) {
  TORCH_CHECK(weight.dim() == 2 && weight.size(0) % kBlock == 0 && weight.size(1) % kInt8Depth == 0,
              "pack_matrix_int8: a matrix is needed whose columns are a multiple of 32 and whose depth is a multiple "
              "of 64, got ",
              weight.sizes());
  const int64_t groups = (weight.size(1) + kInt8Group - 1) / kInt8Group;
  return {at::empty({weight.size(0) / kColumns, weight.size(1) / kInt8Depth, kInt8Depth / 4, kColumns, 4},
                    weight.options().dtype(at::kChar)),
          at::empty({2, groups, weight.size(0)}, weight.options().dtype(at::kFloat))};
}

// The largest magnitude; not a number if one of them is not.
float largest_magnitude(const float *numbers, int64_t count) {
  float largest = 0;
  for (int64_t i = 0; i < count; i++) {
    if (std::isnan(numbers[i]))
      return numbers[i];
    largest = std::max(largest, std::fabs(numbers[i]));
  }
  return largest;
}

} // namespace

at::Tensor pack_matrix(const at::Tensor &weight) {
  at::Tensor packed = empty_packed(weight);
  const at::Tensor source = weight.detach().to(at::kBFloat16).contiguous();
  const int64_t columns = weight.size(0), depth = weight.size(1);
  const auto *from = static_cast<const uint16_t *>(source.data_ptr());
  auto *to = static_cast<uint16_t *>(packed.data_ptr());
  parallel_for(0, columns / kColumns, 1, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; j++)
      for (int64_t k = 0; k < depth / kDepth; k++)
        for (int64_t column = 0; column < kColumns; column++)
          for (int64_t row = 0; row < kDepth; row++)
            to[(j * (depth / kDepth) + k) * kElements + row / 2 * 32 + column * 2 + row % 2] =
                from[(j * kColumns + column) * depth + k * kDepth + row];
  });
  return packed;
}

std::tuple<at::Tensor, at::Tensor> pack_matrix_int8(const at::Tensor &weight) {
  auto result = empty_packed_int8(weight);
  const at::Tensor source = weight.detach().to(at::kFloat).contiguous();
  const int64_t columns = weight.size(0), depth = weight.size(1);
  const float *from = source.data_ptr<float>();
  auto *to = static_cast<int8_t *>(std::get<0>(result).data_ptr());
  float *scales = std::get<1>(result).data_ptr<float>(), *corrections = scales + std::get<1>(result).numel() / 2;
  parallel_for(0, columns, kColumns, [&](int64_t begin, int64_t end) {
    for (int64_t column = begin; column < end; column++) {
      int8_t *tiles = to + column / kColumns * (depth * kColumns) + column % kColumns * 4;
      for (int64_t first = 0; first < depth; first += kInt8Group) {
        const float *numbers = from + column * depth;
        const int64_t last = std::min(first + kInt8Group, depth), place = first / kInt8Group * columns + column;
        const float largest = largest_magnitude(numbers + first, last - first);
        // Products with a column that is not finite are not finite either, because of its scale.
        const float inverse = largest > 1e-30f && std::isfinite(largest) ? 127 / largest : 0;
        int32_t sum = 0;
        for (int64_t row = first; row < last; row++) {
          const float scaled = inverse == 0 ? 0 : numbers[row] * inverse;
          const auto rounded = static_cast<int8_t>(scaled + (scaled < 0 ? -0.5f : 0.5f));
          tiles[row / kInt8Depth * kInt8Elements + row % kInt8Depth / 4 * 64 + row % 4] = rounded;
          sum += rounded;
        }
        scales[place] = largest / 127;
        corrections[place] = static_cast<float>(128 * sum);
      }
    }
  });
  return result;
}

TORCH_LIBRARY_IMPL(nvg, CPU, m) {
  m.impl("pack_matrix", &pack_matrix);
  m.impl("pack_matrix_int8", &pack_matrix_int8);
}

TORCH_LIBRARY_IMPL(nvg, Meta, m) {
  m.impl("pack_matrix", &empty_packed);
  m.impl("pack_matrix_int8", &empty_packed_int8);
}

} // namespace nvg
