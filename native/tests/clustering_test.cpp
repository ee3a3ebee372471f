// Compares greedy_clustering with the rule written down literally. Includes the implementation, not its header, to run
// the kernel of every instruction set this machine has.
#include "../clustering.cpp"

#include <cstdio>
#include <random>
#include <string>
#include <vector>

namespace {

using Labels = std::vector<std::int64_t>;

int failures = 0;

void Check(bool condition, const std::string& what) {
  if (condition) return;
  ++failures;
  std::fprintf(stderr, "FAILED: %s\n", what.c_str());
}

struct Problem {
  std::string name;
  std::int64_t length;
  std::int64_t channels;
  std::vector<float> points;
};

struct Kernel {
  const char* name;
  nvg::MatchLevelFunction match_level;
};

std::vector<Kernel> SupportedKernels() {
  std::vector<Kernel> kernels{{"baseline", nvg::baseline::MatchLevel}};
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
  if (__builtin_cpu_supports("x86-64-v3")) kernels.push_back({"avx2", nvg::avx2::MatchLevel});
  if (__builtin_cpu_supports("x86-64-v4")) kernels.push_back({"avx512", nvg::avx512::MatchLevel});
#endif
  return kernels;
}

int LastStage(std::int64_t length) {
  int stage = 0;
  while ((std::int64_t{1} << stage) < length) ++stage;
  return stage;
}

Labels Run(const Problem& problem, nvg::MatchLevelFunction match_level) {
  Labels labels((LastStage(problem.length) + 1) * problem.length, -1);
  nvg::ClusteringWorkspace workspace;
  nvg::Cluster(match_level, problem.points.data(), problem.length, problem.channels, labels.data(), workspace);
  return labels;
}

struct Node {
  std::vector<std::int64_t> members;
  std::vector<float> mean;
  std::int64_t children[2];
};

float SquaredDistance(const Node& a, const Node& b, bool fused) {
  float sum = 0.0f;
  for (std::size_t c = 0; c < a.mean.size(); ++c) {
    const volatile float difference = a.mean[c] - b.mean[c];
    const volatile float square = difference * difference;
    sum = fused ? std::fma(difference, difference, sum) : sum + square;
  }
  return sum;
}

Node Join(const std::vector<Node>& nodes, std::int64_t i, std::int64_t j, const Problem& problem) {
  Node node{nodes[i].members, nodes[i].mean, {i, j}};
  node.members.insert(node.members.end(), nodes[j].members.begin(), nodes[j].members.end());
  for (std::size_t c = 0; c < node.mean.size(); ++c) {
    node.mean[c] = (node.mean[c] + nodes[j].mean[c]) / 2;
    double exact = 0.0, magnitude = 0.0;
    for (const auto l : node.members) {
      exact += problem.points[l * problem.channels + c] / static_cast<double>(node.members.size());
      magnitude = std::max(magnitude, std::fabs(static_cast<double>(problem.points[l * problem.channels + c])));
    }
    Check(std::fabs(exact - node.mean[c]) <= 1e-6 * magnitude, "reference: mean of the original points");
  }
  return node;
}

std::vector<Node> JoinLevel(const std::vector<Node>& nodes, bool fused, const Problem& problem) {
  const auto n = static_cast<std::int64_t>(nodes.size());
  std::vector<float> distances(n * n);
  for (std::int64_t i = 0; i < n; ++i) {
    for (auto j = i + 1; j < n; ++j) distances[i * n + j] = SquaredDistance(nodes[i], nodes[j], fused);
  }
  std::vector<char> joined(n, 0);
  std::vector<Node> result;
  while (static_cast<std::int64_t>(result.size()) < n / 2) {
    std::int64_t best = -1;
    for (std::int64_t i = 0; i < n; ++i) {
      if (joined[i]) continue;
      for (auto j = i + 1; j < n; ++j) {
        if (!joined[j] && (best < 0 || distances[i * n + j] < distances[best])) best = i * n + j;
      }
    }
    joined[best / n] = joined[best % n] = 1;
    result.push_back(Join(nodes, best / n, best % n, problem));
  }
  return result;
}

void Label(const std::vector<std::vector<Node>>& stages, std::size_t stage, std::int64_t raw, std::int64_t label,
           std::int64_t length, Labels& labels) {
  const auto& node = stages[stage][raw];
  for (const auto l : node.members) labels[stage * length + l] = label;
  if (stage + 1 == stages.size()) return;
  for (int k = 0; k < 2; ++k) Label(stages, stage + 1, node.children[k], 2 * label + k, length, labels);
}

Labels Reference(const Problem& problem, bool fused) {
  std::vector<std::vector<Node>> stages(1);
  for (std::int64_t l = 0; l < problem.length; ++l) {
    const auto* point = problem.points.data() + l * problem.channels;
    stages[0].push_back({{l}, std::vector<float>(point, point + problem.channels), {-1, -1}});
  }
  while (stages.front().size() > 1) stages.insert(stages.begin(), JoinLevel(stages.front(), fused, problem));
  Labels labels(stages.size() * problem.length, -1);
  Label(stages, 0, 0, 0, problem.length, labels);
  return labels;
}

void CheckInvariants(const Labels& labels, std::int64_t length, const std::string& name) {
  const int last = LastStage(length);
  for (int i = 0; i <= last; ++i) {
    std::vector<std::int64_t> sizes(std::int64_t{1} << i, 0);
    for (std::int64_t l = 0; l < length; ++l) {
      const auto label = labels[i * length + l];
      const auto inside = label >= 0 && label < static_cast<std::int64_t>(sizes.size());
      Check(inside, name + ": label in range");
      if (inside) ++sizes[label];
      Check(i == 0 || label / 2 == labels[(i - 1) * length + l], name + ": label belongs to its parent");
    }
    for (const auto size : sizes) Check(size == length >> i, name + ": clusters are balanced");
  }
}

Problem Make(const std::string& kind, std::int64_t length, std::int64_t channels, unsigned seed) {
  const auto size = std::to_string(length) + "x" + std::to_string(channels);
  Problem problem{kind + " " + size + " seed " + std::to_string(seed), length, channels,
                  std::vector<float>(length * channels)};
  std::mt19937 generator(seed * 7919 + static_cast<unsigned>(length * 31 + channels));
  std::normal_distribution<float> normal;
  auto& points = problem.points;
  for (auto& value : points) {
    const auto draw = normal(generator);
    if (kind == "gauss") value = draw;
    if (kind == "equal") value = 0.7f;
    if (kind == "grid") value = std::round(draw);
    if (kind == "binary") value = draw > 0.0f ? 1.0f : 0.0f;
  }
  for (std::int64_t l = 0; l < length; ++l) {
    for (std::int64_t c = 0; c < channels; ++c) {
      auto& value = points[l * channels + c];
      // Near copies far from the origin: norms minus products would lose every digit of their distance.
      if (kind == "copies") {
        const auto draw = normal(generator);
        value = l % 4 == 0 ? 100.0f + draw : points[(l - l % 4) * channels + c] + 1e-4f * draw;
      }
      if (kind == "ramp") value = static_cast<float>(l);
      if (kind == "geometric") value = std::ldexp(1.0f, static_cast<int>(l % 64) - 32);
    }
  }
  return problem;
}

void Compare(const Problem& problem, const std::vector<Kernel>& kernels) {
  const auto fused = Reference(problem, true);
  const auto separate = Reference(problem, false);
  CheckInvariants(fused, problem.length, "reference " + problem.name);
  for (const auto& kernel : kernels) {
    const auto labels = Run(problem, kernel.match_level);
    Check(labels == fused || labels == separate, problem.name + " on " + kernel.name);
    CheckInvariants(labels, problem.length, problem.name + " on " + kernel.name);
  }
}

// Distances of huge points overflow float32, of tiny ones vanish; neither may change the labels.
void CheckScaleInvariance(const std::vector<Kernel>& kernels) {
  const auto problem = Make("gauss", 64, 16, 1);
  for (const auto& kernel : kernels) {
    const auto labels = Run(problem, kernel.match_level);
    for (const int exponent : {-100, -40, 40, 120}) {
      auto scaled = problem;
      for (auto& value : scaled.points) value = std::ldexp(value, exponent);
      Check(Run(scaled, kernel.match_level) == labels, "scale 2^" + std::to_string(exponent) + " on " + kernel.name);
    }
  }
}

void CheckRejected(std::int64_t length, std::int64_t channels, float last, const std::string& what) {
  std::vector<float> points(static_cast<std::size_t>(std::max<std::int64_t>(length * channels, 1)), 0.5f);
  points.back() = last;
  Labels labels(32 * 32);
  nvg::ClusteringWorkspace workspace;
  try {
    nvg::greedy_clustering(points.data(), length, channels, labels.data(), workspace);
    Check(false, what + " must be rejected");
  } catch (const std::invalid_argument&) {
  }
}

}  // namespace

int main() {
  const auto kernels = SupportedKernels();
  int problems = 0;
  const auto compare = [&](const std::string& kind, std::int64_t length, std::int64_t channels, unsigned seed) {
    Compare(Make(kind, length, channels, seed), kernels);
    ++problems;
  };
  const auto kinds = {"gauss", "equal", "grid", "binary", "copies", "ramp", "geometric"};
  for (const auto& kind : kinds) {
    for (const std::int64_t channels : {1, 3, 16, 32}) {
      for (const std::int64_t length : {1, 2, 4, 8, 16, 32, 64}) {
        for (unsigned seed = 0; seed < 10; ++seed) compare(kind, length, channels, seed);
      }
      for (unsigned seed = 0; seed < 2; ++seed) compare(kind, 256, channels, seed);
    }
    compare(kind, 1024, 3, 0);
  }
  compare("gauss", 1024, 32, 0);
  CheckScaleInvariance(kernels);
  CheckRejected(0, 4, 0.5f, "no points");
  CheckRejected(24, 4, 0.5f, "24 points");
  CheckRejected(4, 0, 0.5f, "no channels");
  CheckRejected(4, 4, std::numeric_limits<float>::infinity(), "infinity");
  CheckRejected(4, 4, -std::numeric_limits<float>::infinity(), "negative infinity");
  CheckRejected(4, 4, std::numeric_limits<float>::quiet_NaN(), "NaN");

  std::printf("%d problems on", problems);
  for (const auto& kernel : kernels) std::printf(" %s", kernel.name);
  std::printf(": %d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
