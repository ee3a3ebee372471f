// Helpers for operator tests: calls by name, comparisons, and runs with one and two threads.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstdio>
#include <string>
#include <vector>

namespace check {

inline int failures = 0, comparisons = 0;

inline void expect(bool condition, const std::string &what) {
  comparisons++;
  if (condition)
    return;
  failures++;
  std::fprintf(stderr, "FAILED: %s\n", what.c_str());
}

// The root mean square of the difference, relative to that of the expected values, must not exceed the tolerance.
inline void expect_close(const at::Tensor &found, const at::Tensor &expected, double tolerance,
                         const std::string &what) {
  if (found.sizes() != expected.sizes())
    return expect(false, what + ": another shape");
  if (expected.numel() == 0)
    return expect(true, what);
  const at::Tensor wanted = expected.detach().to(at::kDouble), got = found.detach().to(at::kDouble);
  const double error = (got - wanted).square().mean().item<double>(), size = wanted.square().mean().item<double>();
  const double relative = std::sqrt(error / std::max(size, 1e-30));
  expect(relative <= tolerance, what + ": relative error " + std::to_string(relative));
}

// The results of torch.ops.nvg.<name>.
inline std::vector<c10::IValue> call_all(const std::string &name, std::vector<c10::IValue> arguments) {
  c10::Dispatcher::singleton().findSchemaOrThrow(("nvg::" + name).c_str(), "").callBoxed(&arguments);
  return arguments;
}

inline at::Tensor call(const std::string &name, std::vector<c10::IValue> arguments) {
  return call_all(name, std::move(arguments))[0].toTensor();
}

template <typename Body> void expect_refused(const std::string &words, Body body) {
  try {
    body();
    expect(false, "must be refused: " + words);
  } catch (const c10::Error &error) {
    const std::string message = error.what_without_backtrace();
    expect(message.find(words) != std::string::npos, "'" + message + "' does not say '" + words + "'");
  }
}

inline at::Tensor leaf(const at::Tensor &tensor, at::ScalarType type) {
  return tensor.detach().to(type).clone(at::MemoryFormat::Preserve).requires_grad_();
}

// Compares values and gradients of `kernel`, for inputs in their own types, with those of `reference` in float64.
// `upstream` is the gradient of the result.
template <typename Kernel, typename Reference>
void compare(const std::string &what, const std::vector<at::Tensor> &inputs, const at::Tensor &upstream, Kernel kernel,
             Reference reference, double value_tolerance, double gradient_tolerance) {
  std::vector<at::Tensor> own, wide;
  for (const at::Tensor &input : inputs) {
    own.push_back(leaf(input, input.scalar_type()));
    wide.push_back(leaf(input, at::kDouble));
  }
  const at::Tensor found = kernel(own), expected = reference(wide);
  expect_close(found, expected, value_tolerance, what + ", value");
  const auto found_gradients = torch::autograd::grad({found}, own, {upstream.to(found.scalar_type())});
  const auto expected_gradients = torch::autograd::grad({expected}, wide, {upstream.to(at::kDouble)});
  for (size_t i = 0; i < own.size(); i++) {
    expect(found_gradients[i].scalar_type() == own[i].scalar_type(), what + ", type of a gradient");
    expect_close(found_gradients[i], expected_gradients[i], gradient_tolerance,
                 what + ", gradient " + std::to_string(i));
  }
}

// Calls `body(name of the number of threads)` with one and with two threads.
template <typename Body> void with_threads(Body body) {
  for (int threads : {1, 2}) {
    at::set_num_threads(threads);
    body(", threads " + std::to_string(threads));
  }
}

inline int finish(const char *name) {
  std::printf("%s: %d comparisons, %d failures\n", name, comparisons, failures);
  return failures == 0 && comparisons > 0 ? 0 : 1;
}

} // namespace check
