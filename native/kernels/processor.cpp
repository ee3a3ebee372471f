#include "kernels/processor.h"

#ifdef NVG_X86

#include <cpuid.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace nvg::processor {
namespace {

// LZCNT, MOVBE and F16C: the features of x86-64-v3 for which __builtin_cpu_supports has no name in clang before 18.
bool has_unnamed_v3_features() {
  unsigned eax, ebx, ecx, edx;
  constexpr unsigned movbe = 1u << 22, f16c = 1u << 29, lzcnt = 1u << 5;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & movbe) == 0 || (ecx & f16c) == 0)
    return false;
  return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && (ecx & lzcnt) != 0;
}

// Bits of EDX of leaf 7.
bool has_leaf_7(unsigned bits) {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx & bits) == bits;
}

// Linux grants the tile registers on request, once for the whole process.
bool request_tile_registers() {
#if defined(__linux__)
  constexpr long request_permission = 0x1023, tile_data = 18;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}

} // namespace

bool has_x86_64_v3() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") && has_unnamed_v3_features();
}

bool has_x86_64_v4() {
  return has_x86_64_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool has_avx512_bf16() { return has_x86_64_v4() && __builtin_cpu_supports("avx512bf16"); }

bool has_amx_bf16() {
  constexpr unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24;
  return has_avx512_bf16() && has_leaf_7(amx_bf16 | amx_tile) && request_tile_registers();
}

bool has_avx512_vnni() { return has_avx512_bf16() && __builtin_cpu_supports("avx512vnni"); }

bool has_amx_int8() {
  constexpr unsigned amx_int8 = 1u << 25;
  return has_amx_bf16() && has_leaf_7(amx_int8);
}

} // namespace nvg::processor

#endif
