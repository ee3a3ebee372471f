// Since 2.2, libtorch uses the standard optional, and its own name for it is being removed.
#pragma once

#include <torch/version.h>

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
#include <optional>

namespace nvg {
using std::nullopt;
using std::optional;
} // namespace nvg
#else
#include <c10/util/Optional.h>

namespace nvg {
using c10::nullopt;
using c10::optional;
} // namespace nvg
#endif
