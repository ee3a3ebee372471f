// Features of the processor that runs the library.
#pragma once

#include "kernels/instruction_sets.h"

#ifdef NVG_X86

namespace nvg::processor {

// The levels of the x86-64 psABI. The compilers' queries for vector instructions include whether the operating system
// saves their registers.
bool has_x86_64_v3();
bool has_x86_64_v4();

// AVX-512 dot products of bfloat16, and all of x86-64-v4.
bool has_avx512_bf16();

// AMX tiles with bfloat16 products, and all of has_avx512_bf16(). Requests the tile registers from the kernel.
bool has_amx_bf16();

// Dot products of bytes, in addition to has_avx512_bf16() and has_amx_bf16(), respectively.
bool has_avx512_vnni();
bool has_amx_int8();

} // namespace nvg::processor

#endif
