// Process groups: a store through which processes find each other, and collectives of libtorch's c10d over Gloo or
// NCCL. NVGT_GLOO and NVGT_NCCL are defined if the headers of c10d and of these libraries were found (CMakeLists.txt).
#include "door/guard.h"

#if defined(NVGT_GLOO)
#define USE_C10D_GLOO
#endif
#if defined(NVGT_NCCL)
#define USE_C10D_NCCL
#endif

#if defined(NVGT_GLOO) || defined(NVGT_NCCL)
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/version.h>
#endif
#if defined(NVGT_GLOO)
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#if defined(NVGT_NCCL)
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

using namespace nvg::door;

NVGT_EXPORT int32_t nvgt_group_backends(uint8_t *has_gloo, uint8_t *has_nccl) {
#if defined(NVGT_GLOO)
  *has_gloo = 1;
#else
  *has_gloo = 0;
#endif
#if defined(NVGT_NCCL)
  *has_nccl = 1;
#else
  *has_nccl = 0;
#endif
  return NVGT_OK;
}

#if defined(NVGT_GLOO) || defined(NVGT_NCCL)

namespace {

#if TORCH_VERSION_MAJOR >= 2
using Group = c10d::Backend;
#else
using Group = c10d::ProcessGroup;
#endif

// The objects behind the handles: references that c10d shares with its own threads.
using StoreHandle = c10::intrusive_ptr<c10d::TCPStore>;
using GroupHandle = c10::intrusive_ptr<Group>;
using WorkHandle = c10::intrusive_ptr<c10d::Work>;

template <typename Handle> Handle &at_handle(void *handle) { return *static_cast<Handle *>(handle); }

#if defined(NVGT_GLOO)
GroupHandle make_gloo(const c10::intrusive_ptr<c10d::Store> &store, int32_t rank, int32_t size,
                      std::chrono::milliseconds timeout, const char *network, const char *address) {
  auto options = c10d::ProcessGroupGloo::Options::create();
  options->timeout = timeout;
  options->devices.push_back(network != nullptr   ? c10d::ProcessGroupGloo::createDeviceForInterface(network)
                             : address != nullptr ? c10d::ProcessGroupGloo::createDeviceForHostname(address)
                                                  : c10d::ProcessGroupGloo::createDefaultDevice());
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options);
}
#endif

#if defined(NVGT_NCCL)
GroupHandle make_nccl(const c10::intrusive_ptr<c10d::Store> &store, int32_t rank, int32_t size,
                      std::chrono::milliseconds timeout) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
}
#endif

// Since 2.4, the store uses libuv by default, which not every build of libtorch includes; the other backend is always
// available.
template <typename Options> auto avoid_libuv(Options &options, int) -> decltype(options.useLibUV, void()) {
  options.useLibUV = false;
}

template <typename Options> void avoid_libuv(Options &, long) {}

} // namespace

NVGT_EXPORT int32_t nvgt_store_new(const char *host, int32_t port, uint8_t is_server, int64_t timeout_ms,
                                   nvgt_store *result) {
  return guarded([&] {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    options.isServer = is_server != 0;
    options.waitWorkers = false;
    avoid_libuv(options, 0);
    options.timeout = std::chrono::milliseconds(timeout_ms);
    *result = new StoreHandle(c10::make_intrusive<c10d::TCPStore>(host, options));
  });
}

NVGT_EXPORT int32_t nvgt_store_release(nvgt_store store) {
  return guarded([&] { delete &at_handle<StoreHandle>(store); });
}

NVGT_EXPORT int32_t nvgt_store_set(nvgt_store store, const char *key, const uint8_t *value, int64_t length) {
  return guarded([&] { at_handle<StoreHandle>(store)->set(key, std::vector<uint8_t>(value, value + length)); });
}

NVGT_EXPORT int32_t nvgt_store_get(nvgt_store store, const char *key, uint8_t *buffer, int64_t capacity,
                                   int64_t *length) {
  return guarded([&] {
    const std::vector<uint8_t> value = at_handle<StoreHandle>(store)->get(key);
    *length = static_cast<int64_t>(value.size());
    if (buffer != nullptr && capacity > 0)
      std::memcpy(buffer, value.data(), static_cast<size_t>(std::min<int64_t>(capacity, *length)));
  });
}

NVGT_EXPORT int32_t nvgt_store_has(nvgt_store store, const char *key, uint8_t *found) {
  return guarded([&] { *found = at_handle<StoreHandle>(store)->check({key}) ? 1 : 0; });
}

NVGT_EXPORT int32_t nvgt_store_add(nvgt_store store, const char *key, int64_t amount, int64_t *sum) {
  return guarded([&] { *sum = at_handle<StoreHandle>(store)->add(key, amount); });
}

NVGT_EXPORT int32_t nvgt_group_new(nvgt_store store, const char *backend, const char *prefix, int32_t rank,
                                   int32_t size, int64_t timeout_ms, [[maybe_unused]] const char *network,
                                   [[maybe_unused]] const char *address, nvgt_group *result) {
  return guarded([&] {
    c10::intrusive_ptr<c10d::Store> own = c10::make_intrusive<c10d::PrefixStore>(prefix, at_handle<StoreHandle>(store));
    const std::chrono::milliseconds timeout(timeout_ms);
    const std::string name(backend);
#if defined(NVGT_GLOO)
    if (name == "gloo") {
      *result = new GroupHandle(make_gloo(own, rank, size, timeout, network, address));
      return;
    }
#endif
#if defined(NVGT_NCCL)
    if (name == "nccl") {
      *result = new GroupHandle(make_nccl(own, rank, size, timeout));
      return;
    }
#endif
    TORCH_CHECK_VALUE(false, "this build of libnvg_torch has no ", name,
                      ": its headers were missing when the library was built (docs/building.md)");
  });
}

NVGT_EXPORT int32_t nvgt_group_release(nvgt_group group) {
  return guarded([&] { delete &at_handle<GroupHandle>(group); });
}

NVGT_EXPORT int32_t nvgt_group_all_reduce(nvgt_group group, nvgt_tensor tensor, int32_t operation, nvgt_work *result) {
  return guarded([&] {
    std::vector<at::Tensor> tensors{borrow(tensor)};
    c10d::AllreduceOptions options;
    options.reduceOp = operation == 1 ? c10d::ReduceOp::MAX : c10d::ReduceOp::SUM;
    *result = new WorkHandle(at_handle<GroupHandle>(group)->allreduce(tensors, options));
  });
}

NVGT_EXPORT int32_t nvgt_group_broadcast(nvgt_group group, nvgt_tensor tensor, int32_t root, nvgt_work *result) {
  return guarded([&] {
    std::vector<at::Tensor> tensors{borrow(tensor)};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    *result = new WorkHandle(at_handle<GroupHandle>(group)->broadcast(tensors, options));
  });
}

NVGT_EXPORT int32_t nvgt_work_is_done(nvgt_work work, uint8_t *done) {
  return guarded([&] { *done = at_handle<WorkHandle>(work)->isCompleted() ? 1 : 0; });
}

NVGT_EXPORT int32_t nvgt_work_wait(nvgt_work work) {
  return guarded([&] { at_handle<WorkHandle>(work)->wait(); });
}

NVGT_EXPORT int32_t nvgt_work_release(nvgt_work work) {
  return guarded([&] { delete &at_handle<WorkHandle>(work); });
}

#else

namespace {

int32_t no_groups() {
  last_error() = "this build of libnvg_torch has no groups of processes: libtorch's c10d or the headers of Gloo were "
                 "missing when it was built (Debian: libgloo-dev; docs/building.md)";
  return NVGT_ERROR;
}

// Since 2.4, the store uses libuv by default, which not every build of libtorch includes; the other backend is always
// available.
template <typename Options> auto avoid_libuv(Options &options, int) -> decltype(options.useLibUV, void()) {
  options.useLibUV = false;
}

template <typename Options> void avoid_libuv(Options &, long) {}

} // namespace

NVGT_EXPORT int32_t nvgt_store_new(const char *, int32_t, uint8_t, int64_t, nvgt_store *) { return no_groups(); }
NVGT_EXPORT int32_t nvgt_store_release(nvgt_store) { return no_groups(); }
NVGT_EXPORT int32_t nvgt_store_set(nvgt_store, const char *, const uint8_t *, int64_t) { return no_groups(); }
NVGT_EXPORT int32_t nvgt_store_get(nvgt_store, const char *, uint8_t *, int64_t, int64_t *) { return no_groups(); }
NVGT_EXPORT int32_t nvgt_store_has(nvgt_store, const char *, uint8_t *) { return no_groups(); }
NVGT_EXPORT int32_t nvgt_store_add(nvgt_store, const char *, int64_t, int64_t *) { return no_groups(); }
NVGT_EXPORT int32_t nvgt_group_new(nvgt_store, const char *, const char *, int32_t, int32_t, int64_t, const char *,
                                   const char *, nvgt_group *) {
  return no_groups();
}
NVGT_EXPORT int32_t nvgt_group_release(nvgt_group) { return no_groups(); }
NVGT_EXPORT int32_t nvgt_group_all_reduce(nvgt_group, nvgt_tensor, int32_t, nvgt_work *) { return no_groups(); }
NVGT_EXPORT int32_t nvgt_group_broadcast(nvgt_group, nvgt_tensor, int32_t, nvgt_work *) { return no_groups(); }
NVGT_EXPORT int32_t nvgt_work_is_done(nvgt_work, uint8_t *) { return no_groups(); }
NVGT_EXPORT int32_t nvgt_work_wait(nvgt_work) { return no_groups(); }
NVGT_EXPORT int32_t nvgt_work_release(nvgt_work) { return no_groups(); }

#endif
