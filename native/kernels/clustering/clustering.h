// Bottom-up greedy balanced clustering: the structure construction of the NVG tokenizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace nvg {

// Scratch memory of greedy_clustering. It grows to the largest problem seen and is reused; one per thread.
class ClusteringWorkspace {
public:
  ClusteringWorkspace() = default;
  ClusteringWorkspace(const ClusteringWorkspace &) = delete;
  ClusteringWorkspace &operator=(const ClusteringWorkspace &) = delete;

  // A 64-byte aligned block of at least `size` bytes; its content is unspecified.
  std::byte *reserve(std::size_t size);

private:
  std::unique_ptr<std::byte[]> storage_;
  std::size_t capacity_ = 0;
};

// Clusters one image.
//
// points: length × channels, row-major. labels: (K + 1) × length with length = 2^K, stage-major:
// labels[i * length + l] is the cluster of position l at stage i, in 0 … 2^i − 1. Every cluster of stage i has
// length / 2^i members, and its children at stage i + 1 are 2j and 2j + 1; stage K is a permutation.
//
// One level joins n clusters to n / 2: the closest two remaining means (of the original points of all members) are
// joined until none remain. Ties go to the smallest row-major (i, j), i < j. The m-th pair becomes cluster m of the
// next level. Of two siblings, the one with the smaller number gets the even label.
//
// Distances are compared as float32 squares, summed over the channels in order and computed from the differences
// themselves, so near copies do not suffer from cancellation. On machines with fused multiply-add, the sum is fused.
// Labels can then differ from those of other machines, but only for distances that agree to the last bits. Points of
// any finite magnitude work.
//
// Takes time proportional to length² · channels and about 4 · length² bytes of memory. Thread-safe with one workspace
// per thread.
//
// Throws std::invalid_argument if length is not a power of two, channels is not positive or a value is not finite.
void greedy_clustering(const float *points, int64_t length, int64_t channels, int64_t *labels,
                       ClusteringWorkspace &workspace);

} // namespace nvg
