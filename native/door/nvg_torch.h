// The C interface through which .NET reaches libtorch.
//
// Any operator of libtorch's dispatcher is looked up by name and called boxed, so autograd, autocast and device
// selection work without a hand-written export per operator. The other exports cover everything that is not an
// operator: memory, the autograd engine, thread-local modes, random generators, process groups.
//
// Rules
//  - Every export returns a nvgt_status; results are returned through out parameters. nvgt_last_error reads the message
//    of the last error of the calling thread. No C++ exception crosses this boundary.
//  - A tensor is a TensorImpl*. Arguments are always borrowed; a returned tensor is a new reference that the caller
//    releases. Null stands for "no tensor" where a parameter is optional.
#pragma once

#include <cstdint>

#if defined(__GNUC__)
#define NVGT_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define NVGT_EXPORT extern "C"
#endif

// Must be incremented when a signature or struct below changes, or when loading calls a new export; other additions do
// not change it. The managed side rejects any other number.
constexpr int32_t NVGT_ABI_VERSION = 2;

// The managed side has the same names (Interop/NativeStatus.cs); a test compares them.
enum nvgt_status : int32_t {
  NVGT_OK = 0,
  NVGT_ERROR = 1,            // the operator failed: shapes, values, device
  NVGT_ARGUMENT = 2,         // invalid index, value or type of an argument
  NVGT_UNKNOWN_OPERATOR = 3, // the operator does not exist, or not for this device
  NVGT_OUT_OF_MEMORY = 4,
  NVGT_INTERNAL = 5, // an exception that does not come from libtorch
};

// The kind of a nvgt_value. The managed side has the same names (Interop/NativeStructs.cs); a test compares them.
enum nvgt_kind : int32_t {
  NVGT_NONE = 0,
  NVGT_TENSOR = 1,
  NVGT_INT = 2,
  NVGT_DOUBLE = 3,
  NVGT_BOOL = 4,
  NVGT_INT_LIST = 5,
  NVGT_TENSOR_LIST = 6,
  NVGT_STRING = 7,
  NVGT_GENERATOR = 8,
  NVGT_DEFAULT = 9, // the schema's default value
  NVGT_DEVICE = 10, // as_int: device type << 32 | index (as uint32, -1 = current)
  NVGT_OPTIONAL_TENSOR_LIST = 11,
  NVGT_DOUBLE_LIST = 12,
  NVGT_BOOL_LIST = 13, // one byte per element
};

// One argument or result of an operator. `count` is the length of a list or string.
struct nvgt_value {
  int32_t kind;
  int32_t count;
  union {
    int64_t as_int;
    double as_double;
    const void *pointer;
  };
};

typedef void *nvgt_tensor;
typedef void *nvgt_generator;
typedef const void *nvgt_operator;
typedef void *nvgt_graph;
typedef void *nvgt_gradient_hook;
typedef void *nvgt_store;
typedef void *nvgt_group;
typedef void *nvgt_work;

struct nvgt_tensor_info {
  int32_t scalar_type;
  int32_t device_type;
  int32_t device_index;
  int32_t rank;
  int64_t element_count;
  uint8_t is_contiguous;
  uint8_t requires_grad;
  uint8_t is_leaf;
  uint8_t reserved[5];
};

// --- context
NVGT_EXPORT int32_t nvgt_abi_version();
// Copies at most `capacity` bytes of the calling thread's last message; `length` is its full length.
NVGT_EXPORT int32_t nvgt_last_error(char *buffer, int64_t capacity, int64_t *length);
NVGT_EXPORT int32_t nvgt_torch_version(char *buffer, int64_t capacity, int64_t *length);
NVGT_EXPORT int32_t nvgt_build_settings(char *buffer, int64_t capacity, int64_t *length);
NVGT_EXPORT int32_t nvgt_get_thread_count(int32_t *count);
NVGT_EXPORT int32_t nvgt_set_thread_count(int32_t count);
NVGT_EXPORT int32_t nvgt_cuda_device_count(int32_t *count);
NVGT_EXPORT int32_t nvgt_synchronize(int32_t device_type, int32_t device_index);
// Whether float32 matrix products on CUDA may be computed in TensorFloat-32.
NVGT_EXPORT int32_t nvgt_set_allow_tf32(uint8_t allowed);
// Computes a convolution with and without oneDNN, and disables oneDNN for the process if they differ.
NVGT_EXPORT int32_t nvgt_check_onednn(uint8_t *used);

// --- what runs
// Counts and times every operator of all threads, backward passes included, until nvgt_trace_end.
NVGT_EXPORT int32_t nvgt_trace_begin();
NVGT_EXPORT int32_t nvgt_trace_end();
// One line per operator of the last trace: name, number of calls, and nanoseconds excluding the operators that it
// called, separated by tabs. Copies between host and device are named "copy to host" and "copy to device"; ", waiting"
// is appended if the host waits for the device.
NVGT_EXPORT int32_t nvgt_trace_report(char *buffer, int64_t capacity, int64_t *length);
// libtorch's profiler, which also records GPU kernels; its trace is written as Chrome trace events. A libtorch without
// Kineto has no such profiler; nvgt_profile_end then reports an error.
NVGT_EXPORT int32_t nvgt_profile_begin(uint8_t with_cuda);
NVGT_EXPORT int32_t nvgt_profile_end(const char *path);

// --- tensors
// Copies `byte_count` bytes, row-major, into a new CPU tensor. -> new reference
NVGT_EXPORT int32_t nvgt_tensor_copy_from(const void *data, int64_t byte_count, int32_t scalar_type,
                                          const int64_t *shape, int32_t rank, nvgt_tensor *result);
// A CPU tensor over memory that it does not own. `release(context)` is called once, when the last reference is
// released. -> new reference
NVGT_EXPORT int32_t nvgt_tensor_wrap(void *data, int32_t scalar_type, const int64_t *shape, int32_t rank,
                                     void (*release)(void *), void *context, nvgt_tensor *result);
NVGT_EXPORT int32_t nvgt_tensor_alias(nvgt_tensor tensor, nvgt_tensor *result); // -> new reference
NVGT_EXPORT int32_t nvgt_tensor_release(nvgt_tensor tensor);
NVGT_EXPORT int32_t nvgt_tensor_describe(nvgt_tensor tensor, nvgt_tensor_info *info);
NVGT_EXPORT int32_t nvgt_tensor_shape(nvgt_tensor tensor, int64_t *sizes, int32_t capacity);
// The address of the first element, valid as long as the tensor exists; readable for a CPU tensor.
NVGT_EXPORT int32_t nvgt_tensor_data(nvgt_tensor tensor, void **data);

// --- operators
NVGT_EXPORT int32_t nvgt_operator_find(const char *name, const char *overload, nvgt_operator *result);
NVGT_EXPORT int32_t nvgt_operator_schema(nvgt_operator op, char *buffer, int64_t capacity, int64_t *length);
// Missing trailing arguments have the defaults of the schema. Lists of tensors among the results are flattened.
// Tensors in `results` are new references, null for an undefined tensor.
NVGT_EXPORT int32_t nvgt_operator_call(nvgt_operator op, const nvgt_value *arguments, int32_t argument_count,
                                       nvgt_value *results, int32_t capacity, int32_t *result_count);

// --- autograd and thread-local modes
NVGT_EXPORT int32_t nvgt_set_requires_grad(nvgt_tensor tensor, uint8_t required);
NVGT_EXPORT int32_t nvgt_get_grad(nvgt_tensor tensor, nvgt_tensor *grad); // -> new reference or null
NVGT_EXPORT int32_t nvgt_set_grad(nvgt_tensor tensor, nvgt_tensor grad);  // null clears
NVGT_EXPORT int32_t nvgt_backward(const nvgt_tensor *roots, int32_t root_count, const nvgt_tensor *root_grads,
                                  uint8_t retain_graph);
// Gradients of the sum of roots (weighted by root_grads if given) with respect to inputs. -> new references, null for
// unused inputs
NVGT_EXPORT int32_t nvgt_grad(const nvgt_tensor *roots, int32_t root_count, const nvgt_tensor *inputs,
                              int32_t input_count, const nvgt_tensor *root_grads, uint8_t retain_graph,
                              uint8_t create_graph, nvgt_tensor *grads);
// Activation checkpointing: an alias of `output`, which was computed without a graph. The backward pass calls
// `backward(context, grad of output, grads)`, which writes one new reference per input, or null for none, and returns
// 0; any other return value makes the backward pass fail. `release(context)` is called once, when the graph is
// released. -> new reference
NVGT_EXPORT int32_t nvgt_checkpoint(const nvgt_tensor *inputs, int32_t input_count, nvgt_tensor output,
                                    int32_t (*backward)(void *, nvgt_tensor, nvgt_tensor *), void (*release)(void *),
                                    void *context, nvgt_tensor *result);
NVGT_EXPORT int32_t nvgt_set_grad_mode(uint8_t enabled, uint8_t *previous);
NVGT_EXPORT int32_t nvgt_inference_mode_enter(void **guard);
NVGT_EXPORT int32_t nvgt_inference_mode_exit(void *guard);
NVGT_EXPORT int32_t nvgt_set_autocast(int32_t device_type, uint8_t enabled, int32_t scalar_type,
                                      uint8_t *previous_enabled, int32_t *previous_scalar_type);
// Whether autocast is enabled for a device type on the calling thread, and its element type.
NVGT_EXPORT int32_t nvgt_get_autocast(int32_t device_type, uint8_t *enabled, int32_t *scalar_type);
NVGT_EXPORT int32_t nvgt_clear_autocast_cache();

// Calls `ready(context, index)` each time a backward pass has added to the gradient of a leaf, on the thread that added
// it. `ready` must not throw. It is called until the hook is released.
NVGT_EXPORT int32_t nvgt_gradient_hook_new(nvgt_tensor tensor, void (*ready)(void *, int32_t), void *context,
                                           int32_t index, nvgt_gradient_hook *result);
NVGT_EXPORT int32_t nvgt_gradient_hook_release(nvgt_gradient_hook hook);

// --- random generators
NVGT_EXPORT int32_t nvgt_generator_new(int32_t device_type, int32_t device_index, uint64_t seed,
                                       nvgt_generator *result);
NVGT_EXPORT int32_t nvgt_generator_release(nvgt_generator generator);
NVGT_EXPORT int32_t nvgt_generator_get_state(nvgt_generator generator, nvgt_tensor *state); // -> new reference
NVGT_EXPORT int32_t nvgt_generator_set_state(nvgt_generator generator, nvgt_tensor state);

// --- CUDA graphs; all functions except the first fail in a build without the CUDA headers
NVGT_EXPORT int32_t nvgt_has_graphs(uint8_t *available);
NVGT_EXPORT int32_t nvgt_graph_new(int32_t device_index, nvgt_graph *result);
// Until exit, the calling thread's work is submitted to the graph's stream: it runs there or, with `captures`, is
// recorded without running. Memory allocated while recording belongs to the graph.
NVGT_EXPORT int32_t nvgt_graph_enter(nvgt_graph graph, uint8_t captures);
NVGT_EXPORT int32_t nvgt_graph_exit(nvgt_graph graph);
// Replays the recorded work on the current stream, using the contents of its tensors at that time.
NVGT_EXPORT int32_t nvgt_graph_replay(nvgt_graph graph);
NVGT_EXPORT int32_t nvgt_graph_release(nvgt_graph graph);

// --- process groups (libtorch's c10d); all functions except the first fail in a build without it
NVGT_EXPORT int32_t nvgt_group_backends(uint8_t *has_gloo, uint8_t *has_nccl);
// One of the processes is the store server, at `host`; all processes, including this one, are clients. Waits for the
// server, up to the timeout.
NVGT_EXPORT int32_t nvgt_store_new(const char *host, int32_t port, uint8_t is_server, int64_t timeout_ms,
                                   nvgt_store *result);
NVGT_EXPORT int32_t nvgt_store_release(nvgt_store store);
NVGT_EXPORT int32_t nvgt_store_set(nvgt_store store, const char *key, const uint8_t *value, int64_t length);
// Waits for the key, up to the timeout of the store. Copies at most `capacity` bytes; `length` is the length of the
// value.
NVGT_EXPORT int32_t nvgt_store_get(nvgt_store store, const char *key, uint8_t *buffer, int64_t capacity,
                                   int64_t *length);
NVGT_EXPORT int32_t nvgt_store_has(nvgt_store store, const char *key, uint8_t *found);
NVGT_EXPORT int32_t nvgt_store_add(nvgt_store store, const char *key, int64_t amount, int64_t *sum);
// `backend` is "gloo" or "nccl". Gloo listens on the network interface `network`, otherwise on the local address
// `address`, or, if both are null, on the address of this host's name.
NVGT_EXPORT int32_t nvgt_group_new(nvgt_store store, const char *backend, const char *prefix, int32_t rank,
                                   int32_t size, int64_t timeout_ms, const char *network, const char *address,
                                   nvgt_group *result);
NVGT_EXPORT int32_t nvgt_group_release(nvgt_group group);
// Both start modifying the tensor in place, keep it alive, and return without waiting. operation: 0 sum, 1 maximum.
NVGT_EXPORT int32_t nvgt_group_all_reduce(nvgt_group group, nvgt_tensor tensor, int32_t operation, nvgt_work *result);
NVGT_EXPORT int32_t nvgt_group_broadcast(nvgt_group group, nvgt_tensor tensor, int32_t root, nvgt_work *result);
// Whether the work has finished or failed.
NVGT_EXPORT int32_t nvgt_work_is_done(nvgt_work work, uint8_t *done);
// Waits until the result can be used. On the CPU, this blocks until completion; on a GPU, the current stream waits for
// it.
NVGT_EXPORT int32_t nvgt_work_wait(nvgt_work work);
NVGT_EXPORT int32_t nvgt_work_release(nvgt_work work);
