// The operators torch.ops.nvg.*, called from other kernels of this library.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

namespace nvg {

// An operator of this library by its name ("nvg::…") and the signature of its kernels. Store the result in a static
// variable, because the lookup costs more than the call.
template <typename Signature> c10::TypedOperatorHandle<Signature> find_operator(const char *name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").template typed<Signature>();
}

// For Meta functions: libtorch has not compared the devices of their arguments, and a Meta tensor among CPU tensors
// selects the Meta function.
void check_all_meta(const char *name, std::initializer_list<at::Tensor> tensors);

// The gradients of this library's kernels are written by hand and are not differentiable.
void check_first_order(const char *name);

} // namespace nvg
