// Weights as right operands of the products in matrix_tiles.h.
#pragma once

#include <ATen/core/Tensor.h>

namespace nvg {

// A matrix of columns × depth, multiples of 32, on the CPU -> bfloat16 [tile of columns][tile of depth][pair][column][parity].
at::Tensor pack_matrix(const at::Tensor &weight);

} // namespace nvg
