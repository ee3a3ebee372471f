// Memory: creating tensors from host data, references, descriptions.
#include "door/guard.h"

#include <ATen/Functions.h>

using namespace nvg::door;

namespace {

c10::IntArrayRef sizes_of(const int64_t *shape, int32_t rank) {
  for (int32_t i = 0; i < rank; i++)
    TORCH_CHECK_VALUE(shape[i] >= 0, "negative size ", shape[i], " in dimension ", i);
  return c10::IntArrayRef(shape, static_cast<size_t>(rank));
}

} // namespace

NVGT_EXPORT int32_t nvgt_tensor_copy_from(const void *data, int64_t byte_count, int32_t scalar_type,
                                          const int64_t *shape, int32_t rank, nvgt_tensor *result) {
  return guarded([&] {
    auto options = at::TensorOptions().dtype(static_cast<c10::ScalarType>(scalar_type));
    at::Tensor tensor = at::empty(sizes_of(shape, rank), options);
    const int64_t needed = static_cast<int64_t>(tensor.nbytes());
    TORCH_CHECK_VALUE(needed == byte_count, "the shape needs ", needed, " bytes, ", byte_count, " were given");
    if (needed > 0)
      std::memcpy(tensor.data_ptr(), data, static_cast<size_t>(needed));
    *result = release(std::move(tensor));
  });
}

NVGT_EXPORT int32_t nvgt_tensor_wrap(void *data, int32_t scalar_type, const int64_t *shape, int32_t rank,
                                     void (*release_memory)(void *), void *context, nvgt_tensor *result) {
  return guarded([&] {
    auto options = at::TensorOptions().dtype(static_cast<c10::ScalarType>(scalar_type));
    auto deleter = [release_memory, context](void *) {
      if (release_memory != nullptr)
        release_memory(context);
    };
    *result = release(at::from_blob(data, sizes_of(shape, rank), deleter, options));
  });
}

NVGT_EXPORT int32_t nvgt_tensor_alias(nvgt_tensor tensor, nvgt_tensor *result) {
  return guarded([&] { *result = release(borrow(tensor)); });
}

NVGT_EXPORT int32_t nvgt_tensor_release(nvgt_tensor tensor) {
  return guarded([&] {
    c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(static_cast<c10::TensorImpl *>(tensor));
  });
}

NVGT_EXPORT int32_t nvgt_tensor_describe(nvgt_tensor tensor, nvgt_tensor_info *info) {
  return guarded([&] {
    const at::Tensor t = borrow(tensor);
    *info = nvgt_tensor_info{};
    info->scalar_type = static_cast<int32_t>(t.scalar_type());
    info->device_type = static_cast<int32_t>(t.device().type());
    info->device_index = static_cast<int32_t>(t.device().index());
    info->rank = static_cast<int32_t>(t.dim());
    info->element_count = t.numel();
    info->is_contiguous = t.is_contiguous();
    info->requires_grad = t.requires_grad();
    info->is_leaf = t.is_leaf();
  });
}

NVGT_EXPORT int32_t nvgt_tensor_shape(nvgt_tensor tensor, int64_t *sizes, int32_t capacity) {
  return guarded([&] {
    const at::Tensor t = borrow(tensor);
    TORCH_CHECK_VALUE(t.dim() <= capacity, "room for ", capacity, " sizes, the tensor has ", t.dim());
    std::copy(t.sizes().begin(), t.sizes().end(), sizes);
  });
}

NVGT_EXPORT int32_t nvgt_tensor_data(nvgt_tensor tensor, void **data) {
  return guarded([&] { *data = borrow(tensor).data_ptr(); });
}
