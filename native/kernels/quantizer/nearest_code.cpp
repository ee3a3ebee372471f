// torch.ops.nvg.nearest_code: for every point, the index of the first code with the smallest |p|² + |c|² − 2 p·c, in
// float32, with one pass over the codebook. libtorch's operators would write and read a matrix of points × codes
// several times.
#include "kernels/library.h"
#include "kernels/rows.h"

#include <ATen/ATen.h>
#include <torch/library.h>

#include <algorithm>
#include <limits>

namespace nvg {
namespace {

constexpr auto kName = "nearest_code";

constexpr int64_t kLanes = 16; // number of codes compared at once
constexpr int64_t kPoints = 8; // number of points that use a code once it is loaded

// Blocks of kLanes codes, channels × kLanes each, so that the values of one channel are contiguous. The last block is
// padded with copies of the last code: these have the same distance as the code itself but come later, so they are
// never the first.
struct PackedCodes {
  const float *values, *squares;
  int64_t blocks, channels;
};

template <typename T> struct RowKernels {
  void (*nearest)(const PackedCodes &, const T *const *points, const T *squares, int64_t *tokens);
};

#define NVG_ROWS "kernels/quantizer/nearest_code_rows.inc"
#include "kernels/row_kernels.inc"

at::Tensor empty_tokens(const at::Tensor &points, const at::Tensor &codebook) {
  TORCH_CHECK(points.dim() == 2 && codebook.dim() == 2 && points.size(1) == codebook.size(1), kName,
              ": points (count, channels) and codebook (codes, channels) must have the same channels, got ",
              points.sizes(), " and ", codebook.sizes());
  TORCH_CHECK(points.scalar_type() == at::kFloat && codebook.scalar_type() == at::kFloat, kName,
              ": points and codebook must be float32, got ", points.scalar_type(), " and ", codebook.scalar_type());
  TORCH_CHECK(codebook.size(0) >= 1 && codebook.size(0) <= std::numeric_limits<int32_t>::max() - kLanes, kName,
              ": the codebook must have at least one code and no more than a 32-bit number counts, got ",
              codebook.size(0));
  return at::empty({points.size(0)}, points.options().dtype(at::kLong));
}

at::Tensor nearest_code_meta(const at::Tensor &points, const at::Tensor &codebook) {
  check_all_meta(kName, {points, codebook});
  return empty_tokens(points, codebook);
}

at::Tensor nearest_code(const at::Tensor &points, const at::Tensor &codebook) {
  const at::Tensor tokens = empty_tokens(points, codebook);
  const at::Tensor rows_of_points = points.detach().contiguous(), codes = codebook.detach();
  const int64_t count = points.size(0), channels = points.size(1);
  const int64_t blocks = (codes.size(0) + kLanes - 1) / kLanes;
  const at::Tensor filled = codes.index_select(0, at::arange(blocks * kLanes).clamp_max(codes.size(0) - 1));
  const at::Tensor packed = filled.view({blocks, kLanes, channels}).transpose(1, 2).contiguous();
  const at::Tensor point_squares = rows_of_points.square().sum(1), code_squares = filled.square().sum(1);

  const PackedCodes table{packed.data_ptr<float>(), code_squares.data_ptr<float>(), blocks, channels};
  const float *values = rows_of_points.data_ptr<float>(), *squares = point_squares.data_ptr<float>();
  int64_t *to = tokens.data_ptr<int64_t>();
  parallel_for(0, (count + kPoints - 1) / kPoints, 4, [&](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; group++) {
      const float *group_points[kPoints];
      float group_squares[kPoints];
      int64_t group_tokens[kPoints];
      // The last group is padded with copies of its last point.
      const int64_t first = group * kPoints, size = std::min(kPoints, count - first);
      for (int64_t p = 0; p < kPoints; p++) {
        const int64_t point = first + std::min(p, size - 1);
        group_points[p] = values + point * channels;
        group_squares[p] = squares[point];
      }
      rows<float>().nearest(table, group_points, group_squares, group_tokens);
      std::copy(group_tokens, group_tokens + size, to + first);
    }
  });
  return tokens;
}

} // namespace

TORCH_LIBRARY_IMPL(nvg, CPU, m) { m.impl("nearest_code", &nearest_code); }

TORCH_LIBRARY_IMPL(nvg, Meta, m) { m.impl("nearest_code", &nearest_code_meta); }

} // namespace nvg
