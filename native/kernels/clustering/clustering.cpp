#include "kernels/clustering/clustering.h"

#include "kernels/processor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#define NVG_INLINE inline __attribute__((always_inline))

namespace nvg {
namespace {

constexpr int64_t kLanes = 16;                   // floats in the widest vector; rows are padded to a multiple of it
constexpr int64_t kMaxLength = int64_t{1} << 30; // positions are int32
constexpr int kTargetExponent = 50; // of the largest scaled magnitude: its square and tiny ones both fit float32

// Squared distances are non-negative floats, whose bits have the same order as integers. Comparing integers makes
// removal a bitwise or.
using Key = int32_t;
constexpr Key kRemoved = std::numeric_limits<Key>::max();

// Columns that are computed for a row of clusters.
constexpr int64_t padded(int64_t clusters) { return (clusters + kLanes - 1) / kLanes * kLanes; }

// Distance between rows in elements. One cache line is added, because rows at powers of two would share the same few
// cache sets.
constexpr int64_t row_stride(int64_t clusters) { return padded(clusters) + kLanes; }

using Keys2 = Key __attribute__((vector_size(8)));
using Keys4 = Key __attribute__((vector_size(16)));
using Keys8 = Key __attribute__((vector_size(32)));

struct Pair {
  int32_t first;
  int32_t second;
};

struct Nearest {
  Key distance;
  int32_t index;
};

// One level of the hierarchy, whose clusters are joined in pairs. Arrays and their rows are aligned to 64 bytes.
struct Level {
  int64_t clusters;
  int64_t columns; // clusters, padded to whole vectors
  int64_t stride;
  int64_t channels;
  const float *means;    // channels × stride
  Key *distances;        // columns × stride; kRemoved up to and including the diagonal
  Key *removed;          // per column: 0, or kRemoved once the cluster has been joined
  Key *nearest_distance; // per row i: the smallest distance to j > i when the row was last scanned
  int32_t *nearest;      // per row: the first j with this distance
};

// Joins the clusters of a level in pairs, in order of distance.
//
// Only distances to j > i are stored, and the nearest column of every row. Removing clusters can only increase a row's
// minimum, so an outdated entry is a lower bound: the smallest entry is either the next pair or a row to scan again.
// Choosing the first smallest row, and in it the first smallest column, implements the row-major rule for ties.
using MatchLevelFunction = void (*)(const Level &level, Pair *pairs);

namespace baseline {
constexpr int kWidth = 4;
constexpr int kRows = 2;
#include "kernels/clustering/clustering_kernel.inc"
} // namespace baseline

#ifdef NVG_X86

NVG_TARGET_BEGIN(NVG_X86_64_V3)
namespace avx2 {
constexpr int kWidth = 8;
constexpr int kRows = 4;
#include "kernels/clustering/clustering_kernel.inc"
} // namespace avx2
NVG_TARGET_END

NVG_TARGET_BEGIN(NVG_X86_64_V4)
namespace avx512 {
constexpr int kWidth = 16;
constexpr int kRows = 8;
#include "kernels/clustering/clustering_kernel.inc"
} // namespace avx512
NVG_TARGET_END

#endif

MatchLevelFunction select_match_level() {
#ifdef NVG_X86
  if (processor::has_x86_64_v4())
    return avx512::match_level;
  if (processor::has_x86_64_v3())
    return avx2::match_level;
#endif
  return baseline::match_level;
}

// Allocates 64-byte aligned parts of one block. Without a block, it only adds up sizes.
class Arena {
public:
  explicit Arena(std::byte *block) : block_(block) {}

  template <typename T> T *take(int64_t count) {
    auto *part = block_ == nullptr ? nullptr : reinterpret_cast<T *>(block_ + size_);
    size_ += (static_cast<std::size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return part;
  }

  std::size_t size() const { return size_; }

private:
  std::byte *block_;
  std::size_t size_ = 0;
};

struct Buffers {
  Buffers(Arena &arena, int64_t length, int64_t channels) {
    const auto columns = padded(length);
    means = arena.take<float>(channels * row_stride(length));
    joined_means = arena.take<float>(channels * row_stride(length));
    distances = arena.take<Key>(columns * row_stride(length));
    removed = arena.take<Key>(columns);
    nearest_distance = arena.take<Key>(columns);
    nearest = arena.take<int32_t>(columns);
    pairs = arena.take<Pair>(length);
    order = arena.take<int32_t>(length);
    next_order = arena.take<int32_t>(length);
  }

  float *means;
  float *joined_means;
  Key *distances;
  Key *removed;
  Key *nearest_distance;
  int32_t *nearest;
  Pair *pairs; // the pairs of the level with n clusters start at n / 2
  int32_t *order;
  int32_t *next_order;
};

Buffers reserve(ClusteringWorkspace &workspace, int64_t length, int64_t channels) {
  Arena measure(nullptr);
  Buffers(measure, length, channels);
  Arena arena(workspace.reserve(measure.size()));
  return Buffers(arena, length, channels);
}

// The power of two that brings the largest magnitude near 2^kTargetExponent. Scaling by it is exact and keeps the
// squares of very large and very small points within the range of float32.
float find_scale(const float *points, int64_t count) {
  constexpr int32_t kInfinity = 0x7f800000;
  int32_t largest = 0;
  for (int64_t k = 0; k < count; ++k) {
    int32_t bits;
    std::memcpy(&bits, points + k, sizeof bits);
    largest = std::max(largest, bits & std::numeric_limits<int32_t>::max());
  }
  if (largest >= kInfinity)
    throw std::invalid_argument("greedy_clustering: points must be finite");
  if (largest == 0)
    return 1.0f;
  float magnitude;
  std::memcpy(&magnitude, &largest, sizeof magnitude);
  return std::ldexp(1.0f, std::min(kTargetExponent - std::ilogb(magnitude), 127));
}

// points (length × channels) → means (channels × stride): the clusters of a channel are contiguous.
void load_points(const float *points, int64_t length, int64_t channels, float *means) {
  const auto stride = row_stride(length);
  const auto scale = find_scale(points, length * channels);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t l = 0; l < length; ++l)
      means[c * stride + l] = points[l * channels + c] * scale;
    std::fill(means + c * stride + length, means + (c + 1) * stride, 0.0f);
  }
}

// Clusters have equal sizes, so the mean of a union is the mean of the means; halving is exact.
void join_means(const Level &level, const Pair *pairs, float *joined) {
  const auto count = level.clusters / 2;
  const auto stride = row_stride(count);
  for (int64_t c = 0; c < level.channels; ++c) {
    const auto *from = level.means + c * level.stride;
    auto *to = joined + c * stride;
    for (int64_t m = 0; m < count; ++m)
      to[m] = 0.5f * (from[pairs[m].first] + from[pairs[m].second]);
    std::fill(to + count, to + stride, 0.0f);
  }
}

// Walks the pairs from the root down. The first member of a pair has the smaller number and gets the even label.
void write_labels(Buffers buffers, int64_t length, int64_t *labels) {
  int last_stage = 0;
  buffers.order[0] = 0;
  for (int64_t n = 2; n <= length; n *= 2, ++last_stage) {
    const auto *pairs = buffers.pairs + n / 2;
    for (int64_t m = 0; m < n / 2; ++m) {
      buffers.next_order[pairs[m].first] = 2 * buffers.order[m];
      buffers.next_order[pairs[m].second] = 2 * buffers.order[m] + 1;
    }
    std::swap(buffers.order, buffers.next_order);
  }
  for (int i = 0; i <= last_stage; ++i) {
    for (int64_t l = 0; l < length; ++l)
      labels[i * length + l] = buffers.order[l] >> (last_stage - i);
  }
}

void cluster(MatchLevelFunction match_level, const float *points, int64_t length, int64_t channels, int64_t *labels,
             ClusteringWorkspace &workspace) {
  auto buffers = reserve(workspace, length, channels);
  load_points(points, length, channels, buffers.means);
  for (auto n = length; n > 1; n /= 2) {
    const Level level{n,
                      padded(n),
                      row_stride(n),
                      channels,
                      buffers.means,
                      buffers.distances,
                      buffers.removed,
                      buffers.nearest_distance,
                      buffers.nearest};
    std::fill(level.removed, level.removed + n, 0);
    std::fill(level.removed + n, level.removed + level.columns, kRemoved);
    std::fill(level.nearest_distance + n, level.nearest_distance + level.columns, kRemoved);
    auto *pairs = buffers.pairs + n / 2;
    match_level(level, pairs);
    join_means(level, pairs, buffers.joined_means);
    std::swap(buffers.means, buffers.joined_means);
  }
  write_labels(buffers, length, labels);
}

} // namespace

std::byte *ClusteringWorkspace::reserve(std::size_t size) {
  constexpr std::size_t kAlignment = 64;
  if (size > capacity_) {
    storage_.reset();
    capacity_ = 0;
    storage_.reset(new std::byte[size + kAlignment]);
    capacity_ = size;
  }
  const auto address = reinterpret_cast<uintptr_t>(storage_.get());
  return storage_.get() + (kAlignment - address % kAlignment) % kAlignment;
}

void greedy_clustering(const float *points, int64_t length, int64_t channels, int64_t *labels,
                       ClusteringWorkspace &workspace) {
  static const auto match_level = select_match_level();
  if (length < 1 || length > kMaxLength || (length & (length - 1)) != 0) {
    throw std::invalid_argument("greedy_clustering: the number of points must be a power of two");
  }
  if (channels < 1)
    throw std::invalid_argument("greedy_clustering: points must have at least one channel");
  cluster(match_level, points, length, channels, labels, workspace);
}

} // namespace nvg
