// Compares the nearest code with distances in float64, and greedy clustering of a batch with that of single images,
// which clustering_test.cpp checks.
#include "check.h"

#include <limits>

namespace {

using namespace check;

// If float32 cannot distinguish distances, any of the codes may be chosen.
void check_nearest_code(int64_t count, int64_t codes, int64_t channels, const std::string &threads) {
  const at::Tensor points = at::randn({count, channels}), codebook = at::randn({codes, channels});
  const at::Tensor tokens = call("nearest_code", {points, codebook});
  const at::Tensor distances =
      (points.to(at::kDouble).unsqueeze(1) - codebook.to(at::kDouble).unsqueeze(0)).square().sum(2);
  const at::Tensor excess = distances.gather(1, tokens.unsqueeze(1)).squeeze(1) - std::get<0>(distances.min(1));
  expect(excess.max().item<double>() <= 1e-5 * static_cast<double>(channels),
         "nearest_code " + std::to_string(count) + " × " + std::to_string(codes) + threads);
}

void check_first_of_equals(const std::string &threads) {
  const at::Tensor half = at::randn({19, 5});
  const at::Tensor tokens = call("nearest_code", {half, at::cat({half, half})});
  expect(tokens.equal(at::arange(19)), "nearest_code: the first of equal codes" + threads);
}

void check_clustering(int64_t count, int64_t length, int64_t channels, at::ScalarType type,
                      const std::string &threads) {
  const at::Tensor points = at::randn({count, length, channels}).to(type);
  const at::Tensor labels = call("greedy_clustering", {points});
  for (int64_t n = 0; n < count; n++)
    expect(labels.narrow(0, n, 1).equal(call("greedy_clustering", {points.narrow(0, n, 1).to(at::kFloat)})),
           "greedy_clustering: image " + std::to_string(n) + " of " + std::to_string(count) + threads);
  const int64_t last = labels.size(1) - 1;
  for (int64_t stage = 0; stage <= last; stage++) {
    const at::Tensor numbers = at::arange(int64_t{1} << stage).repeat_interleave(length >> stage);
    expect(std::get<0>(labels.select(1, stage).sort(1)).equal(numbers.expand({count, length})),
           "greedy_clustering: balanced clusters" + threads);
  }
}

} // namespace

int main() {
  at::manual_seed(4);
  with_threads([](const std::string &threads) {
    check_nearest_code(1, 1, 1, threads);
    check_nearest_code(13, 17, 3, threads);
    check_nearest_code(100, 1000, 32, threads);
    check_nearest_code(257, 4096, 16, threads);
    check_first_of_equals(threads);
    check_clustering(1, 1, 1, at::kFloat, threads);
    check_clustering(5, 64, 3, at::kFloat, threads);
    check_clustering(3, 256, 32, at::kBFloat16, threads);
  });
  expect_refused("same channels", [] { call("nearest_code", {at::randn({2, 3}), at::randn({2, 4})}); });
  expect_refused("image 1 of 2", [] {
    at::Tensor points = at::randn({2, 4, 3});
    points[1][2][0] = std::numeric_limits<float>::quiet_NaN();
    call("greedy_clustering", {points});
  });
  return finish("quantizer kernels");
}
