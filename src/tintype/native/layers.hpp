// What kernels work on: maps of pixels, packed weights, and the table of kernels of one instruction set.
//
// A map is float32, channels last, with channels padded to a multiple of kLane by zeros. Products are sums of integers:
// each output pixel's inputs are scaled to 13 bits by their largest, weights to as many bits as their sum allows, so
// that no sum of an output can leave int32. Narrow layers have 8 bits of both. Sums of integers have no order, so that
// all instruction sets agree.

#pragma once

#include <cstddef>
#include <cstdint>

namespace tintype::engine {

constexpr int kLane = 16;            // channels are padded to it: the widest vector
constexpr int kChunk = 8;            // pixels worked on together
constexpr int kMaxInputs = 2048;     // of one output
constexpr int kStride = kMaxInputs + 32;  // int16 of a pixel in a chunk: rows 64 bytes apart in the cache's sets
constexpr int kInputTop = 4095;      // of a scaled input
constexpr int kWeightSum = 1 << 19;  // of an output's |weights|: times kInputTop below 2^31
constexpr int kNarrowTop = 127;      // of a narrow layer's inputs and weights

constexpr int padded(int channels) noexcept { return (channels + kLane - 1) / kLane * kLane; }

struct Map {
    float* data;
    int height, width, channels;  // padded

    size_t pixels() const noexcept { return size_t(height) * size_t(width); }
    size_t size() const noexcept { return pixels() * size_t(channels); }
};

// Packed for one instruction set. Outputs are a multiple of kLane, inputs of two.
struct Dense {
    const int16_t* weights;  // or bytes, if it is narrow and the instruction set has products of them
    const int32_t* starts;   // of the sums of bytes: these inputs are stored 128 higher, to be unsigned
    const float* scales;     // of the weights of an output
    const float* biases;
    int inputs, outputs;
};

// x + project(leaky(expand(depthwise(x))))
struct Block {
    const float* taps;  // (9, channels), rows of the kernel first
    const float* tap_biases;
    Dense expand, project;
    float slope;
    bool narrow;
};

enum class Shape : uint8_t {
    plain,    // 1x1
    down,     // 2x2, stride 2; inputs (row, column, channel)
    up,       // 1x1, then outputs (row, column, channel) become 2x2 pixels
    around,   // 3x3 with zeros beyond the edge; inputs (row, column, channel)
    picture,  // as around or plain, then outputs (colour, row, column) become 4x4 pixels of three planes
};

// Whether a layer reads 3x3 places of a map.
inline bool reads_around(const Dense& layer, Shape shape, const Map& in) noexcept {
    return shape == Shape::around || (shape == Shape::picture && layer.inputs > in.channels);
}

struct Kernels {
    const char* name;
    // weights (outputs, inputs), integers of int16 range, or of int8 if narrow
    void (*pack)(const int16_t* weights, int inputs, int outputs, bool narrow, int16_t* packed) noexcept;
    // slope 1: no activation. `scratch`, if it reads around: int16, (height + 2) * (width + 2) * channels
    void (*dense)(const Dense&, Shape, float slope, const Map& in, const Map& out, int16_t* scratch) noexcept;
    // one behind the other; `scratch` holds three rows for each but the last
    void (*blocks)(const Block*, int count, const Map& in, const Map& out, float* scratch) noexcept;
    // int16 map, padded by a line of zeros if around, to sums (height, width, outputs) of int32
    void (*sums)(const Dense&, Shape, const int16_t* in, int height, int width, int channels, int32_t* out) noexcept;
    // e^x in place, for |x| <= 80; a multiple of kLane values
    void (*exponentials)(float* x, int count) noexcept;
};

}  // namespace tintype::engine
