// Compares every matrix engine of this processor with explicit sums. Includes the implementation to access all engines.
#include "kernels/tiles/matrix_tiles.cpp"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

namespace {

using namespace nvg::tiles;

uint16_t to_bfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>(bits >> 16);
}

float from_bfloat16(uint16_t value) {
  const uint32_t bits = static_cast<uint32_t>(value) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

// `wide`: the left operand consists of rows of a wider matrix instead of separate tiles. `placed`: the positions of its
// tiles are given individually, in reverse order.
int check(const Engine &engine, int64_t depth_tiles, bool wide, bool accumulate, bool placed) {
  std::mt19937 random(static_cast<unsigned>(depth_tiles));
  std::normal_distribution<float> normal;
  const int64_t depth = depth_tiles * kDepth, c_row = kBlock + 7;
  const Left shape = wide ? Left{nullptr, depth + 32, kRows * (depth + 32), kDepth}
                          : Left{nullptr, kDepth, depth_tiles * kElements, kElements};
  std::vector<uint16_t> a(static_cast<size_t>(2 * kRows * (depth + 32))),
      b(static_cast<size_t>(2 * depth_tiles * kElements));
  std::vector<float> c(static_cast<size_t>(kBlock * c_row)), expected;
  std::vector<int64_t> places;
  for (int64_t k = 0; k < depth_tiles; k++)
    places.push_back((placed ? depth_tiles - 1 - k : k) * shape.depth_tile);
  for (auto &value : a)
    value = to_bfloat16(normal(random));
  for (auto &value : b)
    value = to_bfloat16(normal(random));
  for (auto &value : c)
    value = normal(random);
  expected = c;
  for (int64_t i = 0; i < kBlock; i++) {
    for (int64_t j = 0; j < kBlock; j++) {
      double sum = accumulate ? c[i * c_row + j] : 0;
      for (int64_t k = 0; k < depth; k++)
        sum +=
            static_cast<double>(from_bfloat16(a[i / kRows * shape.row_tile + places[static_cast<size_t>(k / kDepth)] +
                                                i % kRows * shape.row + k % kDepth])) *
            from_bfloat16(b[j / kColumns * depth_tiles * kElements + k / kDepth * kElements + k % kDepth / 2 * 32 +
                            j % kColumns * 2 + k % 2]);
      expected[i * c_row + j] = static_cast<float>(sum);
    }
  }
  engine.enter();
  engine.multiply(Left{a.data(), shape.row, shape.row_tile, shape.depth_tile, placed ? places.data() : nullptr},
                  Right{b.data(), depth_tiles * kElements, kElements}, depth_tiles, c.data(), c_row, accumulate);
  engine.leave();
  double largest = 0;
  for (size_t i = 0; i < c.size(); i++)
    largest = std::max(largest, static_cast<double>(std::fabs(c[i] - expected[i])));
  const bool fine = largest < 1e-5 * std::sqrt(static_cast<double>(depth)) * 8;
  if (!fine)
    std::fprintf(stderr, "FAILED: %s, depth %ld, wide %d, accumulate %d, placed %d: off by %g\n", engine.name,
                 static_cast<long>(depth), wide, accumulate, placed, largest);
  return fine ? 0 : 1;
}

} // namespace

int main() {
  std::vector<const Engine *> engines;
#ifdef NVG_MATRIX_ENGINES
  if (nvg::processor::has_amx_bf16())
    engines.push_back(&kAmx);
  if (nvg::processor::has_avx512_bf16())
    engines.push_back(&kAvx512);
#endif
  if (engines.empty()) {
    std::printf("this processor has no matrix engine\n");
    return 77;
  }
  int failures = 0;
  for (const Engine *engine : engines) {
    for (int64_t depth_tiles : {1, 2, 5, 16})
      for (int variant = 0; variant < 8; variant++)
        failures += check(*engine, depth_tiles, variant & 1, variant & 2, variant & 4);
    std::printf("%s: checked\n", engine->name);
  }
  return failures == 0 ? 0 : 1;
}
