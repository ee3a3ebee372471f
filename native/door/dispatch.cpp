// Operators of the dispatcher: looked up by name and called boxed.
#include "door/guard.h"
#include "door/optional.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>

using namespace nvg::door;

namespace {

c10::OperatorHandle handle_of(nvgt_operator op) { return *static_cast<const c10::OperatorHandle *>(op); }

template <typename T> std::vector<T> list_of(const nvgt_value &value) {
  auto *first = static_cast<const T *>(value.pointer);
  return std::vector<T>(first, first + value.count);
}

c10::IValue to_ivalue(const nvgt_value &value, const c10::Argument &parameter) {
  switch (value.kind) {
  case NVGT_NONE:
    return c10::IValue();
  case NVGT_TENSOR:
    return c10::IValue(borrow(value.pointer));
  case NVGT_INT:
    // An integer for a float parameter is converted here, because operators check the tag of the value.
    if (parameter.type()->kind() == c10::TypeKind::FloatType)
      return c10::IValue(static_cast<double>(value.as_int));
    if (auto optional = parameter.type()->cast<c10::OptionalType>();
        optional && optional->getElementType()->kind() == c10::TypeKind::FloatType)
      return c10::IValue(static_cast<double>(value.as_int));
    return c10::IValue(value.as_int);
  case NVGT_DOUBLE:
    return c10::IValue(value.as_double);
  case NVGT_BOOL:
    return c10::IValue(value.as_int != 0);
  case NVGT_INT_LIST:
    return c10::IValue(list_of<int64_t>(value));
  case NVGT_DOUBLE_LIST:
    return c10::IValue(list_of<double>(value));
  case NVGT_BOOL_LIST: {
    c10::List<bool> list;
    for (int32_t i = 0; i < value.count; i++)
      list.push_back(static_cast<const uint8_t *>(value.pointer)[i] != 0);
    return c10::IValue(std::move(list));
  }
  case NVGT_TENSOR_LIST: {
    c10::List<at::Tensor> list;
    list.reserve(static_cast<size_t>(value.count));
    for (int32_t i = 0; i < value.count; i++)
      list.push_back(borrow(static_cast<void *const *>(value.pointer)[i]));
    return c10::IValue(std::move(list));
  }
  case NVGT_OPTIONAL_TENSOR_LIST: {
    c10::List<nvg::optional<at::Tensor>> list;
    list.reserve(static_cast<size_t>(value.count));
    for (int32_t i = 0; i < value.count; i++) {
      at::Tensor tensor = borrow(static_cast<void *const *>(value.pointer)[i]);
      list.push_back(tensor.defined() ? nvg::optional<at::Tensor>(std::move(tensor)) : nvg::nullopt);
    }
    return c10::IValue(std::move(list));
  }
  case NVGT_STRING:
    return c10::IValue(std::string(static_cast<const char *>(value.pointer), static_cast<size_t>(value.count)));
  case NVGT_GENERATOR:
    return c10::IValue(*static_cast<const at::Generator *>(value.pointer));
  case NVGT_DEVICE:
    return c10::IValue(device_of(static_cast<int32_t>(value.as_int >> 32), static_cast<int32_t>(value.as_int)));
  case NVGT_DEFAULT:
    TORCH_CHECK_TYPE(parameter.default_value().has_value(), "argument '", parameter.name(), "' has no default");
    return *parameter.default_value();
  default:
    TORCH_CHECK_TYPE(false, "unknown kind ", value.kind, " for argument '", parameter.name(), "'");
  }
}

// All results are checked before any is released to the caller, so nothing leaks if one of them cannot be returned.
size_t flattened_count(const c10::IValue &value) {
  TORCH_CHECK_TYPE(value.isTensor() || value.isTensorList() || value.isNone() || value.isBool() || value.isInt() ||
                       value.isDouble(),
                   "a result of type ", value.tagKind(), " cannot be returned");
  return value.isTensorList() ? value.toTensorList().size() : 1;
}

nvgt_value tensor_value(at::Tensor tensor) {
  nvgt_value result{};
  result.kind = NVGT_TENSOR;
  result.pointer = release(std::move(tensor));
  return result;
}

nvgt_value plain_value(const c10::IValue &value) {
  nvgt_value result{};
  if (value.isNone()) {
    result.kind = NVGT_NONE;
  } else if (value.isBool()) {
    result.kind = NVGT_BOOL;
    result.as_int = value.toBool();
  } else if (value.isInt()) {
    result.kind = NVGT_INT;
    result.as_int = value.toInt();
  } else {
    result.kind = NVGT_DOUBLE;
    result.as_double = value.toDouble();
  }
  return result;
}

} // namespace

NVGT_EXPORT int32_t nvgt_operator_find(const char *name, const char *overload, nvgt_operator *result) {
  const int32_t status = guarded([&] {
    // Handles are looked up once per operator and kept for the lifetime of the process.
    *result = new c10::OperatorHandle(c10::Dispatcher::singleton().findSchemaOrThrow(name, overload));
  });
  return status == NVGT_ERROR ? static_cast<int32_t>(NVGT_UNKNOWN_OPERATOR) : status;
}

NVGT_EXPORT int32_t nvgt_operator_schema(nvgt_operator op, char *buffer, int64_t capacity, int64_t *length) {
  return guarded([&] { copy_text(c10::toString(handle_of(op).schema()), buffer, capacity, length); });
}

NVGT_EXPORT int32_t nvgt_operator_call(nvgt_operator op, const nvgt_value *arguments, int32_t argument_count,
                                       nvgt_value *results, int32_t capacity, int32_t *result_count) {
  return guarded([&] {
    *result_count = 0;
    const c10::OperatorHandle handle = handle_of(op);
    const auto &parameters = handle.schema().arguments();
    TORCH_CHECK_TYPE(static_cast<size_t>(argument_count) <= parameters.size(), handle.schema().name(), " takes ",
                     parameters.size(), " arguments, ", argument_count, " were given");
    torch::jit::Stack stack;
    stack.reserve(parameters.size());
    for (size_t i = 0; i < parameters.size(); i++) {
      if (i < static_cast<size_t>(argument_count)) {
        stack.push_back(to_ivalue(arguments[i], parameters[i]));
        continue;
      }
      TORCH_CHECK_TYPE(parameters[i].default_value().has_value(), handle.schema().name(), " needs argument '",
                       parameters[i].name(), "'");
      stack.push_back(*parameters[i].default_value());
    }

    handle.callBoxed(stack);

    size_t total = 0;
    for (const auto &value : stack)
      total += flattened_count(value);
    TORCH_CHECK_VALUE(total <= static_cast<size_t>(capacity), "room for ", capacity, " results, ",
                      handle.schema().name(), " gave ", total);
    int32_t written = 0;
    for (auto &value : stack) {
      if (value.isTensorList()) {
        for (const at::Tensor &tensor : value.toTensorVector())
          results[written++] = tensor_value(tensor);
      } else if (value.isTensor()) {
        results[written++] = tensor_value(std::move(value).toTensor());
      } else {
        results[written++] = plain_value(value);
      }
    }
    *result_count = written;
  });
}
