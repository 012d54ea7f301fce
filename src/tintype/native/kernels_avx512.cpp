#include "available.hpp"
#include "kernels.hpp"

namespace tintype::engine {
const Kernels kAvx512 = kernels_of<simd::Avx512>("avx512");
}
