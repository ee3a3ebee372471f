// Autograd's engine and the thread-local modes: gradients on or off, inference, autocast.
#include "guard.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/version.h>

using namespace nvgt;

namespace {

std::vector<at::Tensor> tensors_of(const nvgt_tensor *tensors, int32_t count) {
  std::vector<at::Tensor> list;
  list.reserve(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; i++)
    list.push_back(borrow(tensors == nullptr ? nullptr : tensors[i]));
  return list;
}

// A node whose gradient somebody else computes.
class Checkpoint : public torch::autograd::Node {
public:
  using Backward = int32_t (*)(void *, nvgt_tensor, nvgt_tensor *);
  using Release = void (*)(void *);

  Checkpoint(Backward backward, Release release, void *context)
      : backward_(backward), release_(release), context_(context) {}

  ~Checkpoint() override { let_go(); }

  void release_variables() override { let_go(); }

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
  void let_go() {
    if (context_ != nullptr)
      release_(context_);
    context_ = nullptr;
  }

  Backward backward_;
  Release release_;
  void *context_;
};

// A hook lies with the node that adds to the leaf's gradient; the leaf itself holds that node only weakly.
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
    // First: from here on the context is let go whatever happens.
    auto node = std::shared_ptr<Checkpoint>(new Checkpoint(backward, release, context), torch::autograd::deleteNode);
    at::Tensor value = borrow(output).detach();
    node->set_next_edges(torch::autograd::collect_next_edges(tensors_of(inputs, input_count)));
    torch::autograd::set_history(value, node);
    *result = nvgt::release(std::move(value));
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
    const auto dtype = static_cast<c10::ScalarType>(scalar_type);
    const bool on = enabled != 0;
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    *previous_enabled = at::autocast::is_autocast_enabled(device);
    *previous_scalar_type = static_cast<int32_t>(at::autocast::get_autocast_dtype(device));
    at::autocast::set_autocast_enabled(device, on);
    at::autocast::set_autocast_dtype(device, dtype);
#else
    if (device == c10::DeviceType::CPU) {
      *previous_enabled = at::autocast::is_cpu_enabled();
      *previous_scalar_type = static_cast<int32_t>(at::autocast::get_autocast_cpu_dtype());
      at::autocast::set_cpu_enabled(on);
      at::autocast::set_autocast_cpu_dtype(dtype);
    } else {
      *previous_enabled = at::autocast::is_enabled();
      *previous_scalar_type = static_cast<int32_t>(at::autocast::get_autocast_gpu_dtype());
      at::autocast::set_enabled(on);
      at::autocast::set_autocast_gpu_dtype(dtype);
    }
#endif
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
    const auto key = accumulator->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(std::move(hook)));
    *result = new GradientHook{std::move(accumulator), key};
  });
}

NVGT_EXPORT int32_t nvgt_gradient_hook_release(nvgt_gradient_hook hook) {
  return guarded([&] {
    std::unique_ptr<GradientHook> owned(static_cast<GradientHook *>(hook));
    owned->accumulator->del_post_hook(owned->key);
  });
}
