#include "available.hpp"
#include "kernels.hpp"

namespace tintype::engine {
const Kernels kSimd128 = kernels_of<simd::Simd128>("simd128");
}
