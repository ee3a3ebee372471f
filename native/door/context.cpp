// Versions, errors, threads, devices.
#include "door/guard.h"

#include <ATen/Config.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/cuda.h>
#include <torch/version.h>

#define NVGT_TEXT_OF(x) #x
#define NVGT_TEXT(x) NVGT_TEXT_OF(x)

namespace nvg::door {

std::atomic<int32_t> thread_count{0};

void set_thread_count(int32_t count) { at::set_num_threads(count); }

std::string &last_error() {
  thread_local std::string message;
  return message;
}

int32_t copy_text(const std::string &text, char *buffer, int64_t capacity, int64_t *length) {
  *length = static_cast<int64_t>(text.size());
  if (buffer != nullptr && capacity > 0)
    std::memcpy(buffer, text.data(), static_cast<size_t>(std::min<int64_t>(capacity, *length)));
  return NVGT_OK;
}

int32_t status_of(const c10::Error &error) {
  if (dynamic_cast<const c10::IndexError *>(&error) || dynamic_cast<const c10::ValueError *>(&error) ||
      dynamic_cast<const c10::TypeError *>(&error))
    return NVGT_ARGUMENT;
  if (dynamic_cast<const c10::NotImplementedError *>(&error))
    return NVGT_UNKNOWN_OPERATOR;
  if (dynamic_cast<const c10::OutOfMemoryError *>(&error))
    return NVGT_OUT_OF_MEMORY;
  // libtorch has an exception type for out-of-memory errors of devices, but its CPU allocator still throws the general
  // type (1.13 to 2.6), so only the message identifies the error.
  const std::string text = error.what_without_backtrace();
  return text.find("can't allocate memory") != std::string::npos ? NVGT_OUT_OF_MEMORY : NVGT_ERROR;
}

} // namespace nvg::door

using namespace nvg::door;

NVGT_EXPORT int32_t nvgt_abi_version() { return NVGT_ABI_VERSION; }

NVGT_EXPORT int32_t nvgt_last_error(char *buffer, int64_t capacity, int64_t *length) {
  return copy_text(last_error(), buffer, capacity, length);
}

NVGT_EXPORT int32_t nvgt_torch_version(char *buffer, int64_t capacity, int64_t *length) {
  return guarded([&] {
    copy_text(NVGT_TEXT(TORCH_VERSION_MAJOR) "." NVGT_TEXT(TORCH_VERSION_MINOR) "." NVGT_TEXT(TORCH_VERSION_PATCH),
              buffer, capacity, length);
  });
}

NVGT_EXPORT int32_t nvgt_build_settings(char *buffer, int64_t capacity, int64_t *length) {
  return guarded([&] { copy_text(at::show_config() + at::get_parallel_info(), buffer, capacity, length); });
}

NVGT_EXPORT int32_t nvgt_get_thread_count(int32_t *count) {
  return guarded([&] { *count = at::get_num_threads(); });
}

NVGT_EXPORT int32_t nvgt_set_thread_count(int32_t count) {
  if (count < 1)
    return guarded([&] { TORCH_CHECK(false, "threads must be at least 1, not ", count); });
  thread_count.store(count, std::memory_order_relaxed);
  return guarded([] {});
}

NVGT_EXPORT int32_t nvgt_cuda_device_count(int32_t *count) {
  return guarded([&] { *count = torch::cuda::is_available() ? static_cast<int32_t>(torch::cuda::device_count()) : 0; });
}

NVGT_EXPORT int32_t nvgt_synchronize(int32_t device_type, int32_t device_index) {
  return guarded([&] {
    if (static_cast<c10::DeviceType>(device_type) == c10::DeviceType::CUDA)
      torch::cuda::synchronize(device_index);
  });
}

NVGT_EXPORT int32_t nvgt_set_allow_tf32(uint8_t allowed) {
  return guarded([&] {
    at::globalContext().setAllowTF32CuBLAS(allowed != 0);
    at::globalContext().setAllowTF32CuDNN(allowed != 0);
  });
}
