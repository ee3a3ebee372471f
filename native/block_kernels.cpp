// What stands between the two matrix products of a transformer block, in three passes over memory instead of some
// thirty: modulated layer norm; head norms, rotary turns, attention and GELU; gated sum. CPU, float32 and bfloat16,
// with hand-written gradients. Elsewhere the same formulas are composed of libtorch's operators.
#include "autocast.h"
#include "guard.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#if defined(AT_PARALLEL_OPENMP) && AT_PARALLEL_OPENMP && !defined(_OPENMP)
#error "Compile with OpenMP (-fopenmp): at::parallel_for would silently use one thread."
#endif

namespace nvg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

template <typename T> struct RowKernels {
  void (*modulated_layer_norm)(const float *, const float *, const float *, T *, int64_t, float, float *, float *);
  void (*modulated_layer_norm_backward)(const T *, const float *, const float *, float, float, float *, float *,
                                        float *, int64_t);
  void (*norm_rotate)(const T *, const float *, const float *, T *, int64_t, float, float);
  void (*norm_rotate_backward)(const T *, const T *, const float *, const float *, T *, float *, float *, int64_t,
                               float, float);
  void (*gelu)(const T *, T *, int64_t);
  void (*gelu_backward)(const T *, const T *, T *, int64_t);
  void (*gated_sum)(const float *, const float *, const T *, float *, int64_t);
  void (*gated_sum_backward)(const float *, const float *, const T *, T *, float *, int64_t);
};

#define NVG_ROWS "block_rows.inc"
#include "row_levels.inc"

// Calls `body` with the row type of a tensor's elements.
template <typename Body> void with_row_type(const at::Tensor &tensor, const char *op, Body body) {
  if (tensor.scalar_type() == at::kFloat)
    body(float{});
  else if (tensor.scalar_type() == at::kBFloat16)
    body(uint16_t{});
  else
    TORCH_CHECK(false, op, ": float32 or bfloat16 is needed, got ", tensor.scalar_type());
}

// The kernels read memory directly: of another device it would not be theirs.
void check_cpu(const char *op, std::initializer_list<const at::Tensor *> tensors) {
  for (const at::Tensor *tensor : tensors)
    TORCH_CHECK(tensor->device().is_cpu(), op, ": CPU tensors are needed, got one on ", tensor->device());
}

// The gradients are written by hand and cannot be differentiated in turn.
void check_first_order(const char *op) {
  TORCH_CHECK(!at::GradMode::is_enabled(), op, ": second derivatives are not available");
}

template <typename T> T *data(const at::Tensor &tensor) { return static_cast<T *>(tensor.data_ptr()); }

// Rows of a few hundred numbers: enough of them per task to be worth handing out.
constexpr int64_t kGrain = 16;

// --- (1 + scale) · LayerNorm(x) + shift ------------------------------------------------------------------------

struct ModulatedLayerNorm : torch::autograd::Function<ModulatedLayerNorm> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &shift,
                            const at::Tensor &scale, double epsilon, at::ScalarType type) {
    TORCH_CHECK(x.dim() == 3 && x.scalar_type() == at::kFloat, "modulated_layer_norm: x must be float32 (N, T, W)");
    const int64_t count = x.size(0), tokens = x.size(1), width = x.size(2);
    TORCH_CHECK(shift.numel() == count * width && scale.numel() == count * width,
                "modulated_layer_norm: shift and scale must be (N, W)");
    const at::Tensor input = x.contiguous(), offset = shift.to(at::kFloat).contiguous(),
                     factor = scale.to(at::kFloat).contiguous();
    at::Tensor y = at::empty(x.sizes(), x.options().dtype(type));
    at::Tensor statistics = at::empty({count * tokens, 2}, x.options());
    with_row_type(y, "modulated_layer_norm", [&](auto tag) {
      using T = decltype(tag);
      at::parallel_for(0, count * tokens, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) {
          const int64_t n = row / tokens;
          float *pair = data<float>(statistics) + 2 * row;
          rows<T>().modulated_layer_norm(data<float>(input) + row * width, data<float>(offset) + n * width,
                                         data<float>(factor) + n * width, data<T>(y) + row * width, width,
                                         static_cast<float>(epsilon), pair, pair + 1);
        }
      });
    });
    context->save_for_backward({input, factor, statistics});
    context->saved_data["modulation_type"] = static_cast<int64_t>(shift.scalar_type());
    context->saved_data["modulation_shape"] = shift.sizes().vec();
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list grads) {
    check_first_order("modulated_layer_norm");
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &scale = saved[1], &statistics = saved[2];
    const at::Tensor grad = grads[0].contiguous();
    const int64_t count = x.size(0), tokens = x.size(1), width = x.size(2);
    at::Tensor d_x = at::empty_like(x), d_shift = at::zeros({count, width}, x.options()),
               d_scale = at::zeros({count, width}, x.options());
    with_row_type(grad, "modulated_layer_norm", [&](auto tag) {
      using T = decltype(tag);
      at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
        for (int64_t n = begin; n < end; n++) {
          for (int64_t row = n * tokens; row < (n + 1) * tokens; row++) {
            const float *pair = data<float>(statistics) + 2 * row;
            rows<T>().modulated_layer_norm_backward(
                data<T>(grad) + row * width, data<float>(x) + row * width, data<float>(scale) + n * width, pair[0],
                pair[1], data<float>(d_x) + row * width, data<float>(d_shift) + n * width,
                data<float>(d_scale) + n * width, width);
          }
        }
      });
    });
    const auto type = static_cast<at::ScalarType>(context->saved_data["modulation_type"].toInt());
    const auto shape = context->saved_data["modulation_shape"].toIntVector();
    return {d_x, d_shift.to(type).view(shape), d_scale.to(type).view(shape), at::Tensor(), at::Tensor()};
  }
};

// --- [attention, gelu(m)] of [q k v | m] ------------------------------------------------------------------------

struct AttentionMlp : torch::autograd::Function<AttentionMlp> {
  // projected: (N, T, 3 H D + M); scales: (D); turns: (N, T, D) as pairs of cosine and sine. -> (N, T, H D + M)
  static at::Tensor forward(AutogradContext *context, const at::Tensor &projected, const at::Tensor &query_scale,
                            const at::Tensor &key_scale, const at::Tensor &turns, int64_t heads, double epsilon) {
    TORCH_CHECK(projected.dim() == 3, "attention_mlp: projected must be (N, T, 3 H D + M), got ", projected.sizes());
    TORCH_CHECK(heads > 0 && query_scale.numel() % 2 == 0 && key_scale.numel() == query_scale.numel(),
                "attention_mlp: both scales must have the same even number of elements");
    // The products run in the element type they are given, whatever autocast says around them.
    const c10::impl::ExcludeDispatchKeyGuard as_given(c10::DispatchKey::AutocastCPU);
    const at::Tensor input = projected.contiguous(), rotations = turns.contiguous();
    const int64_t count = input.size(0), tokens = input.size(1), columns = input.size(2),
                  size = query_scale.numel(), width = heads * size, mlp = columns - 3 * width;
    TORCH_CHECK(mlp > 0, "attention_mlp: projected must be (N, T, 3 H D + M), got ", projected.sizes());
    TORCH_CHECK(rotations.scalar_type() == at::kFloat && rotations.numel() == count * tokens * size,
                "attention_mlp: turns must be float32 (N, T, D)");
    const at::Tensor q_scale = query_scale.to(at::kFloat).contiguous(), k_scale = key_scale.to(at::kFloat).contiguous();
    at::Tensor q = at::empty({count * heads, tokens, size}, input.options()), k = at::empty_like(q), v = at::empty_like(q);
    at::Tensor hidden = at::empty({count, tokens, width + mlp}, input.options());
    with_row_type(input, "attention_mlp", [&](auto tag) {
      using T = decltype(tag);
      at::parallel_for(0, count * tokens, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) {
          const int64_t n = row / tokens, t = row % tokens;
          const T *source = data<T>(input) + row * columns;
          const float *turn = data<float>(rotations) + row * size;
          for (int64_t h = 0; h < heads; h++) {
            const int64_t target = ((n * heads + h) * tokens + t) * size;
            rows<T>().norm_rotate(source + h * size, data<float>(q_scale), turn, data<T>(q) + target, size,
                                  static_cast<float>(epsilon), query_factor(size));
            rows<T>().norm_rotate(source + width + h * size, data<float>(k_scale), turn, data<T>(k) + target, size,
                                  static_cast<float>(epsilon), 1.0f);
            std::memcpy(data<T>(v) + target, source + 2 * width + h * size, static_cast<size_t>(size) * sizeof(T));
          }
          rows<T>().gelu(source + 3 * width, data<T>(hidden) + row * (width + mlp) + width, mlp);
        }
      });
    });
    const at::Tensor weights = at::softmax(at::bmm(q, k.transpose(1, 2)), -1);
    const at::Tensor attended = at::bmm(weights, v);
    hidden.narrow(2, 0, width)
        .view({count, tokens, heads, size})
        .copy_(attended.view({count, heads, tokens, size}).transpose(1, 2));
    context->save_for_backward({input, q_scale, k_scale, rotations, q, k, v, weights});
    context->saved_data["heads"] = heads;
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["scale_type"] = static_cast<int64_t>(query_scale.scalar_type());
    return hidden;
  }

  static variable_list backward(AutogradContext *context, variable_list grads) {
    check_first_order("attention_mlp");
    const c10::impl::ExcludeDispatchKeyGuard as_saved(c10::DispatchKey::AutocastCPU);
    const auto saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &q_scale = saved[1], &k_scale = saved[2], &rotations = saved[3], &q = saved[4],
                     &k = saved[5], &v = saved[6], &weights = saved[7];
    const int64_t heads = context->saved_data["heads"].toInt();
    const float epsilon = static_cast<float>(context->saved_data["epsilon"].toDouble());
    const int64_t count = input.size(0), tokens = input.size(1), columns = input.size(2), size = q_scale.numel(),
                  width = heads * size, mlp = columns - 3 * width;
    const at::Tensor grad = grads[0].contiguous();
    const at::Tensor d_attended = grad.narrow(2, 0, width)
                                      .view({count, tokens, heads, size})
                                      .transpose(1, 2)
                                      .reshape({count * heads, tokens, size});
    const at::Tensor d_v = at::bmm(weights.transpose(1, 2), d_attended).contiguous();
    const at::Tensor d_scores =
        at::_softmax_backward_data(at::bmm(d_attended, v.transpose(1, 2)), weights, -1, weights.scalar_type());
    const at::Tensor d_q = at::bmm(d_scores, k).contiguous();
    const at::Tensor d_k = at::bmm(d_scores.transpose(1, 2), q).contiguous();
    at::Tensor d_input = at::empty_like(input);
    // One row of scale gradients per sequence, added up in a fixed order, so that threads change nothing.
    at::Tensor d_scales = at::zeros({count, 2, size}, q_scale.options());
    with_row_type(input, "attention_mlp", [&](auto tag) {
      using T = decltype(tag);
      at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
        std::vector<float> scratch(static_cast<size_t>(size));
        for (int64_t n = begin; n < end; n++) {
          float *d_scale = data<float>(d_scales) + n * 2 * size;
          for (int64_t t = 0; t < tokens; t++) {
            const int64_t row = n * tokens + t;
            const T *source = data<T>(input) + row * columns;
            T *target = data<T>(d_input) + row * columns;
            const float *turn = data<float>(rotations) + row * size;
            for (int64_t h = 0; h < heads; h++) {
              const int64_t place = ((n * heads + h) * tokens + t) * size;
              rows<T>().norm_rotate_backward(data<T>(d_q) + place, source + h * size, data<float>(q_scale), turn,
                                             target + h * size, d_scale, scratch.data(), size, epsilon,
                                             query_factor(size));
              rows<T>().norm_rotate_backward(data<T>(d_k) + place, source + width + h * size, data<float>(k_scale),
                                             turn, target + width + h * size, d_scale + size, scratch.data(), size,
                                             epsilon, 1.0f);
              std::memcpy(target + 2 * width + h * size, data<T>(d_v) + place, static_cast<size_t>(size) * sizeof(T));
            }
            rows<T>().gelu_backward(data<T>(grad) + row * (width + mlp) + width, source + 3 * width,
                                    target + 3 * width, mlp);
          }
        }
      });
    });
    const auto type = static_cast<at::ScalarType>(context->saved_data["scale_type"].toInt());
    const at::Tensor total = d_scales.sum(0).to(type);
    return {d_input, total.select(0, 0), total.select(0, 1), at::Tensor(), at::Tensor(), at::Tensor()};
  }

  // The attention's 1/√D goes to the queries: D numbers per token rather than T.
  static float query_factor(int64_t size) { return 1.0f / std::sqrt(static_cast<float>(size)); }
};

// --- x + gate · update -----------------------------------------------------------------------------------------

struct GatedSum : torch::autograd::Function<GatedSum> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &gate,
                            const at::Tensor &update) {
    TORCH_CHECK(x.dim() == 3 && x.scalar_type() == at::kFloat && update.sizes() == x.sizes() &&
                    gate.numel() == x.size(0) * x.size(2),
                "gated_sum: x must be float32 (N, T, W), update of its shape, gate (N, W)");
    const int64_t count = x.size(0), tokens = x.size(1), width = x.size(2);
    const at::Tensor input = x.contiguous(), factor = gate.to(at::kFloat).contiguous(), added = update.contiguous();
    at::Tensor y = at::empty_like(input);
    with_row_type(added, "gated_sum", [&](auto tag) {
      using T = decltype(tag);
      at::parallel_for(0, count * tokens, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++)
          rows<T>().gated_sum(data<float>(input) + row * width, data<float>(factor) + row / tokens * width,
                              data<T>(added) + row * width, data<float>(y) + row * width, width);
      });
    });
    context->save_for_backward({factor, added});
    context->saved_data["gate_type"] = static_cast<int64_t>(gate.scalar_type());
    context->saved_data["gate_shape"] = gate.sizes().vec();
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list grads) {
    check_first_order("gated_sum");
    const auto saved = context->get_saved_variables();
    const at::Tensor &gate = saved[0], &update = saved[1];
    const at::Tensor grad = grads[0].contiguous();
    const int64_t count = grad.size(0), tokens = grad.size(1), width = grad.size(2);
    at::Tensor d_update = at::empty_like(update), d_gate = at::zeros({count, width}, grad.options());
    with_row_type(update, "gated_sum", [&](auto tag) {
      using T = decltype(tag);
      at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
        for (int64_t n = begin; n < end; n++) {
          for (int64_t row = n * tokens; row < (n + 1) * tokens; row++)
            rows<T>().gated_sum_backward(data<float>(grad) + row * width, data<float>(gate) + n * width,
                                         data<T>(update) + row * width, data<T>(d_update) + row * width,
                                         data<float>(d_gate) + n * width, width);
        }
      });
    });
    const auto type = static_cast<at::ScalarType>(context->saved_data["gate_type"].toInt());
    const auto shape = context->saved_data["gate_shape"].toIntVector();
    return {grad, d_gate.to(type).view(shape), d_update};
  }
};

at::Tensor modulated_layer_norm(const at::Tensor &x, const at::Tensor &shift, const at::Tensor &scale, double epsilon,
                                at::ScalarType weight_type) {
  check_cpu("modulated_layer_norm", {&x, &shift, &scale});
  return ModulatedLayerNorm::apply(x, shift, scale, epsilon, product_type(weight_type));
}

at::Tensor attention_mlp(const at::Tensor &projected, const at::Tensor &query_scale, const at::Tensor &key_scale,
                         const at::Tensor &turns, int64_t heads, double epsilon) {
  check_cpu("attention_mlp", {&projected, &query_scale, &key_scale, &turns});
  return AttentionMlp::apply(projected, query_scale, key_scale, turns, heads, epsilon);
}

at::Tensor gated_sum(const at::Tensor &x, const at::Tensor &gate, const at::Tensor &update) {
  check_cpu("gated_sum", {&x, &gate, &update});
  return GatedSum::apply(x, gate, update);
}

} // namespace

TORCH_LIBRARY_FRAGMENT(nvg, m) {
  m.def("modulated_layer_norm(Tensor x, Tensor shift, Tensor scale, float epsilon, ScalarType weight_type) -> Tensor",
        &modulated_layer_norm);
  m.def("attention_mlp(Tensor projected, Tensor query_scale, Tensor key_scale, Tensor turns, int heads, float epsilon) "
        "-> Tensor",
        &attention_mlp);
  m.def("gated_sum(Tensor x, Tensor gate, Tensor update) -> Tensor", &gated_sum);
}

} // namespace nvg
