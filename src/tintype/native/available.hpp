// The kernels that this machine can run, the fastest first.

#pragma once

#include <vector>

#include "layers.hpp"

namespace tintype::engine {

extern const Kernels kPortable;
#ifdef TINTYPE_X86
extern const Kernels kSse2, kAvx2, kAvx512;
#endif
#ifdef __wasm_simd128__
extern const Kernels kSimd128;
#endif

inline std::vector<const Kernels*> available() {
    std::vector<const Kernels*> found;
#ifdef TINTYPE_X86
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni"))
            found.push_back(&kAvx512);
        found.push_back(&kAvx2);
    }
    found.push_back(&kSse2);
#endif
#ifdef __wasm_simd128__
    found.push_back(&kSimd128);
#endif
    found.push_back(&kPortable);
    return found;
}

}  // namespace tintype::engine
