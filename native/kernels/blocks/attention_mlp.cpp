// [attention, gelu(m)] of the projection [q k v | m]: the operations between the two matrix products of a transformer
// block. The RMS norms and rotary embeddings of queries and keys, and GELU, take one pass over memory; the products and
// the softmax of the attention use libtorch.
//
// N sequences of T tokens, H heads of size D, an MLP of width M.
//   projected    (N, T, 3 H D + M)
//   scales       (D) each, the learned scales of the norms
//   rotations    (N, T, D) in float32, pairs of cosine and sine
//   result       (N, T, H D + M)
#include "kernels/library.h"
#include "kernels/rows.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <cmath>
#include <cstring>
#include <vector>

namespace nvg {
namespace {

constexpr auto kName = "attention_mlp";

template <typename T> struct RowKernels {
  void (*norm_rotate)(const T *x, const float *scale, const float *rotations, T *y, int64_t size, float epsilon,
                      float factor);
  void (*norm_rotate_backward)(const T *grad, const T *x, const float *scale, const float *rotations, T *d_x,
                               float *d_scale, float *unrotated, int64_t size, float epsilon, float factor);
  void (*gelu)(const T *x, T *y, int64_t size);
  void (*gelu_backward)(const T *grad, const T *x, T *d_x, int64_t size);
};

#define NVG_ROWS "kernels/blocks/attention_mlp_rows.inc"
#include "kernels/row_kernels.inc"

// Minimum number of rows (of a few hundred numbers each) per thread; fewer are not worth the overhead.
constexpr int64_t kGrain = 16;

// hidden, query, key, value (N H, T, D each) and attention weights (N H, T, T).
using ForwardResult = std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor>;

// The gradients of the projection and both scales; the latter are float32.
using BackwardResult = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

struct Shape {
  int64_t count, tokens, heads, size, mlp;

  Shape(const at::Tensor &projected, int64_t heads, int64_t size)
      : count(projected.size(0)), tokens(projected.size(1)), heads(heads), size(size),
        mlp(projected.size(2) - 3 * heads * size) {}

  int64_t width() const { return heads * size; }
  int64_t columns() const { return 3 * width() + mlp; }
  int64_t hidden() const { return width() + mlp; }

  // Offset of a token's head in (N H, T, D).
  int64_t place(int64_t sequence, int64_t head, int64_t token) const {
    return ((sequence * heads + head) * tokens + token) * size;
  }

  // 1/√D is applied to the queries: D products per token instead of T products for the attention weights.
  float query_factor() const { return 1.0f / std::sqrt(static_cast<float>(size)); }
};

Shape checked_shape(const at::Tensor &projected, const at::Tensor &query_scale, const at::Tensor &key_scale,
                    const at::Tensor &rotations, int64_t heads) {
  TORCH_CHECK(heads > 0 && query_scale.numel() % 2 == 0 && key_scale.numel() == query_scale.numel(), kName,
              ": both scales must have the same even number of elements");
  TORCH_CHECK(projected.dim() == 3 && projected.size(2) > 3 * heads * query_scale.numel(), kName,
              ": projected must be (N, T, 3 H D + M), got ", projected.sizes());
  const Shape shape(projected, heads, query_scale.numel());
  TORCH_CHECK(rotations.scalar_type() == at::kFloat && rotations.numel() == shape.count * shape.tokens * shape.size,
              kName, ": rotations must be float32 (N, T, D)");
  return shape;
}

// The results of the row kernels. v is copied, because the products read contiguous heads.
struct Rows {
  at::Tensor query, key, value, hidden;

  Rows(const Shape &shape, const at::TensorOptions &options)
      : query(at::empty({shape.count * shape.heads, shape.tokens, shape.size}, options)), key(at::empty_like(query)),
        value(at::empty_like(query)), hidden(at::empty({shape.count, shape.tokens, shape.hidden()}, options)) {}
};

ForwardResult forward_meta(const at::Tensor &projected, const at::Tensor &query_scale, const at::Tensor &key_scale,
                           const at::Tensor &rotations, int64_t heads, double /*epsilon*/) {
  check_all_meta(kName, {projected, query_scale, key_scale, rotations});
  const Shape shape = checked_shape(projected, query_scale, key_scale, rotations, heads);
  const Rows results(shape, projected.options());
  return {results.hidden, results.query, results.key, results.value,
          at::empty({shape.count * heads, shape.tokens, shape.tokens}, projected.options())};
}

ForwardResult forward_cpu(const at::Tensor &projected, const at::Tensor &query_scale, const at::Tensor &key_scale,
                          const at::Tensor &rotations, int64_t heads, double epsilon) {
  const Shape shape = checked_shape(projected, query_scale, key_scale, rotations, heads);
  // The products keep their element type regardless of autocast.
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::DispatchKey::AutocastCPU);
  const at::Tensor input = projected.contiguous(), turns = rotations.contiguous();
  const at::Tensor q_scale = query_scale.to(at::kFloat).contiguous(), k_scale = key_scale.to(at::kFloat).contiguous();
  const Rows results(shape, input.options());
  const int64_t size = shape.size, width = shape.width();
  with_row_type(input, kName, [&](auto tag) {
    using T = decltype(tag);
    parallel_for(0, shape.count * shape.tokens, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        const T *source = data<T>(input) + row * shape.columns();
        const float *turn = data<float>(turns) + row * size;
        for (int64_t h = 0; h < heads; h++) {
          const int64_t place = shape.place(row / shape.tokens, h, row % shape.tokens);
          rows<T>().norm_rotate(source + h * size, data<float>(q_scale), turn, data<T>(results.query) + place, size,
                                static_cast<float>(epsilon), shape.query_factor());
          rows<T>().norm_rotate(source + width + h * size, data<float>(k_scale), turn, data<T>(results.key) + place,
                                size, static_cast<float>(epsilon), 1.0f);
          std::memcpy(data<T>(results.value) + place, source + 2 * width + h * size,
                      static_cast<size_t>(size) * sizeof(T));
        }
        rows<T>().gelu(source + 3 * width, data<T>(results.hidden) + row * shape.hidden() + width, shape.mlp);
      }
    });
  });
  const at::Tensor weights = at::softmax(at::bmm(results.query, results.key.transpose(1, 2)), -1);
  const at::Tensor attended = at::bmm(weights, results.value);
  results.hidden.narrow(2, 0, width)
      .view({shape.count, shape.tokens, heads, size})
      .copy_(attended.view({shape.count, heads, shape.tokens, size}).transpose(1, 2));
  return {results.hidden, results.query, results.key, results.value, weights};
}

BackwardResult backward_meta(const at::Tensor &grad, const at::Tensor &projected, const at::Tensor &query_scale,
                             const at::Tensor &key_scale, const at::Tensor &rotations, const at::Tensor &query,
                             const at::Tensor &key, const at::Tensor &value, const at::Tensor &weights,
                             double /*epsilon*/) {
  check_all_meta(kName, {grad, projected, query_scale, key_scale, rotations, query, key, value, weights});
  const at::Tensor d_scale = at::empty({query_scale.numel()}, query_scale.options().dtype(at::kFloat));
  return {at::empty(projected.sizes(), projected.options()), d_scale, at::empty_like(d_scale)};
}

BackwardResult backward_cpu(const at::Tensor &grad, const at::Tensor &projected, const at::Tensor &query_scale,
                            const at::Tensor &key_scale, const at::Tensor &rotations, const at::Tensor &query,
                            const at::Tensor &key, const at::Tensor &value, const at::Tensor &weights, double epsilon) {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::DispatchKey::AutocastCPU);
  const Shape shape(projected, query.size(0) / std::max<int64_t>(projected.size(0), 1), query_scale.numel());
  const int64_t heads = shape.heads, size = shape.size, width = shape.width();
  const at::Tensor input = projected.contiguous(), turns = rotations.contiguous(), upstream = grad.contiguous();
  const at::Tensor q_scale = query_scale.to(at::kFloat).contiguous(), k_scale = key_scale.to(at::kFloat).contiguous();
  const at::Tensor d_attended = upstream.narrow(2, 0, width)
                                    .view({shape.count, shape.tokens, heads, size})
                                    .transpose(1, 2)
                                    .reshape({shape.count * heads, shape.tokens, size});
  const at::Tensor d_v = at::bmm(weights.transpose(1, 2), d_attended).contiguous();
  const at::Tensor d_scores =
      at::_softmax_backward_data(at::bmm(d_attended, value.transpose(1, 2)), weights, -1, weights.scalar_type());
  const at::Tensor d_q = at::bmm(d_scores, key).contiguous();
  const at::Tensor d_k = at::bmm(d_scores.transpose(1, 2), query).contiguous();
  at::Tensor d_projected = at::empty_like(input);
  // One row of scale gradients per sequence, summed in a fixed order, so the result does not depend on the threads.
  const at::Tensor d_scales = at::zeros({shape.count, 2, size}, q_scale.options());
  with_row_type(input, kName, [&](auto tag) {
    using T = decltype(tag);
    parallel_for(0, shape.count, 1, [&](int64_t begin, int64_t end) {
      std::vector<float> scratch(static_cast<size_t>(size));
      for (int64_t row = begin * shape.tokens; row < end * shape.tokens; row++) {
        const int64_t n = row / shape.tokens;
        float *d_scale = data<float>(d_scales) + n * 2 * size;
        const T *source = data<T>(input) + row * shape.columns();
        T *target = data<T>(d_projected) + row * shape.columns();
        const float *turn = data<float>(turns) + row * size;
        for (int64_t h = 0; h < heads; h++) {
          const int64_t place = shape.place(n, h, row % shape.tokens);
          rows<T>().norm_rotate_backward(data<T>(d_q) + place, source + h * size, data<float>(q_scale), turn,
                                         target + h * size, d_scale, scratch.data(), size, static_cast<float>(epsilon),
                                         shape.query_factor());
          rows<T>().norm_rotate_backward(data<T>(d_k) + place, source + width + h * size, data<float>(k_scale), turn,
                                         target + width + h * size, d_scale + size, scratch.data(), size,
                                         static_cast<float>(epsilon), 1.0f);
          std::memcpy(target + 2 * width + h * size, data<T>(d_v) + place, static_cast<size_t>(size) * sizeof(T));
        }
        rows<T>().gelu_backward(data<T>(upstream) + row * shape.hidden() + width, source + 3 * width,
                                target + 3 * width, shape.mlp);
      }
    });
  });
  const at::Tensor total = d_scales.sum(0);
  return {d_projected, total.select(0, 0), total.select(0, 1)};
}

struct AttentionMlp : torch::autograd::Function<AttentionMlp> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &projected,
                            const at::Tensor &query_scale, const at::Tensor &key_scale, const at::Tensor &rotations,
                            int64_t heads, double epsilon) {
    static const auto op = find_operator<decltype(forward_cpu)>("nvg::attention_mlp_forward");
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    const at::Tensor input = projected.contiguous(), turns = rotations.contiguous();
    auto [hidden, query, key, value, weights] = op.call(input, query_scale, key_scale, turns, heads, epsilon);
    context->save_for_backward({input, query_scale, key_scale, turns, query, key, value, weights});
    context->saved_data["epsilon"] = epsilon;
    return hidden;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list grads) {
    check_first_order(kName);
    static const auto op = find_operator<decltype(backward_cpu)>("nvg::attention_mlp_backward");
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    const auto saved = context->get_saved_variables();
    const at::Tensor &query_scale = saved[1], &key_scale = saved[2];
    const auto [d_projected, d_query_scale, d_key_scale] =
        op.call(grads[0], saved[0], query_scale, key_scale, saved[3], saved[4], saved[5], saved[6], saved[7],
                context->saved_data["epsilon"].toDouble());
    return {d_projected,
            d_query_scale.to(query_scale.scalar_type()).view(query_scale.sizes()),
            d_key_scale.to(key_scale.scalar_type()).view(key_scale.sizes()),
            at::Tensor(),
            at::Tensor(),
            at::Tensor()};
  }
};

at::Tensor attention_mlp(const at::Tensor &projected, const at::Tensor &query_scale, const at::Tensor &key_scale,
                         const at::Tensor &rotations, int64_t heads, double epsilon) {
  static const auto op = find_operator<decltype(forward_cpu)>("nvg::attention_mlp_forward");
  return std::get<0>(op.call(projected, query_scale, key_scale, rotations, heads, epsilon));
}

at::Tensor attention_mlp_autograd(const at::Tensor &projected, const at::Tensor &query_scale,
                                  const at::Tensor &key_scale, const at::Tensor &rotations, int64_t heads,
                                  double epsilon) {
  return AttentionMlp::apply(projected, query_scale, key_scale, rotations, heads, epsilon);
}

} // namespace

TORCH_LIBRARY_IMPL(nvg, CompositeExplicitAutograd, m) { m.impl("attention_mlp", &attention_mlp); }

TORCH_LIBRARY_IMPL(nvg, CPU, m) {
  m.impl("attention_mlp_forward", &forward_cpu);
  m.impl("attention_mlp_backward", &backward_cpu);
}

TORCH_LIBRARY_IMPL(nvg, Meta, m) {
  m.impl("attention_mlp_forward", &forward_meta);
  m.impl("attention_mlp_backward", &backward_meta);
}

TORCH_LIBRARY_IMPL(nvg, Autograd, m) { m.impl("attention_mlp", &attention_mlp_autograd); }

} // namespace nvg
