#include "available.hpp"
#include "kernels.hpp"

namespace tintype::engine {
const Kernels kSse2 = kernels_of<simd::Sse2>("sse2");
}
