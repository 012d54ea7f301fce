#include "kernels.hpp"

namespace tintype::engine {
extern const Kernels kAvx512;
const Kernels kAvx512 = kernels_of<simd::Avx512>("avx512");
}  // namespace tintype::engine
