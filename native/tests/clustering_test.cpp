// Compares greedy_clustering with a literal implementation of the rule. Includes the implementation instead of the
// header, to run the kernel of every instruction set that this machine supports.
#include "kernels/clustering/clustering.cpp"

#include <cstdio>
#include <random>
#include <string>
#include <vector>

namespace {

using Labels = std::vector<int64_t>;

int failures = 0;

void check(bool condition, const std::string &what) {
  if (condition)
    return;
  ++failures;
  std::fprintf(stderr, "FAILED: %s\n", what.c_str());
}

struct Problem {
  std::string name;
  int64_t length;
  int64_t channels;
  std::vector<float> points;
};

struct Kernel {
  const char *name;
  nvg::MatchLevelFunction match_level;
};

std::vector<Kernel> supported_kernels() {
  std::vector<Kernel> kernels{{"baseline", nvg::baseline::match_level}};
#ifdef NVG_X86
  if (nvg::processor::has_x86_64_v3())
    kernels.push_back({"avx2", nvg::avx2::match_level});
  if (nvg::processor::has_x86_64_v4())
    kernels.push_back({"avx512", nvg::avx512::match_level});
#endif
  return kernels;
}

int last_stage(int64_t length) {
  int stage = 0;
  while ((int64_t{1} << stage) < length)
    ++stage;
  return stage;
}

Labels run(const Problem &problem, nvg::MatchLevelFunction match_level) {
  Labels labels((last_stage(problem.length) + 1) * problem.length, -1);
  nvg::ClusteringWorkspace workspace;
  nvg::cluster(match_level, problem.points.data(), problem.length, problem.channels, labels.data(), workspace);
  return labels;
}

struct Node {
  std::vector<int64_t> members;
  std::vector<float> mean;
  int64_t children[2];
};

float squared_distance(const Node &a, const Node &b, bool fused) {
  float sum = 0.0f;
  for (std::size_t c = 0; c < a.mean.size(); ++c) {
    const volatile float difference = a.mean[c] - b.mean[c];
    const volatile float square = difference * difference;
    sum = fused ? std::fma(difference, difference, sum) : sum + square;
  }
  return sum;
}

Node join(const std::vector<Node> &nodes, int64_t i, int64_t j, const Problem &problem) {
  Node node{nodes[i].members, nodes[i].mean, {i, j}};
  node.members.insert(node.members.end(), nodes[j].members.begin(), nodes[j].members.end());
  for (std::size_t c = 0; c < node.mean.size(); ++c) {
    node.mean[c] = (node.mean[c] + nodes[j].mean[c]) / 2;
    double exact = 0.0, magnitude = 0.0;
    for (const auto l : node.members) {
      exact += problem.points[l * problem.channels + c] / static_cast<double>(node.members.size());
      magnitude = std::max(magnitude, std::fabs(static_cast<double>(problem.points[l * problem.channels + c])));
    }
    check(std::fabs(exact - node.mean[c]) <= 1e-6 * magnitude, "reference: mean of the original points");
  }
  return node;
}

std::vector<Node> join_level(const std::vector<Node> &nodes, bool fused, const Problem &problem) {
  const auto n = static_cast<int64_t>(nodes.size());
  std::vector<float> distances(n * n);
  for (int64_t i = 0; i < n; ++i) {
    for (auto j = i + 1; j < n; ++j)
      distances[i * n + j] = squared_distance(nodes[i], nodes[j], fused);
  }
  std::vector<char> joined(n, 0);
  std::vector<Node> result;
  while (static_cast<int64_t>(result.size()) < n / 2) {
    int64_t best = -1;
    for (int64_t i = 0; i < n; ++i) {
      if (joined[i])
        continue;
      for (auto j = i + 1; j < n; ++j) {
        if (!joined[j] && (best < 0 || distances[i * n + j] < distances[best]))
          best = i * n + j;
      }
    }
    joined[best / n] = joined[best % n] = 1;
    result.push_back(join(nodes, best / n, best % n, problem));
  }
  return result;
}

void write_label(const std::vector<std::vector<Node>> &stages, std::size_t stage, int64_t raw, int64_t label,
                 int64_t length, Labels &labels) {
  const auto &node = stages[stage][raw];
  for (const auto l : node.members)
    labels[stage * length + l] = label;
  if (stage + 1 == stages.size())
    return;
  for (int k = 0; k < 2; ++k)
    write_label(stages, stage + 1, node.children[k], 2 * label + k, length, labels);
}

Labels reference(const Problem &problem, bool fused) {
  std::vector<std::vector<Node>> stages(1);
  for (int64_t l = 0; l < problem.length; ++l) {
    const auto *point = problem.points.data() + l * problem.channels;
    stages[0].push_back({{l}, std::vector<float>(point, point + problem.channels), {-1, -1}});
  }
  while (stages.front().size() > 1)
    stages.insert(stages.begin(), join_level(stages.front(), fused, problem));
  Labels labels(stages.size() * problem.length, -1);
  write_label(stages, 0, 0, 0, problem.length, labels);
  return labels;
}

void check_invariants(const Labels &labels, int64_t length, const std::string &name) {
  const int last = last_stage(length);
  for (int i = 0; i <= last; ++i) {
    std::vector<int64_t> sizes(int64_t{1} << i, 0);
    for (int64_t l = 0; l < length; ++l) {
      const auto label = labels[i * length + l];
      const auto inside = label >= 0 && label < static_cast<int64_t>(sizes.size());
      check(inside, name + ": label in range");
      if (inside)
        ++sizes[label];
      check(i == 0 || label / 2 == labels[(i - 1) * length + l], name + ": label belongs to its parent");
    }
    for (const auto size : sizes)
      check(size == length >> i, name + ": clusters are balanced");
  }
}

Problem make(const std::string &kind, int64_t length, int64_t channels, unsigned seed) {
  const auto size = std::to_string(length) + "x" + std::to_string(channels);
  Problem problem{kind + " " + size + " seed " + std::to_string(seed), length, channels,
                  std::vector<float>(length * channels)};
  std::mt19937 generator(seed * 7919 + static_cast<unsigned>(length * 31 + channels));
  std::normal_distribution<float> normal;
  auto &points = problem.points;
  for (auto &value : points) {
    const auto draw = normal(generator);
    if (kind == "gauss")
      value = draw;
    if (kind == "equal")
      value = 0.7f;
    if (kind == "grid")
      value = std::round(draw);
    if (kind == "binary")
      value = draw > 0.0f ? 1.0f : 0.0f;
  }
  for (int64_t l = 0; l < length; ++l) {
    for (int64_t c = 0; c < channels; ++c) {
      auto &value = points[l * channels + c];
      // Near copies far from the origin: norms minus products would lose every digit of their distance.
      if (kind == "copies") {
        const auto draw = normal(generator);
        value = l % 4 == 0 ? 100.0f + draw : points[(l - l % 4) * channels + c] + 1e-4f * draw;
      }
      if (kind == "ramp")
        value = static_cast<float>(l);
      if (kind == "geometric")
        value = std::ldexp(1.0f, static_cast<int>(l % 64) - 32);
    }
  }
  return problem;
}

void compare_with_reference(const Problem &problem, const std::vector<Kernel> &kernels) {
  const auto fused = reference(problem, true);
  const auto separate = reference(problem, false);
  check_invariants(fused, problem.length, "reference " + problem.name);
  for (const auto &kernel : kernels) {
    const auto labels = run(problem, kernel.match_level);
    check(labels == fused || labels == separate, problem.name + " on " + kernel.name);
    check_invariants(labels, problem.length, problem.name + " on " + kernel.name);
  }
}

// Distances of very large points overflow float32, and those of very small points underflow; neither may change the
// labels.
void check_scale_invariance(const std::vector<Kernel> &kernels) {
  const auto problem = make("gauss", 64, 16, 1);
  for (const auto &kernel : kernels) {
    const auto labels = run(problem, kernel.match_level);
    for (const int exponent : {-100, -40, 40, 120}) {
      auto scaled = problem;
      for (auto &value : scaled.points)
        value = std::ldexp(value, exponent);
      check(run(scaled, kernel.match_level) == labels, "scale 2^" + std::to_string(exponent) + " on " + kernel.name);
    }
  }
}

void check_rejected(int64_t length, int64_t channels, float last, const std::string &what) {
  std::vector<float> points(static_cast<std::size_t>(std::max<int64_t>(length * channels, 1)), 0.5f);
  points.back() = last;
  Labels labels(32 * 32);
  nvg::ClusteringWorkspace workspace;
  try {
    nvg::greedy_clustering(points.data(), length, channels, labels.data(), workspace);
    check(false, what + " must be rejected");
  } catch (const std::invalid_argument &) {
  }
}

} // namespace

int main() {
  const auto kernels = supported_kernels();
  int problems = 0;
  const auto compare = [&](const std::string &kind, int64_t length, int64_t channels, unsigned seed) {
    compare_with_reference(make(kind, length, channels, seed), kernels);
    ++problems;
  };
  const auto kinds = {"gauss", "equal", "grid", "binary", "copies", "ramp", "geometric"};
  for (const auto &kind : kinds) {
    for (const int64_t channels : {1, 3, 16, 32}) {
      for (const int64_t length : {1, 2, 4, 8, 16, 32, 64}) {
        for (unsigned seed = 0; seed < 10; ++seed)
          compare(kind, length, channels, seed);
      }
      for (unsigned seed = 0; seed < 2; ++seed)
        compare(kind, 256, channels, seed);
    }
    compare(kind, 1024, 3, 0);
  }
  compare("gauss", 1024, 32, 0);
  check_scale_invariance(kernels);
  check_rejected(0, 4, 0.5f, "no points");
  check_rejected(24, 4, 0.5f, "24 points");
  check_rejected(4, 0, 0.5f, "no channels");
  check_rejected(4, 4, std::numeric_limits<float>::infinity(), "infinity");
  check_rejected(4, 4, -std::numeric_limits<float>::infinity(), "negative infinity");
  check_rejected(4, 4, std::numeric_limits<float>::quiet_NaN(), "NaN");

  std::printf("%d problems on", problems);
  for (const auto &kernel : kernels)
    std::printf(" %s", kernel.name);
  std::printf(": %d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
