// Tracing: call count and time of every operator, and libtorch's own profiler for GPU kernels.
#include "door/guard.h"

#include <ATen/core/ivalue.h>
#include <ATen/record_function.h>

#ifdef NVGT_PROFILER
#include <torch/csrc/autograd/profiler_kineto.h>
#endif

#include <algorithm>
#include <chrono>
#include <mutex>
#include <unordered_map>
#include <vector>

using namespace nvg::door;

namespace {

using Clock = std::chrono::steady_clock;

struct Total {
  int64_t calls = 0;
  int64_t nanoseconds = 0; // excluding the operators that it called
};

std::mutex table_mutex;
std::unordered_map<std::string, Total> table;
at::CallbackHandle handle = at::INVALID_CALLBACK_HANDLE;

// An operator that has not returned yet. Operators nest within a thread.
struct Running : public at::ObserverContext {
  Clock::time_point start;
  int64_t inner = 0;
  Running *outer = nullptr;
};
thread_local Running *innermost = nullptr;

// Copies between host and device have their own names. Those that wait block the host until the device has caught up.
std::string name_of(const at::RecordFunction &function) {
  const std::string name = function.name();
  if (name != "aten::copy_")
    return name;
  const auto inputs = function.inputs();
  if (inputs.size() < 2 || !inputs[0].isTensor() || !inputs[1].isTensor())
    return name;
  const at::Tensor &target = inputs[0].toTensor();
  const at::Tensor &source = inputs[1].toTensor();
  if (!target.defined() || !source.defined() || target.device().is_cpu() == source.device().is_cpu())
    return name;
  const bool waits = inputs.size() < 3 || !inputs[2].isBool() || !inputs[2].toBool();
  return std::string(target.device().is_cpu() ? "copy to host" : "copy to device") + (waits ? ", waiting" : "");
}

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction &) {
  auto running = std::make_unique<Running>();
  running->outer = innermost;
  innermost = running.get();
  running->start = Clock::now();
  return running;
}

void leave(const at::RecordFunction &function, at::ObserverContext *context) {
  auto *running = static_cast<Running *>(context);
  const int64_t elapsed = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - running->start).count();
  innermost = running->outer;
  if (innermost != nullptr)
    innermost->inner += elapsed;
  const std::string name = name_of(function);
  std::lock_guard<std::mutex> lock(table_mutex);
  Total &total = table[name];
  total.calls++;
  total.nanoseconds += elapsed - running->inner;
}

} // namespace

NVGT_EXPORT int32_t nvgt_trace_begin() {
  return guarded([] {
    std::lock_guard<std::mutex> lock(table_mutex);
    TORCH_CHECK(handle == at::INVALID_CALLBACK_HANDLE, "operators are traced already");
    table.clear();
    handle = at::addGlobalCallback(
        at::RecordFunctionCallback(enter, leave).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  });
}

NVGT_EXPORT int32_t nvgt_trace_end() {
  return guarded([] {
    at::CallbackHandle ended = at::INVALID_CALLBACK_HANDLE;
    {
      std::lock_guard<std::mutex> lock(table_mutex);
      std::swap(ended, handle);
    }
    TORCH_CHECK(ended != at::INVALID_CALLBACK_HANDLE, "operators are not traced");
    at::removeCallback(ended);
  });
}

NVGT_EXPORT int32_t nvgt_trace_report(char *buffer, int64_t capacity, int64_t *length) {
  return guarded([&] {
    std::vector<std::pair<std::string, Total>> rows;
    {
      std::lock_guard<std::mutex> lock(table_mutex);
      rows.assign(table.begin(), table.end());
    }
    std::sort(rows.begin(), rows.end(), [](const auto &left, const auto &right) { return left.first < right.first; });
    std::string text;
    for (const auto &[name, total] : rows)
      text += name + '\t' + std::to_string(total.calls) + '\t' + std::to_string(total.nanoseconds) + '\n';
    copy_text(text, buffer, capacity, length);
  });
}

#ifdef NVGT_PROFILER

NVGT_EXPORT int32_t nvgt_profile_begin(uint8_t with_cuda) {
  return guarded([&] {
    using namespace torch::profiler::impl;
    std::set<ActivityType> activities{ActivityType::CPU};
    if (with_cuda)
      activities.insert(ActivityType::CUDA);
    const ProfilerConfig config(ProfilerState::KINETO);
    torch::autograd::profiler::prepareProfiler(config, activities);
    torch::autograd::profiler::enableProfiler(config, activities);
  });
}

NVGT_EXPORT int32_t nvgt_profile_end(const char *path) {
  return guarded([&] { torch::autograd::profiler::disableProfiler()->save(path); });
}

#else

NVGT_EXPORT int32_t nvgt_profile_begin(uint8_t) {
  return guarded([] { TORCH_CHECK_NOT_IMPLEMENTED(false, "this build has no profiler (NVG_PROFILER)"); });
}

NVGT_EXPORT int32_t nvgt_profile_end(const char *) {
  return guarded([] { TORCH_CHECK_NOT_IMPLEMENTED(false, "this build has no profiler (NVG_PROFILER)"); });
}

#endif
