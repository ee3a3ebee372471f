// The formulas of a transformer block, composed of libtorch operators.
#pragma once

#include <ATen/ATen.h>

#include <cmath>

namespace formulas {

inline at::Tensor modulated_layer_norm(const at::Tensor &x, const at::Tensor &shift, const at::Tensor &scale,
                                       double epsilon) {
  return (scale.unsqueeze(1) + 1) * at::layer_norm(x, {x.size(2)}, {}, {}, epsilon) + shift.unsqueeze(1);
}

inline at::Tensor gated_sum(const at::Tensor &x, const at::Tensor &gate, const at::Tensor &update) {
  return x + gate.unsqueeze(1) * update;
}

// RMS norm and rotation of (N, T, H, D). -> (N, H, T, D)
inline at::Tensor norm_rotate(const at::Tensor &x, const at::Tensor &scale, const at::Tensor &rotations,
                              double epsilon) {
  const at::Tensor normal = x * (x.square().mean(-1, true) + epsilon).rsqrt() * scale;
  const at::Tensor pairs = normal.unflatten(-1, {x.size(3) / 2, 2});
  const at::Tensor angles = rotations.unflatten(-1, {x.size(3) / 2, 2}).unsqueeze(2).to(x.scalar_type());
  const at::Tensor a = pairs.select(-1, 0), b = pairs.select(-1, 1);
  const at::Tensor cosine = angles.select(-1, 0), sine = angles.select(-1, 1);
  return at::stack({a * cosine - b * sine, a * sine + b * cosine}, -1).flatten(-2).transpose(1, 2);
}

inline at::Tensor attention_mlp(const at::Tensor &projected, const at::Tensor &query_scale, const at::Tensor &key_scale,
                                const at::Tensor &rotations, int64_t heads, double epsilon) {
  const int64_t size = query_scale.numel(), width = heads * size;
  const auto part = [&](int64_t i) { return projected.narrow(2, i * width, width).unflatten(2, {heads, size}); };
  const at::Tensor query = norm_rotate(part(0), query_scale, rotations, epsilon);
  const at::Tensor key = norm_rotate(part(1), key_scale, rotations, epsilon), value = part(2).transpose(1, 2);
  const at::Tensor scores = at::matmul(query, key.transpose(2, 3)) / std::sqrt(static_cast<double>(size));
  const at::Tensor attended = at::matmul(at::softmax(scores, -1), value).transpose(1, 2).flatten(2);
  return at::cat({attended, at::gelu(projected.narrow(2, 3 * width, projected.size(2) - 3 * width), "tanh")}, 2);
}

// Pairs of cosine and sine (N, T, D) of random angles.
inline at::Tensor random_rotations(int64_t count, int64_t tokens, int64_t size) {
  const at::Tensor angles = at::randn({count, tokens, size / 2});
  return at::stack({angles.cos(), angles.sin()}, -1).flatten(-2).contiguous();
}

} // namespace formulas
