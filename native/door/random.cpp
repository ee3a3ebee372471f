// Random generators that belong to the caller. No global state is read or advanced.
#include "door/guard.h"

#include <ATen/Context.h>
#include <ATen/core/Generator.h>

#include <mutex>

using namespace nvg::door;

namespace {

at::Generator &generator_of(nvgt_generator generator) { return *static_cast<at::Generator *>(generator); }

} // namespace

NVGT_EXPORT int32_t nvgt_generator_new(int32_t device_type, int32_t device_index, uint64_t seed,
                                       nvgt_generator *result) {
  return guarded([&] {
    // A clone of the device's default generator has the right type and needs no device-specific header.
    at::Generator pattern = at::globalContext().defaultGenerator(device_of(device_type, device_index));
    at::Generator generator = [&] {
      std::lock_guard<std::mutex> lock(pattern.mutex());
      return pattern.clone();
    }();
    generator.set_current_seed(seed);
    *result = new at::Generator(std::move(generator));
  });
}

NVGT_EXPORT int32_t nvgt_generator_release(nvgt_generator generator) {
  return guarded([&] { delete static_cast<at::Generator *>(generator); });
}

NVGT_EXPORT int32_t nvgt_generator_get_state(nvgt_generator generator, nvgt_tensor *state) {
  return guarded([&] {
    std::lock_guard<std::mutex> lock(generator_of(generator).mutex());
    *state = release(generator_of(generator).get_state());
  });
}

NVGT_EXPORT int32_t nvgt_generator_set_state(nvgt_generator generator, nvgt_tensor state) {
  return guarded([&] {
    std::lock_guard<std::mutex> lock(generator_of(generator).mutex());
    generator_of(generator).set_state(borrow(state));
  });
}
