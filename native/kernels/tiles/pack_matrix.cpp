#include "kernels/tiles/pack_matrix.h"

#include "kernels/parallel.h"
#include "kernels/tiles/matrix_tiles.h"

#include <ATen/ATen.h>
#include <torch/library.h>

namespace nvg {

using namespace tiles;

namespace {

at::Tensor empty_packed(const at::Tensor &weight) {
  TORCH_CHECK(weight.dim() == 2 && weight.size(0) % kBlock == 0 && weight.size(1) % kDepth == 0,
              "pack_matrix: a matrix is needed whose sides are multiples of 32, got ", weight.sizes());
  return at::empty({weight.size(0) / kColumns, weight.size(1) / kDepth, kDepth / 2, kColumns, 2},
                   weight.options().dtype(at::kBFloat16));
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

TORCH_LIBRARY_IMPL(nvg, CPU, m) { m.impl("pack_matrix", &pack_matrix); }

TORCH_LIBRARY_IMPL(nvg, Meta, m) { m.impl("pack_matrix", &empty_packed); }

} // namespace nvg
