// Weights as right operands of the products in matrix_tiles.h.
#pragma once

#include <ATen/core/Tensor.h>

namespace nvg {

// Packs a matrix (columns × depth, both multiples of 32) on the CPU.
// -> bfloat16 [tile of columns][tile of depth][pair of rows][column][parity]
at::Tensor pack_matrix(const at::Tensor &weight);

} // namespace nvg
