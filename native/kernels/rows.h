// Shared parts of the row kernels.
#pragma once

#include "kernels/parallel.h"
#include "kernels/processor.h"

#include <ATen/core/Tensor.h>

namespace nvg {

// Calls `body` with a value of the row kernels' type for a tensor's elements: float, or uint16_t for bfloat16.
template <typename Body> void with_row_type(const at::Tensor &tensor, const char *name, Body body) {
  if (tensor.scalar_type() == at::kFloat)
    body(float{});
  else if (tensor.scalar_type() == at::kBFloat16)
    body(uint16_t{});
  else
    TORCH_CHECK(false, name, ": float32 or bfloat16 is needed, got ", tensor.scalar_type());
}

// The elements of a contiguous tensor; for bfloat16, as 16-bit integers.
template <typename T> T *data(const at::Tensor &tensor) { return static_cast<T *>(tensor.data_ptr()); }

} // namespace nvg
