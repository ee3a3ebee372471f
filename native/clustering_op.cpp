// torch.ops.nvg.greedy_clustering: clustering.h for a batch of images. at::parallel_for is a header template that runs
// on one thread unless this file is compiled with OpenMP, where libtorch uses it.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <atomic>
#include <stdexcept>

#include "clustering.h"

#if defined(AT_PARALLEL_OPENMP) && AT_PARALLEL_OPENMP && !defined(_OPENMP)
#error "Compile with OpenMP (-fopenmp): at::parallel_for would silently use one thread."
#endif

namespace nvg {
namespace {

// Checks points_BLC and allocates labels (B, K + 1, L).
at::Tensor EmptyLabels(const at::Tensor& points) {
  TORCH_CHECK(points.dim() == 3, "greedy_clustering: points must be (batch, length, channels), got ", points.sizes());
  TORCH_CHECK(at::isFloatingType(points.scalar_type()), "greedy_clustering: points must be floating point, got ",
              points.scalar_type());
  const auto length = points.size(1);
  TORCH_CHECK(length >= 1 && (length & (length - 1)) == 0,
              "greedy_clustering: length must be a power of two, got points of shape ", points.sizes());
  TORCH_CHECK(points.size(2) >= 1, "greedy_clustering: points must have at least one channel, got shape ",
              points.sizes());
  std::int64_t stages = 1;
  for (auto n = length; n > 1; n /= 2) ++stages;
  return at::empty({points.size(0), stages, length}, points.options().dtype(at::kLong));
}

at::Tensor GreedyClusteringMeta(const at::Tensor& points) { return EmptyLabels(points); }

at::Tensor GreedyClusteringCpu(const at::Tensor& points) {
  auto labels = EmptyLabels(points);
  const auto values = points.detach().to(at::kFloat).contiguous();
  const auto length = values.size(1);
  const auto channels = values.size(2);
  const auto* from = values.data_ptr<float>();
  auto* to = labels.data_ptr<std::int64_t>();
  const auto labels_per_image = labels.size(1) * length;

  std::atomic<std::int64_t> rejected{-1};
  at::parallel_for(0, values.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    ClusteringWorkspace workspace;
    for (auto b = begin; b < end; ++b) {
      try {
        greedy_clustering(from + b * length * channels, length, channels, to + b * labels_per_image, workspace);
      } catch (const std::invalid_argument&) {  // shapes are checked above: what is left is a value
        rejected = b;
      }
    }
  });
  TORCH_CHECK(rejected < 0, "greedy_clustering: points must be finite in float32; image ", rejected.load(), " of ",
              values.size(0), " has an infinite or NaN value");
  return labels;
}

}  // namespace
}  // namespace nvg

TORCH_LIBRARY(nvg, m) { m.def("greedy_clustering(Tensor points) -> Tensor"); }

TORCH_LIBRARY_IMPL(nvg, CPU, m) { m.impl("greedy_clustering", &nvg::GreedyClusteringCpu); }

TORCH_LIBRARY_IMPL(nvg, Meta, m) { m.impl("greedy_clustering", &nvg::GreedyClusteringMeta); }

// Labels have no gradient, and torch 1.13 has no fallback for meta tensors here.
TORCH_LIBRARY_IMPL(nvg, Autograd, m) { m.impl("greedy_clustering", torch::CppFunction::makeFallthrough()); }
