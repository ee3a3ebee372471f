// Kernels that sum over a row use one warp per row; the others use one thread per 16 bytes. All of them are
// memory-bound.
#include "kernels/cuda/block_rows.h"

#include <cuda_bf16.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace nvg::cuda {
namespace {

constexpr int kWarp = 32;
constexpr int kThreads = 128;
constexpr int kWarpsPerBlock = kThreads / kWarp;

// Four neighbouring numbers of a row, in float32.
__device__ float4 load4(const float *from) { return *reinterpret_cast<const float4 *>(from); }

__device__ float4 load4(const __nv_bfloat16 *from) {
  const uint2 bits = *reinterpret_cast<const uint2 *>(from);
  const float2 low = __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162 *>(&bits.x));
  const float2 high = __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162 *>(&bits.y));
  return make_float4(low.x, low.y, high.x, high.y);
}

__device__ void store4(float *to, float4 values) { *reinterpret_cast<float4 *>(to) = values; }

__device__ void store4(__nv_bfloat16 *to, float4 values) {
  const __nv_bfloat162 low = __floats2bfloat162_rn(values.x, values.y), high = __floats2bfloat162_rn(values.z, values.w);
  uint2 bits;
  bits.x = *reinterpret_cast<const unsigned *>(&low);
  bits.y = *reinterpret_cast<const unsigned *>(&high);
  *reinterpret_cast<uint2 *>(to) = bits;
}

__device__ float2 load2(const float *from) { return *reinterpret_cast<const float2 *>(from); }

__device__ float2 load2(const __nv_bfloat16 *from) {
  return __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162 *>(from));
}

__device__ void store2(float *to, float2 values) { *reinterpret_cast<float2 *>(to) = values; }

__device__ void store2(__nv_bfloat16 *to, float2 values) {
  *reinterpret_cast<__nv_bfloat162 *>(to) = __floats2bfloat162_rn(values.x, values.y);
}

// The sum over a warp, in every lane.
__device__ float warp_sum(float value) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2)
    value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

__device__ int64_t warp_index() {
  return static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.x / kWarp;
}

__device__ int64_t thread_index() { return static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; }

template <typename T>
__global__ void modulated_layer_norm_kernel(Rows rows, const float *x, const float *shift, int64_t shift_stride,
                                            const float *scale, int64_t scale_stride, float epsilon, T *y,
                                            float *statistics) {
  const int64_t row = warp_index();
  if (row >= rows.count * rows.tokens)
    return;
  const int lane = threadIdx.x % kWarp;
  const float *input = x + row * rows.width;
  float sum = 0;
  for (int64_t i = 4 * lane; i < rows.width; i += 4 * kWarp) {
    const float4 v = load4(input + i);
    sum += (v.x + v.y) + (v.z + v.w);
  }
  const float mean = warp_sum(sum) / rows.width;
  float squares = 0;
  for (int64_t i = 4 * lane; i < rows.width; i += 4 * kWarp) {
    const float4 v = load4(input + i);
    const float a = v.x - mean, b = v.y - mean, c = v.z - mean, d = v.w - mean;
    squares += (a * a + b * b) + (c * c + d * d);
  }
  const float reciprocal = rsqrtf(warp_sum(squares) / rows.width + epsilon);
  const float *offset = shift + row / rows.tokens * shift_stride, *factor = scale + row / rows.tokens * scale_stride;
  for (int64_t i = 4 * lane; i < rows.width; i += 4 * kWarp) {
    const float4 v = load4(input + i), s = load4(factor + i), o = load4(offset + i);
    store4(y + row * rows.width + i,
           make_float4((1 + s.x) * ((v.x - mean) * reciprocal) + o.x, (1 + s.y) * ((v.y - mean) * reciprocal) + o.y,
                       (1 + s.z) * ((v.z - mean) * reciprocal) + o.z, (1 + s.w) * ((v.w - mean) * reciprocal) + o.w));
  }
  if (lane == 0) {
    statistics[2 * row] = mean;
    statistics[2 * row + 1] = reciprocal;
  }
}

// A warp per token and head, for queries (blockIdx.y = 0) and keys.
template <typename T>
__global__ void rotated_heads_kernel(Rows rows, int64_t heads, int64_t stride, const T *projected,
                                     const float *query_scale, const float *key_scale, const float *rotations,
                                     float epsilon, T *query, T *key) {
  const int64_t index = warp_index(), row = index / heads, head = index % heads;
  if (row >= rows.count * rows.tokens)
    return;
  const bool is_key = blockIdx.y == 1;
  const int lane = threadIdx.x % kWarp;
  const int64_t size = rows.width / heads, sequence = row / rows.tokens, token = row % rows.tokens;
  const T *input = projected + row * stride + (is_key ? rows.width : 0) + head * size;
  const float *scale = is_key ? key_scale : query_scale;
  T *output = (is_key ? key : query) + ((sequence * heads + head) * rows.tokens + token) * size;
  float squares = 0;
  for (int64_t i = 2 * lane; i < size; i += 2 * kWarp) {
    const float2 v = load2(input + i);
    squares += v.x * v.x + v.y * v.y;
  }
  const float reciprocal = rsqrtf(warp_sum(squares) / size + epsilon);
  for (int64_t i = 2 * lane; i < size; i += 2 * kWarp) {
    const float2 v = load2(input + i), s = load2(scale + i), turn = load2(rotations + row * size + i);
    const float a = v.x * reciprocal * s.x, b = v.y * reciprocal * s.y;
    store2(output + i, make_float2(a * turn.x - b * turn.y, a * turn.y + b * turn.x));
  }
}

__device__ float gelu(float x) {
  constexpr float kFactor = 0.7978845608028654f; // sqrt(2 / pi)
  return 0.5f * x * (1 + tanhf(kFactor * (x + 0.044715f * x * x * x)));
}

template <typename T>
__global__ void beside_gelu_kernel(Rows rows, int64_t hidden, int64_t stride, const T *attended, const T *projected, T *y) {
  const int64_t groups = (rows.width + hidden) / 4, index = thread_index(), row = index / groups;
  if (row >= rows.count * rows.tokens)
    return;
  const int64_t column = index % groups * 4;
  T *output = y + row * (rows.width + hidden) + column;
  if (column < rows.width) {
    store4(output, load4(attended + row * rows.width + column));
    return;
  }
  const float4 v = load4(projected + row * stride + (stride - hidden) + (column - rows.width));
  store4(output, make_float4(gelu(v.x), gelu(v.y), gelu(v.z), gelu(v.w)));
}

template <typename T>
__global__ void gated_sum_kernel(Rows rows, const float *x, const float *gate, int64_t stride, const T *update, float *y) {
  const int64_t groups = rows.width / 4, index = thread_index(), row = index / groups;
  if (row >= rows.count * rows.tokens)
    return;
  const int64_t column = index % groups * 4, place = row * rows.width + column;
  const float4 v = load4(x + place), g = load4(gate + row / rows.tokens * stride + column), u = load4(update + place);
  store4(y + place, make_float4(v.x + g.x * u.x, v.y + g.y * u.y, v.z + g.z * u.z, v.w + g.w * u.w));
}

unsigned blocks_of(int64_t items, int64_t per_block) {
  const int64_t blocks = (items + per_block - 1) / per_block;
  if (blocks > INT32_MAX)
    throw std::runtime_error("too many rows for one kernel");
  return static_cast<unsigned>(blocks);
}

void check_launch(const char *kernel) {
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess)
    throw std::runtime_error(std::string(kernel) + ": " + cudaGetErrorString(error));
}

// Calls `body` with a null pointer of the element type.
template <typename Body> void with_type(Type type, Body body) {
  if (type == Type::float32)
    body(static_cast<float *>(nullptr));
  else
    body(static_cast<__nv_bfloat16 *>(nullptr));
}

} // namespace

void modulated_layer_norm(Rows rows, const float *x, const float *shift, int64_t shift_stride, const float *scale,
                          int64_t scale_stride, float epsilon, Type type, void *y, float *statistics,
                          cudaStream_t stream) {
  if (rows.count * rows.tokens == 0)
    return;
  with_type(type, [&](auto *tag) {
    modulated_layer_norm_kernel<<<blocks_of(rows.count * rows.tokens, kWarpsPerBlock), kThreads, 0, stream>>>(
        rows, x, shift, shift_stride, scale, scale_stride, epsilon, static_cast<decltype(tag)>(y), statistics);
  });
  check_launch("modulated_layer_norm");
}

void rotated_heads(Rows rows, int64_t heads, int64_t stride, const void *projected, const float *query_scale,
                   const float *key_scale, const float *rotations, float epsilon, Type type, void *query, void *key,
                   cudaStream_t stream) {
  if (rows.count * rows.tokens == 0)
    return;
  with_type(type, [&](auto *tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    rotated_heads_kernel<<<dim3(blocks_of(rows.count * rows.tokens * heads, kWarpsPerBlock), 2), kThreads, 0, stream>>>(
        rows, heads, stride, static_cast<const T *>(projected), query_scale, key_scale, rotations, epsilon,
        static_cast<T *>(query), static_cast<T *>(key));
  });
  check_launch("rotated_heads");
}

void beside_gelu(Rows rows, int64_t hidden, int64_t stride, const void *attended, const void *projected, Type type, void *y,
                 cudaStream_t stream) {
  if (rows.count * rows.tokens == 0)
    return;
  with_type(type, [&](auto *tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    const int64_t groups = (rows.width + hidden) / 4;
    beside_gelu_kernel<<<blocks_of(rows.count * rows.tokens * groups, kThreads), kThreads, 0, stream>>>(
        rows, hidden, stride, static_cast<const T *>(attended), static_cast<const T *>(projected), static_cast<T *>(y));
  });
  check_launch("beside_gelu");
}

void gated_sum(Rows rows, const float *x, const float *gate, int64_t stride, const void *update, Type type, float *y,
               cudaStream_t stream) {
  if (rows.count * rows.tokens == 0)
    return;
  with_type(type, [&](auto *tag) {
    using T = std::remove_pointer_t<decltype(tag)>;
    gated_sum_kernel<<<blocks_of(rows.count * rows.tokens * (rows.width / 4), kThreads), kThreads, 0, stream>>>(
        rows, x, gate, stride, static_cast<const T *>(update), y);
  });
  check_launch("gated_sum");
}

} // namespace nvg::cuda
