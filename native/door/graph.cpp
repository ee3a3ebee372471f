// CUDA graphs: device work that is captured once and replayed with a single launch.
#include "door/guard.h"
#include "door/optional.h"

#ifdef NVGT_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/cuda.h>
#include <torch/version.h>
#endif

using namespace nvg::door;

#ifdef NVGT_CUDA
namespace {

// Work is captured on a separate stream, because libtorch cannot capture the default stream.
struct Graph {
  explicit Graph(c10::DeviceIndex device) : device(device), stream(c10::cuda::getStreamFromPool(false, device)) {}

  c10::DeviceIndex device;
  c10::cuda::CUDAStream stream;
  nvg::optional<c10::cuda::CUDAStream> outer;
  at::cuda::CUDAGraph graph;
  bool is_capturing = false;
};

Graph &graph_of(nvgt_graph graph) { return *static_cast<Graph *>(graph); }

// Other threads may use the device during capture; only this thread's calls are restricted.
void begin_capture(Graph &graph) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 1)
  graph.graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
#else
  graph.graph.capture_begin();
#endif
  graph.is_capturing = true;
}

} // namespace
#else
namespace {

[[noreturn]] void without_cuda() { TORCH_CHECK(false, "this build of the native library has no CUDA graphs"); }

} // namespace
#endif

NVGT_EXPORT int32_t nvgt_has_graphs(uint8_t *available) {
#ifdef NVGT_CUDA
  return guarded([&] { *available = torch::cuda::is_available(); });
#else
  return guarded([&] { *available = 0; });
#endif
}

NVGT_EXPORT int32_t nvgt_graph_new([[maybe_unused]] int32_t device_index, [[maybe_unused]] nvgt_graph *result) {
  return guarded([&] {
#ifdef NVGT_CUDA
    const c10::cuda::CUDAGuard device(static_cast<c10::DeviceIndex>(device_index));
    *result = new Graph(static_cast<c10::DeviceIndex>(device_index));
#else
    without_cuda();
#endif
  });
}

NVGT_EXPORT int32_t nvgt_graph_enter([[maybe_unused]] nvgt_graph graph, [[maybe_unused]] uint8_t captures) {
  return guarded([&] {
#ifdef NVGT_CUDA
    Graph &own = graph_of(graph);
    TORCH_CHECK(!own.outer.has_value(), "the stream of this graph has been entered already");
    // The work reads what earlier work on the outer stream has written.
    torch::cuda::synchronize(own.device);
    own.outer = c10::cuda::getCurrentCUDAStream(own.device);
    c10::cuda::setCurrentCUDAStream(own.stream);
    if (captures == 0)
      return;
    try {
      begin_capture(own);
    } catch (...) {
      c10::cuda::setCurrentCUDAStream(*own.outer);
      own.outer.reset();
      throw;
    }
#else
    without_cuda();
#endif
  });
}

NVGT_EXPORT int32_t nvgt_graph_exit([[maybe_unused]] nvgt_graph graph) {
  return guarded([&] {
#ifdef NVGT_CUDA
    Graph &own = graph_of(graph);
    TORCH_CHECK(own.outer.has_value(), "the stream of this graph has not been entered");
    const c10::cuda::CUDAStream outer = *own.outer;
    const bool was_capturing = own.is_capturing;
    own.outer.reset();
    own.is_capturing = false;
    try {
      if (was_capturing)
        own.graph.capture_end();
      else
        torch::cuda::synchronize(own.device);
    } catch (...) {
      c10::cuda::setCurrentCUDAStream(outer);
      throw;
    }
    c10::cuda::setCurrentCUDAStream(outer);
#else
    without_cuda();
#endif
  });
}

NVGT_EXPORT int32_t nvgt_graph_replay([[maybe_unused]] nvgt_graph graph) {
  return guarded([&] {
#ifdef NVGT_CUDA
    graph_of(graph).graph.replay();
#else
    without_cuda();
#endif
  });
}

NVGT_EXPORT int32_t nvgt_graph_release([[maybe_unused]] nvgt_graph graph) {
  return guarded([&] {
#ifdef NVGT_CUDA
    // A replay may still be running.
    torch::cuda::synchronize(graph_of(graph).device);
    delete static_cast<Graph *>(graph);
#else
    without_cuda();
#endif
  });
}
