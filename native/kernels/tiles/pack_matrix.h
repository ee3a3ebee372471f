// Weights as right operands of the products in matrix_tiles.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <tuple>

namespace nvg {

// Packs a matrix (columns × depth, both multiples of 32) on the CPU.
// -> bfloat16 [tile of columns][tile of depth][pair of rows][column][parity]
at::Tensor pack_matrix(const at::Tensor &weight);

// Rounds a matrix (columns × depth, multiples of 32 and 64) to int8 and packs it on the CPU. 128 numbers of a column
// share a scale, which takes the largest of them to 127.
// -> int8 [tile of columns][tile of depth][quad of rows][column][4], and float32 [2][group of depth][column]: the
// scales, and 128 times the sum of the numbers, which products with unsigned numbers around 128 contain in excess
std::tuple<at::Tensor, at::Tensor> pack_matrix_int8(const at::Tensor &weight);

} // namespace nvg
