#include "clustering.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#define NVG_INLINE inline __attribute__((always_inline))

namespace nvg {
namespace {

constexpr std::int64_t kLanes = 16;  // floats in the widest vector; rows are padded to a multiple of it
constexpr std::int64_t kMaxLength = std::int64_t{1} << 30;  // positions are int32
constexpr int kTargetExponent = 50;  // of the largest scaled magnitude: its squares and small ones both fit float32

// Squared distances are non-negative floats, whose bits order like integers; comparing those makes removal a bitwise
// or.
using Key = std::int32_t;
constexpr Key kRemoved = std::numeric_limits<Key>::max();

// Columns that are computed for a row of clusters.
constexpr std::int64_t Padded(std::int64_t clusters) { return (clusters + kLanes - 1) / kLanes * kLanes; }

// Elements from row to row. One cache line more, since rows at powers of two would share the same few cache sets.
constexpr std::int64_t Stride(std::int64_t clusters) { return Padded(clusters) + kLanes; }

using Keys2 = Key __attribute__((vector_size(8)));
using Keys4 = Key __attribute__((vector_size(16)));
using Keys8 = Key __attribute__((vector_size(32)));

struct Pair {
  std::int32_t first;
  std::int32_t second;
};

struct Nearest {
  Key distance;
  std::int32_t index;
};

// One level of the hierarchy, to be halved. Arrays and their rows are aligned to 64 bytes.
struct Level {
  std::int64_t clusters;
  std::int64_t columns;  // clusters, padded to whole vectors
  std::int64_t stride;
  std::int64_t channels;
  const float* means;     // channels × stride
  Key* distances;         // columns × stride; kRemoved up to and including the diagonal
  Key* removed;           // per column: 0, or kRemoved once the cluster has been joined
  Key* nearest_distance;  // per row i: the smallest distance to j > i when the row was last scanned
  std::int32_t* nearest;  // per row: the first j that has it
};

// Joins the clusters of a level in pairs, in order of distance.
//
// Only distances to j > i are kept, and with every row its nearest. Removing clusters can only increase a row's
// minimum, so an outdated entry is a lower bound: the smallest entry is either the next pair or a row to scan again.
// The first smallest row, and in it the first smallest column, is the row-major rule for ties.
using MatchLevelFunction = void (*)(const Level& level, Pair* pairs);

namespace baseline {
constexpr int kWidth = 4;
constexpr int kRows = 2;
#include "clustering_kernel.inc"
}  // namespace baseline

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
namespace avx2 {
constexpr int kWidth = 8;
constexpr int kRows = 4;
#include "clustering_kernel.inc"
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
namespace avx512 {
constexpr int kWidth = 16;
constexpr int kRows = 8;
#include "clustering_kernel.inc"
}  // namespace avx512
#pragma GCC pop_options

MatchLevelFunction SelectMatchLevel() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return avx512::MatchLevel;
  if (__builtin_cpu_supports("x86-64-v3")) return avx2::MatchLevel;
  return baseline::MatchLevel;
}

#else

MatchLevelFunction SelectMatchLevel() { return baseline::MatchLevel; }

#endif

// Hands out 64-byte aligned parts of one block. Without a block it only adds up sizes.
class Arena {
 public:
  explicit Arena(std::byte* block) : block_(block) {}

  template <typename T>
  T* Take(std::int64_t count) {
    auto* part = block_ == nullptr ? nullptr : reinterpret_cast<T*>(block_ + size_);
    size_ += (static_cast<std::size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return part;
  }

  std::size_t size() const { return size_; }

 private:
  std::byte* block_;
  std::size_t size_ = 0;
};

struct Buffers {
  Buffers(Arena& arena, std::int64_t length, std::int64_t channels) {
    const auto columns = Padded(length);
    means = arena.Take<float>(channels * Stride(length));
    joined_means = arena.Take<float>(channels * Stride(length));
    distances = arena.Take<Key>(columns * Stride(length));
    removed = arena.Take<Key>(columns);
    nearest_distance = arena.Take<Key>(columns);
    nearest = arena.Take<std::int32_t>(columns);
    pairs = arena.Take<Pair>(length);
    order = arena.Take<std::int32_t>(length);
    next_order = arena.Take<std::int32_t>(length);
  }

  float* means;
  float* joined_means;
  Key* distances;
  Key* removed;
  Key* nearest_distance;
  std::int32_t* nearest;
  Pair* pairs;  // the pairs of the level with n clusters start at n / 2
  std::int32_t* order;
  std::int32_t* next_order;
};

Buffers Reserve(ClusteringWorkspace& workspace, std::int64_t length, std::int64_t channels) {
  Arena measure(nullptr);
  Buffers(measure, length, channels);
  Arena arena(workspace.Reserve(measure.size()));
  return Buffers(arena, length, channels);
}

// The power of two that brings the largest magnitude near 2^kTargetExponent. Scaling by it is exact, and keeps the
// squares of huge and of tiny points inside float32.
float FindScale(const float* points, std::int64_t count) {
  constexpr std::int32_t kInfinity = 0x7f800000;
  std::int32_t largest = 0;
  for (std::int64_t k = 0; k < count; ++k) {
    std::int32_t bits;
    std::memcpy(&bits, points + k, sizeof bits);
    largest = std::max(largest, bits & std::numeric_limits<std::int32_t>::max());
  }
  if (largest >= kInfinity) throw std::invalid_argument("greedy_clustering: points must be finite");
  if (largest == 0) return 1.0f;
  float magnitude;
  std::memcpy(&magnitude, &largest, sizeof magnitude);
  return std::ldexp(1.0f, std::min(kTargetExponent - std::ilogb(magnitude), 127));
}

// points (length × channels) → means (channels × stride): the clusters of a channel are contiguous.
void LoadPoints(const float* points, std::int64_t length, std::int64_t channels, float* means) {
  const auto stride = Stride(length);
  const auto scale = FindScale(points, length * channels);
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t l = 0; l < length; ++l) means[c * stride + l] = points[l * channels + c] * scale;
    std::fill(means + c * stride + length, means + (c + 1) * stride, 0.0f);
  }
}

// Clusters have equal sizes, so the mean of a union is the mean of the means; halving is exact.
void JoinMeans(const Level& level, const Pair* pairs, float* joined) {
  const auto count = level.clusters / 2;
  const auto stride = Stride(count);
  for (std::int64_t c = 0; c < level.channels; ++c) {
    const auto* from = level.means + c * level.stride;
    auto* to = joined + c * stride;
    for (std::int64_t m = 0; m < count; ++m) to[m] = 0.5f * (from[pairs[m].first] + from[pairs[m].second]);
    std::fill(to + count, to + stride, 0.0f);
  }
}

// Walks the pairs from the root down. The first member of a pair has the smaller number and gets the even label.
void WriteLabels(Buffers buffers, std::int64_t length, std::int64_t* labels) {
  int last_stage = 0;
  buffers.order[0] = 0;
  for (std::int64_t n = 2; n <= length; n *= 2, ++last_stage) {
    const auto* pairs = buffers.pairs + n / 2;
    for (std::int64_t m = 0; m < n / 2; ++m) {
      buffers.next_order[pairs[m].first] = 2 * buffers.order[m];
      buffers.next_order[pairs[m].second] = 2 * buffers.order[m] + 1;
    }
    std::swap(buffers.order, buffers.next_order);
  }
  for (int i = 0; i <= last_stage; ++i) {
    for (std::int64_t l = 0; l < length; ++l) labels[i * length + l] = buffers.order[l] >> (last_stage - i);
  }
}

void Cluster(MatchLevelFunction match_level, const float* points, std::int64_t length, std::int64_t channels,
             std::int64_t* labels, ClusteringWorkspace& workspace) {
  auto buffers = Reserve(workspace, length, channels);
  LoadPoints(points, length, channels, buffers.means);
  for (auto n = length; n > 1; n /= 2) {
    const Level level{n, Padded(n), Stride(n), channels, buffers.means, buffers.distances, buffers.removed,
                      buffers.nearest_distance, buffers.nearest};
    std::fill(level.removed, level.removed + n, 0);
    std::fill(level.removed + n, level.removed + level.columns, kRemoved);
    std::fill(level.nearest_distance + n, level.nearest_distance + level.columns, kRemoved);
    auto* pairs = buffers.pairs + n / 2;
    match_level(level, pairs);
    JoinMeans(level, pairs, buffers.joined_means);
    std::swap(buffers.means, buffers.joined_means);
  }
  WriteLabels(buffers, length, labels);
}

}  // namespace

std::byte* ClusteringWorkspace::Reserve(std::size_t size) {
  constexpr std::size_t kAlignment = 64;
  if (size > capacity_) {
    storage_.reset();
    capacity_ = 0;
    storage_.reset(new std::byte[size + kAlignment]);
    capacity_ = size;
  }
  const auto address = reinterpret_cast<std::uintptr_t>(storage_.get());
  return storage_.get() + (kAlignment - address % kAlignment) % kAlignment;
}

void greedy_clustering(const float* points, std::int64_t length, std::int64_t channels, std::int64_t* labels,
                       ClusteringWorkspace& workspace) {
  static const auto match_level = SelectMatchLevel();
  if (length < 1 || length > kMaxLength || (length & (length - 1)) != 0) {
    throw std::invalid_argument("greedy_clustering: the number of points must be a power of two");
  }
  if (channels < 1) throw std::invalid_argument("greedy_clustering: points must have at least one channel");
  Cluster(match_level, points, length, channels, labels, workspace);
}

}  // namespace nvg
