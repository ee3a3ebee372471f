// The parts of a transformer block around its matrix products, on a GPU. All memory is on the current device and
// aligned to 16 bytes; rows of W or M numbers are contiguous, and W and M are multiples of 8. A call only launches a
// kernel; launch errors are thrown as std::runtime_error.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace nvg::cuda {

enum class Type { float32, bfloat16 };

// N sequences of T tokens of W numbers.
struct Rows {
  int64_t count, tokens, width;
};

// y = (1 + scale) · norm(x) + shift. `statistics` receives the mean and the reciprocal deviation of every row. Shift and
// scale have one row per sequence, `stride` numbers apart.
void modulated_layer_norm(Rows rows, const float *x, const float *shift, int64_t shift_stride, const float *scale,
                          int64_t scale_stride, float epsilon, Type type, void *y, float *statistics,
                          cudaStream_t stream);

// Queries and keys of `heads` heads, (N, H, T, D): each is divided by its root mean square, scaled and rotated. They are
// the first 2 W of the `stride` numbers in a row of `projected`. Rotations are pairs of cosine and sine, (N, T, D).
void rotated_heads(Rows rows, int64_t heads, int64_t stride, const void *projected, const float *query_scale,
                   const float *key_scale, const float *rotations, float epsilon, Type type, void *query, void *key,
                   cudaStream_t stream);

// [attended | gelu(m)], where m are the last M of the `stride` numbers in a row of `projected`.
void beside_gelu(Rows rows, int64_t hidden, int64_t stride, const void *attended, const void *projected, Type type, void *y,
                 cudaStream_t stream);

// y = x + gate · update, with a row of gates per sequence, `stride` numbers apart.
void gated_sum(Rows rows, const float *x, const float *gate, int64_t stride, const void *update, Type type, float *y,
               cudaStream_t stream);

} // namespace nvg::cuda
