// Decoded tiles as samples of a picture: tintype/codec/blending.py and `core_of` of tiling.py say what is computed.
// All float operations are float32 in a fixed order; compilers must not fuse them (CMakeLists.txt).

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace tintype::samples {

constexpr int kOne = 256;       // a weight of 1 in the sums of shares
constexpr size_t kBlock = 512;  // pixels worked on together

// A rectangle of a larger array: rows are `stride` elements behind each other.
template <typename T>
struct Rows {
    T* data;
    size_t stride;

    T* operator[](size_t y) const noexcept { return data + y * stride; }
};

// Three planes of pixels, nominally from 0 to 1, `step` floats behind each other
struct Planes {
    Rows<const float> first;
    size_t step, height, width;

    const float* row(size_t plane, size_t y) const noexcept { return first[y] + plane * step; }
};

// Values of one channel from column `x` of a row on; the only channel of a grey picture is the mean of the planes.
inline const float* channel(const Planes& planes, size_t channels, size_t c, size_t y, size_t x, size_t count,
                            float* mean) noexcept {
    if (channels > 1) return planes.row(c, y) + x;
    const float *red = planes.row(0, y) + x, *green = planes.row(1, y) + x, *blue = planes.row(2, y) + x;
    for (size_t i = 0; i < count; i++) mean[i] = (red[i] + green[i] + blue[i]) / 3.0f;
    return mean;
}

// NaN, which damaged latents may give, becomes 0
inline float clipped(float x, float top) noexcept {
    const float positive = x > 0.0f ? x : 0.0f;
    return positive < top ? positive : top;
}

// each(row, first column, columns, channel, values) for all of a tile
template <typename Each>
inline void for_all(const Planes& planes, size_t channels, Each each) noexcept {
    float mean[kBlock];
    for (size_t y = 0; y < planes.height; y++)
        for (size_t x = 0; x < planes.width; x += kBlock)
            for (size_t c = 0; c < channels; c++) {
                const size_t count = std::min(kBlock, planes.width - x);
                each(y, x, count, c, channel(planes, channels, c, y, x, count, mean));
            }
}

// To the nearest of 0 to `white`, halves up
template <typename Sample>
inline void round(const Planes& planes, size_t channels, float white, Rows<Sample> out) noexcept {
    for_all(planes, channels, [&](size_t y, size_t x, size_t count, size_t c, const float* values) {
        Sample* to = out[y] + x * channels + c;
        for (size_t i = 0; i < count; i++)
            to[i * channels] = Sample(int32_t(clipped(values[i] * white + 0.5f, white)));
    });
}

// Add a tile's share to sums. Its weights are down[y] * along[x].
template <typename Sum>
inline void add(const Planes& planes, size_t channels, const float* down, const float* along, float white,
                Rows<Sum> sums) noexcept {
    for_all(planes, channels, [&](size_t y, size_t x, size_t count, size_t c, const float* values) {
        Sum shares[kBlock];
        for (size_t i = 0; i < count; i++) {
            const float weight = down[y] * along[x + i] * (white * kOne);
            shares[i] = Sum(int32_t(clipped(values[i], 1.0f) * weight + 0.5f));
        }
        Sum* to = sums[y] + x * channels + c;
        for (size_t i = 0; i < count; i++) to[i * channels] = Sum(to[i * channels] + shares[i]);
    });
}

// Sums of shares to samples, to the nearest
template <typename Sum, typename Sample>
inline void finish(const Sum* sums, size_t count, Sum white, Sample* out) noexcept {
    for (size_t i = 0; i < count; i++) {
        const Sum nearest = Sum((sums[i] >> 8) + (sums[i] >> 7 & 1));
        out[i] = Sample(std::min(nearest, white));
    }
}

// As if weights of 1 had been added up, where only weights of `present` were; where there are none, graphics follow.
template <typename Sum>
inline void divide(Sum* sums, const float* present, size_t pixels, size_t channels, Sum white) noexcept {
    using Real = std::conditional_t<sizeof(Sum) == 2, float, double>;  // has all sums
    const Real most = Real(white) * kOne;
    for (size_t i = 0; i < pixels; i++) {
        const Real weight = present[i] < 1.0f / (2 * kOne) ? 1.0f : present[i];
        for (size_t c = 0; c < channels; c++, sums++) *sums = Sum(std::min(Real(*sums) / weight, most) + Real(0.5));
    }
}

}  // namespace tintype::samples
