// The one place where C++ exceptions become status codes.
#pragma once

#include "door/nvg_torch.h"

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <cstring>
#include <new>
#include <string>

namespace nvg::door {

std::string &last_error();

int32_t copy_text(const std::string &text, char *buffer, int64_t capacity, int64_t *length);

int32_t status_of(const c10::Error &error);

// Number of threads that an operation may use, as last requested; 0 if never set.
extern std::atomic<int32_t> thread_count;

void set_thread_count(int32_t count);

// OpenMP stores the number of threads per thread, so a thread that has computed before would keep the old number.
inline void follow_thread_count() {
  thread_local int32_t applied = 0;
  const int32_t wanted = thread_count.load(std::memory_order_relaxed);
  if (wanted == applied)
    return;
  set_thread_count(wanted);
  applied = wanted;
}

// Runs `body` with the requested number of threads. An exception is converted to a status, and its message becomes the
// thread's last error. An exception that escaped an export would terminate the process.
template <typename Body> int32_t guarded(Body body) noexcept {
  try {
    follow_thread_count();
    body();
    return NVGT_OK;
  } catch (const c10::Error &error) {
    last_error() = error.what_without_backtrace();
    return status_of(error);
  } catch (const std::bad_alloc &) {
    last_error() = "out of memory";
    return NVGT_OUT_OF_MEMORY;
  } catch (const std::exception &error) {
    last_error() = error.what();
    return NVGT_INTERNAL;
  } catch (...) {
    last_error() = "an exception of unknown type";
    return NVGT_INTERNAL;
  }
}

// Converts a borrowed argument to a tensor with its own reference for the duration of the call.
inline at::Tensor borrow(const void *tensor) {
  if (tensor == nullptr)
    return at::Tensor();
  auto *impl = static_cast<c10::TensorImpl *>(const_cast<void *>(tensor));
  return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(impl));
}

// Converts a result to a new reference for the caller; null for an undefined tensor.
inline nvgt_tensor release(at::Tensor tensor) {
  return tensor.defined() ? static_cast<void *>(tensor.unsafeReleaseTensorImpl()) : nullptr;
}

inline c10::Device device_of(int32_t type, int32_t index) {
  return c10::Device(static_cast<c10::DeviceType>(type), static_cast<c10::DeviceIndex>(index));
}

} // namespace nvg::door
