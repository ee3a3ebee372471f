// Compiles parts of a source file for an instruction set that the rest of the library does not require.
//
// What runs where:
//   x86-64, GCC 12 or clang 14 and newer   row kernels for SSE2, AVX2 and AVX-512, chosen at run time; matrix
//                                          tiles in bfloat16 and int8 on AMX or AVX-512 with bfloat16 and VNNI
//   every other processor or compiler      the row kernels once, for the compiler's default instruction set (NEON on
//                                          aarch64); no matrix tiles: bfloat16 products use libtorch, and there is no
//                                          int8
#pragma once

#if defined(__x86_64__) && (defined(__clang__) ? __clang_major__ >= 14 : defined(__GNUC__) && __GNUC__ >= 12)
#define NVG_X86 1
#endif

#define NVG_PRAGMA(text) _Pragma(#text)

#ifdef NVG_X86
#define NVG_X86_64_V3 "arch=x86-64-v3"
#if defined(__clang__)
// The vector width is not part of the target; CMakeLists.txt passes -mprefer-vector-width=512 instead.
#define NVG_X86_64_V4 "arch=x86-64-v4"
#define NVG_AVX512_BF16 "arch=x86-64-v4,avx512bf16"
// For matrix tiles. The bfloat16 products are compiled for VNNI as well, because every processor with avx512bf16 has it.
#define NVG_AVX512_TILES "arch=x86-64-v4,avx512bf16,avx512vnni"
#define NVG_TARGET_BEGIN(features)                                                                                     \
  NVG_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define NVG_TARGET_END NVG_PRAGMA(clang attribute pop)
#else
#define NVG_X86_64_V4 "arch=x86-64-v4,prefer-vector-width=512"
#define NVG_AVX512_BF16 "arch=x86-64-v4,avx512bf16,prefer-vector-width=512"
#define NVG_AVX512_TILES "arch=x86-64-v4,avx512bf16,avx512vnni,prefer-vector-width=512"
#define NVG_TARGET_BEGIN(features)                                                                                     \
  NVG_PRAGMA(GCC push_options)                                                                                         \
  NVG_PRAGMA(GCC target(features))
#define NVG_TARGET_END NVG_PRAGMA(GCC pop_options)
// GCC 12 reports the deliberately undefined operands inside its own intrinsics as uninitialised.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#define NVG_AMX_TILES "amx-tile,amx-bf16,amx-int8,avx512f"
#endif

#if defined(__clang__)
#define NVG_UNROLL(count) NVG_PRAGMA(clang loop unroll_count(count))
#else
#define NVG_UNROLL(count) NVG_PRAGMA(GCC unroll count)
#endif
