#include "kernels.hpp"

namespace tintype::engine {
extern const Kernels kPortable;
const Kernels kPortable = kernels_of<simd::Portable>("portable");
}  // namespace tintype::engine
