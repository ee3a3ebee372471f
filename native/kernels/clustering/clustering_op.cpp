// torch.ops.nvg.greedy_clustering: clustering.h for a batch of images.
#include "kernels/clustering/clustering.h"
#include "kernels/library.h"
#include "kernels/parallel.h"

#include <ATen/ATen.h>
#include <torch/library.h>

#include <atomic>
#include <stdexcept>

namespace nvg {
namespace {

// Checks points_BLC and allocates labels (B, K + 1, L).
at::Tensor empty_labels(const at::Tensor &points) {
  TORCH_CHECK(points.dim() == 3, "greedy_clustering: points must be (batch, length, channels), got ", points.sizes());
  TORCH_CHECK(at::isFloatingType(points.scalar_type()), "greedy_clustering: points must be floating point, got ",
              points.scalar_type());
  const auto length = points.size(1);
  TORCH_CHECK(length >= 1 && (length & (length - 1)) == 0,
              "greedy_clustering: length must be a power of two, got points of shape ", points.sizes());
  TORCH_CHECK(points.size(2) >= 1, "greedy_clustering: points must have at least one channel, got shape ",
              points.sizes());
  int64_t stages = 1;
  for (auto n = length; n > 1; n /= 2)
    ++stages;
  return at::empty({points.size(0), stages, length}, points.options().dtype(at::kLong));
}

at::Tensor greedy_clustering_meta(const at::Tensor &points) { return empty_labels(points); }

at::Tensor greedy_clustering_cpu(const at::Tensor &points) {
  auto labels = empty_labels(points);
  const auto values = points.detach().to(at::kFloat).contiguous();
  const auto length = values.size(1);
  const auto channels = values.size(2);
  const auto *from = values.data_ptr<float>();
  auto *to = labels.data_ptr<int64_t>();
  const auto labels_per_image = labels.size(1) * length;

  std::atomic<int64_t> rejected{-1};
  parallel_for(0, values.size(0), 1, [&](int64_t begin, int64_t end) {
    ClusteringWorkspace workspace;
    for (auto b = begin; b < end; ++b) {
      try {
        greedy_clustering(from + b * length * channels, length, channels, to + b * labels_per_image, workspace);
      } catch (const std::invalid_argument &) { // shapes are checked above, so the cause is a value
        rejected = b;
      }
    }
  });
  TORCH_CHECK(rejected < 0, "greedy_clustering: points must be finite in float32; image ", rejected.load(), " of ",
              values.size(0), " has an infinite or NaN value");
  return labels;
}

} // namespace

TORCH_LIBRARY_IMPL(nvg, CPU, m) { m.impl("greedy_clustering", &greedy_clustering_cpu); }

TORCH_LIBRARY_IMPL(nvg, Meta, m) { m.impl("greedy_clustering", &greedy_clustering_meta); }

} // namespace nvg
