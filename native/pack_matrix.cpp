#include "pack_matrix.h"

#include "matrix_tiles.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace nvg {

using namespace tiles;

at::Tensor pack_matrix(const at::Tensor &weight) {
  TORCH_CHECK(weight.dim() == 2 && weight.device().is_cpu(), "pack_matrix: a matrix on the CPU is needed, got ",
              weight.sizes());
  const int64_t columns = weight.size(0), depth = weight.size(1);
  TORCH_CHECK(columns % kBlock == 0 && depth % kDepth == 0, "pack_matrix: sides must be multiples of 32, got ",
              weight.sizes());
  const at::Tensor source = weight.to(at::kBFloat16).contiguous();
  at::Tensor packed = at::empty({columns / kColumns, depth / kDepth, kDepth / 2, kColumns, 2}, source.options());
  const auto *from = static_cast<const uint16_t *>(source.data_ptr());
  auto *to = static_cast<uint16_t *>(packed.data_ptr());
  at::parallel_for(0, columns / kColumns, 1, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; j++)
      for (int64_t k = 0; k < depth / kDepth; k++)
        for (int64_t column = 0; column < kColumns; column++)
          for (int64_t row = 0; row < kDepth; row++)
            to[(j * (depth / kDepth) + k) * kElements + row / 2 * 32 + column * 2 + row % 2] =
                from[(j * kColumns + column) * depth + k * kDepth + row];
  });
  return packed;
}

} // namespace nvg
