// Compares every matrix engine of this processor with explicit sums. Includes the implementation to access all engines.
#include "kernels/tiles/matrix_tiles.cpp"

#include <algorithm>
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

// Products of bytes are exact, so all sums must be equal.
int check_int8(const Engine &engine, int64_t depth_tiles, bool accumulate) {
  std::mt19937 random(static_cast<unsigned>(depth_tiles));
  std::uniform_int_distribution<int> bytes(0, 255), numbers(-1000000, 1000000);
  const int64_t depth = depth_tiles * kInt8Depth, c_row = kBlock + 7;
  std::vector<uint8_t> a(static_cast<size_t>(kBlock * depth));
  std::vector<int8_t> b(static_cast<size_t>(kBlock * depth));
  std::vector<int32_t> c(static_cast<size_t>(kBlock * c_row));
  for (auto &value : a)
    value = static_cast<uint8_t>(bytes(random));
  for (auto &value : b)
    value = static_cast<int8_t>(bytes(random) - 128);
  // Sums of four products that do not fit in 16 bits.
  std::fill_n(a.begin(), 64, uint8_t{255});
  std::fill_n(b.begin(), 64, int8_t{-128});
  for (auto &value : c)
    value = numbers(random);
  std::vector<int32_t> expected = c;
  for (int64_t i = 0; i < kBlock; i++) {
    for (int64_t j = 0; j < kBlock; j++) {
      int32_t sum = accumulate ? c[i * c_row + j] : 0;
      for (int64_t k = 0; k < depth; k++) {
        const int64_t tile = k / kInt8Depth, place = k % kInt8Depth;
        sum += a[(i / kRows * depth_tiles + tile) * kInt8Elements + i % kRows * kInt8Depth + place] *
               b[(j / kColumns * depth_tiles + tile) * kInt8Elements + place / 4 * 64 + j % kColumns * 4 + place % 4];
      }
      expected[i * c_row + j] = sum;
    }
  }
  const Left left{reinterpret_cast<const uint16_t *>(a.data()), kDepth, depth_tiles * kElements, kElements};
  const Right right{reinterpret_cast<const uint16_t *>(b.data()), depth_tiles * kElements, kElements};
  engine.enter();
  engine.multiply_int8(left, right, depth_tiles, c.data(), c_row, accumulate);
  engine.leave();
  if (c == expected)
    return 0;
  std::fprintf(stderr, "FAILED: %s in int8, depth %ld, accumulate %d\n", engine.name, static_cast<long>(depth),
               accumulate);
  return 1;
}

} // namespace

int main() {
  std::vector<const Engine *> engines, int8_engines;
#ifdef NVG_MATRIX_ENGINES
  if (nvg::processor::has_amx_int8())
    int8_engines.push_back(&kAmx);
  if (nvg::processor::has_avx512_vnni())
    int8_engines.push_back(&kAvx512);
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
  for (const Engine *engine : int8_engines) {
    for (int64_t depth_tiles : {1, 2, 5, 16})
      for (bool accumulate : {false, true})
        failures += check_int8(*engine, depth_tiles, accumulate);
    std::printf("%s in int8: checked\n", engine->name);
  }
  return failures == 0 ? 0 : 1;
}
