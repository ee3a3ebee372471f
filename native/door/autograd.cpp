// Autograd's engine and the thread-local modes: gradients, inference mode, autocast.
#include "door/guard.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
// Not part of libtorch's public C++ interface, but identical in 1.13 and 2.6, the oldest and newest versions that this
// library is built with: Node::add_post_hook and del_post_hook, LambdaPostHook, collect_next_edges, set_history,
// grad_accumulator.
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/version.h>

using namespace nvg::door;

namespace {

std::vector<at::Tensor> tensors_of(const nvgt_tensor *tensors, int32_t count) {
  std::vector<at::Tensor> list;
  list.reserve(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; i++)
    list.push_back(borrow(tensors == nullptr ? nullptr : tensors[i]));
  return list;
}

// A node whose gradient is computed by the caller of nvgt_checkpoint.
class Checkpoint : public torch::autograd::Node {
public:
  using Backward = int32_t (*)(void *, nvgt_tensor, nvgt_tensor *);
  using Release = void (*)(void *);

  Checkpoint(Backward backward, Release release, void *context)
      : backward_(backward), release_(release), context_(context) {}

  ~Checkpoint() override { release_context(); }

  void release_variables() override { release_context(); }

  torch::autograd::variable_list apply(torch::autograd::variable_list &&grads) override {
    TORCH_CHECK(context_ != nullptr, "a checkpointed segment can be differentiated once");
    std::vector<nvgt_tensor> found(num_outputs(), nullptr);
    torch::autograd::variable_list result(num_outputs());
    if (!grads[0].defined())
      return result;
    const int32_t status = backward_(context_, grads[0].unsafeGetTensorImpl(), found.data());
    for (size_t i = 0; i < found.size(); i++)
      if (found[i] != nullptr)
        result[i] = at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(
            static_cast<c10::TensorImpl *>(found[i])));
    TORCH_CHECK(status == 0, "a checkpointed segment could not be computed again: ", last_error());
    return result;
  }

private:
  void release_context() {
    if (context_ != nullptr)
      release_(context_);
    context_ = nullptr;
  }

  Backward backward_;
  Release release_;
  void *context_;
};

// Autocast for a device type.
struct AutocastState {
  bool enabled;
  c10::ScalarType type;
};

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)

AutocastState get_autocast(c10::DeviceType device) {
  return {at::autocast::is_autocast_enabled(device), at::autocast::get_autocast_dtype(device)};
}

void set_autocast(c10::DeviceType device, AutocastState state) {
  at::autocast::set_autocast_enabled(device, state.enabled);
  at::autocast::set_autocast_dtype(device, state.type);
}

#else // before 2.4, each device type has its own functions; only CPU and CUDA are used here

AutocastState get_autocast(c10::DeviceType device) {
  if (device == c10::DeviceType::CPU)
    return {at::autocast::is_cpu_enabled(), at::autocast::get_autocast_cpu_dtype()};
  return {at::autocast::is_enabled(), at::autocast::get_autocast_gpu_dtype()};
}

void set_autocast(c10::DeviceType device, AutocastState state) {
  if (device == c10::DeviceType::CPU) {
    at::autocast::set_cpu_enabled(state.enabled);
    at::autocast::set_autocast_cpu_dtype(state.type);
  } else {
    at::autocast::set_enabled(state.enabled);
    at::autocast::set_autocast_gpu_dtype(state.type);
  }
}

#endif

// The hook belongs to the node that adds to the gradient of the leaf. The leaf holds that node only weakly.
struct GradientHook {
  std::shared_ptr<torch::autograd::Node> accumulator;
  uintptr_t key;
};

} // namespace

NVGT_EXPORT int32_t nvgt_set_requires_grad(nvgt_tensor tensor, uint8_t required) {
  return guarded([&] { borrow(tensor).set_requires_grad(required != 0); });
}

NVGT_EXPORT int32_t nvgt_get_grad(nvgt_tensor tensor, nvgt_tensor *grad) {
  return guarded([&] { *grad = release(at::Tensor(borrow(tensor).grad())); });
}

NVGT_EXPORT int32_t nvgt_set_grad(nvgt_tensor tensor, nvgt_tensor grad) {
  return guarded([&] {
    at::Tensor t = borrow(tensor);
    t.mutable_grad() = borrow(grad);
  });
}

NVGT_EXPORT int32_t nvgt_backward(const nvgt_tensor *roots, int32_t root_count, const nvgt_tensor *root_grads,
                                  uint8_t retain_graph) {
  return guarded([&] {
    torch::autograd::backward(tensors_of(roots, root_count), tensors_of(root_grads, root_count), retain_graph != 0);
  });
}

NVGT_EXPORT int32_t nvgt_grad(const nvgt_tensor *roots, int32_t root_count, const nvgt_tensor *inputs,
                              int32_t input_count, const nvgt_tensor *root_grads, uint8_t retain_graph,
                              uint8_t create_graph, nvgt_tensor *grads) {
  return guarded([&] {
    auto found = torch::autograd::grad(tensors_of(roots, root_count), tensors_of(inputs, input_count),
                                       tensors_of(root_grads, root_count), retain_graph != 0, create_graph != 0,
                                       /*allow_unused=*/true);
    for (int32_t i = 0; i < input_count; i++)
      grads[i] = release(std::move(found[static_cast<size_t>(i)]));
  });
}

NVGT_EXPORT int32_t nvgt_checkpoint(const nvgt_tensor *inputs, int32_t input_count, nvgt_tensor output,
                                    int32_t (*backward)(void *, nvgt_tensor, nvgt_tensor *), void (*release)(void *),
                                    void *context, nvgt_tensor *result) {
  return guarded([&] {
    // Must come first: from here on, the context is released in any case.
    auto node = std::shared_ptr<Checkpoint>(new Checkpoint(backward, release, context), torch::autograd::deleteNode);
    at::Tensor value = borrow(output).detach();
    node->set_next_edges(torch::autograd::collect_next_edges(tensors_of(inputs, input_count)));
    torch::autograd::set_history(value, node);
    *result = nvg::door::release(std::move(value));
  });
}

NVGT_EXPORT int32_t nvgt_set_grad_mode(uint8_t enabled, uint8_t *previous) {
  return guarded([&] {
    *previous = at::GradMode::is_enabled();
    at::GradMode::set_enabled(enabled != 0);
  });
}

NVGT_EXPORT int32_t nvgt_inference_mode_enter(void **guard) {
  return guarded([&] { *guard = new c10::InferenceMode(true); });
}

NVGT_EXPORT int32_t nvgt_inference_mode_exit(void *guard) {
  return guarded([&] { delete static_cast<c10::InferenceMode *>(guard); });
}

NVGT_EXPORT int32_t nvgt_set_autocast(int32_t device_type, uint8_t enabled, int32_t scalar_type,
                                      uint8_t *previous_enabled, int32_t *previous_scalar_type) {
  return guarded([&] {
    const auto device = static_cast<c10::DeviceType>(device_type);
    const AutocastState previous = get_autocast(device);
    *previous_enabled = previous.enabled;
    *previous_scalar_type = static_cast<int32_t>(previous.type);
    set_autocast(device, {enabled != 0, static_cast<c10::ScalarType>(scalar_type)});
  });
}

NVGT_EXPORT int32_t nvgt_get_autocast(int32_t device_type, uint8_t *enabled, int32_t *scalar_type) {
  return guarded([&] {
    const AutocastState state = get_autocast(static_cast<c10::DeviceType>(device_type));
    *enabled = state.enabled;
    *scalar_type = static_cast<int32_t>(state.type);
  });
}

NVGT_EXPORT int32_t nvgt_clear_autocast_cache() {
  return guarded([&] { at::autocast::clear_cache(); });
}

NVGT_EXPORT int32_t nvgt_gradient_hook_new(nvgt_tensor tensor, void (*ready)(void *, int32_t), void *context,
                                           int32_t index, nvgt_gradient_hook *result) {
  return guarded([&] {
    auto accumulator = torch::autograd::impl::grad_accumulator(borrow(tensor));
    TORCH_CHECK(accumulator != nullptr, "only a leaf that requires a gradient has one to wait for");
    using torch::autograd::variable_list;
    auto hook = [ready, context, index](const variable_list &outputs, const variable_list &) {
      ready(context, index);
      return outputs;
    };
    const auto key =
        accumulator->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(std::move(hook)));
    *result = new GradientHook{std::move(accumulator), key};
  });
}

NVGT_EXPORT int32_t nvgt_gradient_hook_release(nvgt_gradient_hook hook) {
  return guarded([&] {
    std::unique_ptr<GradientHook> owned(static_cast<GradientHook *>(hook));
    owned->accumulator->del_post_hook(owned->key);
  });
}
