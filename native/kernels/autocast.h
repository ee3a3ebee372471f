// Emulates libtorch's autocast for kernels that it does not know.
#pragma once

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace nvg {

// The element type of products on the CPU with weights of a given type: the weights' own type if it is not float32,
// otherwise autocast's type if enabled.
inline at::ScalarType product_type(at::ScalarType weight_type) {
  if (weight_type != at::kFloat)
    return weight_type;
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  return at::autocast::is_autocast_enabled(at::kCPU) ? at::autocast::get_autocast_dtype(at::kCPU) : weight_type;
#else
  return at::autocast::is_cpu_enabled() ? at::autocast::get_autocast_cpu_dtype() : weight_type;
#endif
}

} // namespace nvg
