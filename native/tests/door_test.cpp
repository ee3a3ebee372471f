// Tests the C interface: input and output values, status codes and messages, autocast.
#include "door/nvg_torch.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>

#include <cstdio>
#include <string>

namespace {

int failures = 0;

void expect(bool condition, const char *what) {
  if (condition)
    return;
  failures++;
  std::fprintf(stderr, "FAILED: %s\n", what);
}

std::string last_error() {
  char buffer[1024];
  int64_t length = 0;
  nvgt_last_error(buffer, sizeof buffer, &length);
  return std::string(buffer, static_cast<size_t>(std::min<int64_t>(length, sizeof buffer)));
}

nvgt_operator find(const char *name, const char *overload = "") {
  nvgt_operator op = nullptr;
  expect(nvgt_operator_find(name, overload, &op) == NVGT_OK, name);
  return op;
}

nvgt_value tensor_argument(nvgt_tensor tensor) {
  nvgt_value value{};
  value.kind = NVGT_TENSOR;
  value.pointer = tensor;
  return value;
}

nvgt_value list_argument(const int64_t *numbers, int32_t count) {
  nvgt_value value{};
  value.kind = NVGT_INT_LIST;
  value.count = count;
  value.pointer = numbers;
  return value;
}

void check_call() {
  const float numbers[] = {1, 2, 3, 4};
  const int64_t shape[] = {2, 2};
  nvgt_tensor tensor = nullptr;
  expect(nvgt_tensor_copy_from(numbers, sizeof numbers, static_cast<int32_t>(at::kFloat), shape, 2, &tensor) == NVGT_OK,
         "copy_from");
  const nvgt_value arguments[] = {tensor_argument(tensor), tensor_argument(tensor)};
  nvgt_value result{};
  int32_t count = 0;
  expect(nvgt_operator_call(find("aten::add", "Tensor"), arguments, 2, &result, 1, &count) == NVGT_OK && count == 1,
         "add");
  void *data = nullptr;
  auto *sum = const_cast<nvgt_tensor>(result.pointer);
  expect(nvgt_tensor_data(sum, &data) == NVGT_OK && static_cast<const float *>(data)[3] == 8, "1 + 1 … 4 + 4");
  expect(nvgt_tensor_release(sum) == NVGT_OK && nvgt_tensor_release(tensor) == NVGT_OK, "release");
  expect(nvgt_tensor_copy_from(numbers, 3, static_cast<int32_t>(at::kFloat), shape, 2, &tensor) == NVGT_ARGUMENT &&
             last_error().find("16 bytes") != std::string::npos,
         "a wrong number of bytes");
}

void check_errors() {
  nvgt_operator op = nullptr;
  expect(nvgt_operator_find("nvg::no_such_operator", "", &op) == NVGT_UNKNOWN_OPERATOR, "an unknown operator");
  expect(!last_error().empty(), "a message");

  const int64_t huge[] = {int64_t{1} << 50};
  const nvgt_value size = list_argument(huge, 1);
  nvgt_value result{};
  int32_t count = 0;
  expect(nvgt_operator_call(find("aten::empty", "memory_format"), &size, 1, &result, 1, &count) == NVGT_OUT_OF_MEMORY,
         "out of memory");

  const nvgt_value no_tensor = size;
  expect(nvgt_operator_call(find("aten::relu"), &no_tensor, 1, &result, 1, &count) != NVGT_OK, "an argument's type");
  expect(nvgt_operator_call(find("aten::relu"), nullptr, 0, &result, 1, &count) == NVGT_ARGUMENT &&
             last_error().find("needs argument") != std::string::npos,
         "a missing argument");
}

void check_autocast() {
  const auto cpu = static_cast<int32_t>(at::kCPU), bfloat16 = static_cast<int32_t>(at::kBFloat16);
  uint8_t enabled = 1, previous = 1;
  int32_t type = 0, previous_type = 0;
  expect(nvgt_get_autocast(cpu, &enabled, &type) == NVGT_OK && enabled == 0, "autocast is off");
  expect(nvgt_set_autocast(cpu, 1, bfloat16, &previous, &previous_type) == NVGT_OK && previous == 0, "switch it on");
  expect(nvgt_get_autocast(cpu, &enabled, &type) == NVGT_OK && enabled == 1 && type == bfloat16, "autocast is on");
  expect(nvgt_set_autocast(cpu, previous, previous_type, &previous, &previous_type) == NVGT_OK && previous == 1,
         "restore it");
}

void check_onednn() {
  uint8_t used = 2;
  expect(nvgt_check_onednn(&used) == NVGT_OK && used == static_cast<uint8_t>(at::globalContext().userEnabledMkldnn()),
         "oneDNN is used where its convolutions are right");
}

} // namespace

int main() {
  expect(nvgt_abi_version() == NVGT_ABI_VERSION, "version of the interface");
  check_call();
  check_onednn();
  check_errors();
  check_autocast();
  std::printf("door: %d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
