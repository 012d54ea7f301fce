// The kernels of layers.hpp, for one vector type V of simd.hpp. Each instruction set compiles them in its own file.

#pragma once

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <type_traits>

#include "layers.hpp"
#include "simd.hpp"

namespace tintype::engine {
namespace {

// Inputs of kChunk pixels as integers, and what one of each is worth.
struct alignas(64) Chunk {
    int16_t values[kChunk * kStride] = {};
    float worth[kChunk] = {};

    int16_t* row(int pixel) noexcept { return values + pixel * kStride; }
};

// How a layer's integers are stored: 16 bits, or bytes where they are narrow and there are products of them.
template <typename V, bool narrow>
struct Stored {
    static constexpr bool bytes = narrow && V::bytes;
    static constexpr int group = bytes ? 4 : 2;  // inputs that one instruction adds up
    static constexpr int top = narrow ? kNarrowTop : kInputTop;
    using Input = std::conditional_t<bytes, uint8_t, int16_t>;
    using Weight = std::conditional_t<bytes, int8_t, int16_t>;
    static constexpr int stride = kStride * int(sizeof(int16_t) / sizeof(Input));

    static Input* row(Chunk& chunk, int pixel) noexcept { return reinterpret_cast<Input*>(chunk.row(pixel)); }
};

template <typename V>
struct Kernel {
    using F = typename V::F;
    using I = typename V::I;
    using Wide = Stored<V, false>;
    static constexpr int kTile = V::lanes * V::columns;  // outputs computed together
    static constexpr int kLast = kLane % kTile ? V::lanes : kTile;  // where they do not divide the outputs

    static_assert(kChunk % V::rows == 0 && kLane % V::lanes == 0);

    static void pack(const int16_t* weights, int inputs, int outputs, bool narrow, int16_t* packed) noexcept {
        if (narrow)
            pack_as<Stored<V, true>>(weights, inputs, outputs, packed);
        else
            pack_as<Wide>(weights, inputs, outputs, packed);
    }

    // Outputs [n, n + width) of an input stand together, a group of inputs side by side.
    template <typename S>
    static void pack_as(const int16_t* weights, int inputs, int outputs, int16_t* packed) noexcept {
        auto* to = reinterpret_cast<typename S::Weight*>(packed);
        for (int n = 0; n < outputs;) {
            const int width = outputs - n >= kTile ? kTile : kLast;
            for (int k = 0; k < inputs; k += S::group)
                for (int i = 0; i < width; i++)
                    for (int j = 0; j < S::group; j++)
                        *to++ = typename S::Weight(weights[size_t(n + i) * inputs + k + j]);
            n += width;
        }
    }

    // Sums of V::rows pixels and `columns` vectors of outputs: nearly all of the time is spent here.
    template <typename S, int columns, typename Emit>
    static void tile(const typename S::Input* a, const typename S::Weight* w, const int32_t* starts, int inputs,
                     Emit emit) noexcept {
        I sums[V::rows][columns];
        for (auto& row : sums)
            for (int i = 0; i < columns; i++) {
                if constexpr (S::bytes)
                    row[i] = V::load(starts + i * V::lanes);
                else
                    row[i] = V::zero();
            }
        for (int k = 0; k < inputs; k += S::group, w += S::group * V::lanes * columns) {
#pragma GCC unroll 8
            for (int p = 0; p < V::rows; p++)
#pragma GCC unroll 4
                for (int i = 0; i < columns; i++)
                    sums[p][i] = V::dot(sums[p][i], a + p * S::stride + k, w + S::group * V::lanes * i);
        }
#pragma GCC unroll 8
        for (int p = 0; p < V::rows; p++)
#pragma GCC unroll 4
            for (int i = 0; i < columns; i++) emit(p, i * V::lanes, sums[p][i]);
    }

    // emit(pixel, output, sums of V::lanes outputs) for all outputs of a chunk
    template <typename S, typename Emit>
    static void product(Chunk& a, const Dense& layer, Emit emit) noexcept {
        const auto* w = reinterpret_cast<const typename S::Weight*>(layer.weights);
        for (int n = 0; n < layer.outputs;) {
            const int width = layer.outputs - n >= kTile ? kTile : kLast;
            for (int p = 0; p < kChunk; p += V::rows) {
                const auto placed = [&](int row, int column, I sum) { emit(p + row, n + column, sum); };
                if (width == kTile)
                    tile<S, V::columns>(S::row(a, p), w, layer.starts + n, layer.inputs, placed);
                else
                    tile<S, kLast / V::lanes>(S::row(a, p), w, layer.starts + n, layer.inputs, placed);
            }
            w += size_t(width) * layer.inputs;
            n += width;
        }
    }

    static F dequantised(I sum, float worth, const Dense& layer, int n) noexcept {
        const F scale = V::mul(V::all(worth), V::load(layer.scales + n));
        return V::fma(V::to_float(sum), scale, V::load(layer.biases + n));
    }

    static F leaky(F x, float slope) noexcept { return V::max(x, V::mul(x, V::all(slope))); }

    static float largest(const float* x, int count, float found = 0) noexcept {
        F most = V::all(found);
        for (int c = 0; c < count; c += V::lanes) most = V::max(most, V::abs(V::load(x + c)));
        return V::largest(most);
    }

    // What integers are multiplied by, and what one of them is worth.
    template <typename S>
    static float scale_of(float most, float& worth) noexcept {
        constexpr float least = 1e-30f;  // below, the quotient would leave float32
        worth = most / float(S::top);
        return most > least ? float(S::top) / most : 0.0f;
    }

    template <typename Input>
    static void quantise(const float* x, int count, float scale, Input* to) noexcept {
        const F factor = V::all(scale);
        for (int c = 0; c < count; c += V::lanes) V::store_rounded(to + c, V::mul(V::load(x + c), factor));
    }

    // The rows of a map above, at and below a row; null beyond its edge.
    struct Rows {
        const float* at[3];
        int width, channels;
    };

    // `count` pixels from column x0 of the middle row, `to` (kChunk, channels). Taps are added row by row, left to right.
    static void depthwise(const Block& block, const Rows& rows, int x0, int count, float* to) noexcept {
        static constexpr float kZeros[kLane] = {};
        const int channels = rows.channels;
        for (int c = 0; c < channels; c += V::lanes) {
            const float* from[3];
            F taps[9];
            for (int i = 0; i < 3; i++) {
                // beyond the edge any row will do, since its taps are zero
                from[i] = (rows.at[i] ? rows.at[i] : rows.at[1]) + c;
                for (int j = 0; j < 3; j++)
                    taps[3 * i + j] = V::load(rows.at[i] ? block.taps + size_t(3 * i + j) * channels + c : kZeros);
            }
            const F bias = V::load(block.tap_biases + c);
            const auto column = [&](int x, F (&found)[3]) {
                for (int i = 0; i < 3; i++)
                    found[i] = x >= 0 && x < rows.width ? V::load(from[i] + size_t(x) * channels) : V::all(0);
            };
            F left[3], middle[3], right[3];
            column(x0 - 1, left);
            column(x0, middle);
            for (int p = 0; p < count; p++) {
                column(x0 + p + 1, right);
                F sum = bias;
                for (int i = 0; i < 3; i++) {
                    sum = V::fma(left[i], taps[3 * i], sum);
                    sum = V::fma(middle[i], taps[3 * i + 1], sum);
                    sum = V::fma(right[i], taps[3 * i + 2], sum);
                    left[i] = middle[i];
                    middle[i] = right[i];
                }
                V::store(to + p * channels + c, sum);
            }
        }
    }

    // Blocks one behind the other, a row each in turn: each is one row behind the one before, whose last three rows are
    // kept in `scratch`, (count - 1, 3, width, channels). So the maps between them never leave the second cache.
    static void blocks(const Block* blocks, int count, const Map& in, const Map& out, float* scratch) noexcept {
        const size_t line = size_t(in.width) * in.channels;
        const auto place = [&](int number, int y) {  // of a row of what block `number` reads
            const float* kept = scratch + (size_t(number - 1) * 3 + size_t(y % 3)) * line;
            return number == 0 ? in.data + y * line : kept;
        };
        Chunk chunk;
        for (int step = 0; step < in.height + count - 1; step++)
            for (int i = 0; i < count; i++) {
                const int y = step - i;
                if (y < 0 || y >= in.height) continue;
                Rows rows{{}, in.width, in.channels};
                for (int j = 0; j < 3; j++)
                    if (y + j - 1 >= 0 && y + j - 1 < in.height) rows.at[j] = place(i, y + j - 1);
                float* to = i == count - 1 ? out.data + y * line : scratch + (size_t(i) * 3 + size_t(y % 3)) * line;
                if (blocks[i].narrow)
                    block_row<Stored<V, true>>(blocks[i], rows, chunk, to);
                else
                    block_row<Wide>(blocks[i], rows, chunk, to);
            }
    }

    template <typename S>
    static void block_row(const Block& block, const Rows& rows, Chunk& chunk, float* out) noexcept {
        const int channels = rows.channels, hidden = block.expand.outputs;
        alignas(64) float wide[kChunk * kMaxInputs];
        for (int x0 = 0; x0 < rows.width; x0 += kChunk) {
            const int count = std::min(kChunk, rows.width - x0);
            depthwise(block, rows, x0, count, wide);
            for (int p = 0; p < count; p++) {
                const float* x = wide + p * channels;
                const float scale = scale_of<S>(largest(x, channels), chunk.worth[p]);
                quantise(x, channels, scale, S::row(chunk, p));
            }
            F most[kChunk];
            for (F& each : most) each = V::all(0);
            product<S>(chunk, block.expand, [&](int p, int n, I sum) {
                const F x = leaky(dequantised(sum, chunk.worth[p], block.expand, n), block.slope);
                most[p] = V::max(most[p], V::abs(x));
                V::store(wide + p * hidden + n, x);
            });
            for (int p = 0; p < count; p++) {
                const float scale = scale_of<S>(V::largest(most[p]), chunk.worth[p]);
                quantise(wide + p * hidden, hidden, scale, S::row(chunk, p));
            }
            product<S>(chunk, block.project, [&](int p, int n, I sum) {
                if (p >= count) return;
                const size_t at = (size_t(x0) + p) * channels + n;
                const F x = dequantised(sum, chunk.worth[p], block.project, n);
                V::store(out + at, V::add(V::load(rows.at[1] + at), x));
            });
        }
    }

    // A chunk of flat pixels of a map whose inputs stand in `pieces` runs of `length`, one behind the other by `step`.
    template <typename Start>
    static void gather(Chunk& chunk, int count, int pieces, int length, size_t step, Start start) noexcept {
        for (int p = 0; p < count; p++) {
            const float* from = start(p);
            float most = 0;
            for (int i = 0; i < pieces; i++) most = largest(from + i * step, length, most);
            const float scale = scale_of<Wide>(most, chunk.worth[p]);
            for (int i = 0; i < pieces; i++) quantise(from + i * step, length, scale, chunk.row(p) + i * length);
        }
    }

    // The whole map as integers with a line of zeros around; returns what one of them is worth.
    static float bordered(const Map& in, int16_t* to) noexcept {
        const size_t line = size_t(in.width) * in.channels, wide = line + 2 * size_t(in.channels);
        float most = 0, worth;
        for (int y = 0; y < in.height; y++) most = largest(in.data + y * line, int(line), most);
        const float scale = scale_of<Wide>(most, worth);
        std::fill_n(to, wide, int16_t(0));
        for (int y = 0; y < in.height; y++) {
            int16_t* row = to + size_t(y + 1) * wide;
            std::fill_n(row, in.channels, int16_t(0));
            quantise(in.data + y * line, int(line), scale, row + in.channels);
            std::fill_n(row + wide - in.channels, in.channels, int16_t(0));
        }
        std::fill_n(to + size_t(in.height + 1) * wide, wide, int16_t(0));
        return worth;
    }

    // Three rows of three pixels of a bordered map
    static void window(const int16_t* from, int width, int channels, int y, int x, int16_t* to) noexcept {
        const size_t line = size_t(width + 2) * channels, run = 3 * size_t(channels);
        for (int i = 0; i < 3; i++)
            std::memcpy(to + i * run, from + size_t(y + i) * line + size_t(x) * channels, run * sizeof(int16_t));
    }

    static void dense(const Dense& layer, Shape shape, float slope, const Map& in, const Map& out,
                      int16_t* scratch) noexcept {
        const bool around = reads_around(layer, shape, in);
        const int height = shape == Shape::down ? in.height / 2 : in.height;
        const int width = shape == Shape::down ? in.width / 2 : in.width;
        const size_t pixels = size_t(height) * width, line = size_t(in.width) * in.channels;
        const float worth = around ? bordered(in, scratch) : 0;
        Chunk chunk;
        alignas(64) float colours[kChunk * kMaxInputs];  // of a picture, before they are put in place
        for (size_t first = 0; first < pixels; first += kChunk) {
            const int count = int(std::min<size_t>(kChunk, pixels - first));
            const auto row = [&](int p) { return int((first + p) / width); };
            const auto column = [&](int p) { return int((first + p) % width); };
            if (around)
                for (int p = 0; p < count; p++) {
                    window(scratch, width, in.channels, row(p), column(p), chunk.row(p));
                    chunk.worth[p] = worth;
                }
            else if (shape == Shape::down)
                gather(chunk, count, 2, 2 * in.channels, line, [&](int p) {
                    return in.data + 2 * row(p) * line + 2 * size_t(column(p)) * in.channels;
                });
            else
                gather(chunk, count, 1, in.channels, 0, [&](int p) { return in.data + (first + p) * in.channels; });

            float* places[kChunk];
            for (int p = 0; p < count; p++) {
                if (shape == Shape::up)
                    places[p] = out.data + (2 * row(p) * size_t(out.width) + 2 * column(p)) * out.channels;
                else if (shape == Shape::picture)
                    places[p] = colours + p * layer.outputs;
                else
                    places[p] = out.data + (first + p) * out.channels;
            }
            product<Wide>(chunk, layer, [&](int p, int n, I sum) {
                if (p >= count) return;
                float* place = places[p] + n;
                if (shape == Shape::up && n >= 2 * out.channels)  // the lower two of four pixels
                    place += size_t(out.width - 2) * out.channels;
                V::store(place, leaky(dequantised(sum, chunk.worth[p], layer, n), slope));
            });
            if (shape == Shape::picture)
                for (int p = 0; p < count; p++) unshuffle(places[p], row(p), column(p), out);
        }
    }

    // 4x4 pixels of three planes
    static void unshuffle(const float* colours, int y, int x, const Map& out) noexcept {
        for (int plane = 0; plane < 3; plane++)
            for (int i = 0; i < 4; i++) {
                float* to = out.data + (size_t(plane) * out.height + 4 * y + i) * out.width + 4 * x;
                std::memcpy(to, colours + 16 * plane + 4 * i, 4 * sizeof(float));
            }
    }

    static void sums(const Dense& layer, Shape shape, const int16_t* in, int height, int width, int channels,
                     int32_t* out) noexcept {
        const size_t pixels = size_t(height) * width;
        Chunk chunk;
        for (size_t first = 0; first < pixels; first += kChunk) {
            const int count = int(std::min<size_t>(kChunk, pixels - first));
            for (int p = 0; p < count; p++) {
                const size_t at = first + p;
                if (shape == Shape::around)
                    window(in, width, channels, int(at / width), int(at % width), chunk.row(p));
                else
                    std::memcpy(chunk.row(p), in + at * channels, size_t(channels) * sizeof(int16_t));
            }
            product<Wide>(chunk, layer, [&](int p, int n, I sum) {
                if (p < count) V::store(out + (first + p) * layer.outputs + n, sum);
            });
        }
    }

    // e^x = 2^n e^r, with r at most ln(2) / 2; a rational approximation of e^r by Remez, the one that NumPy's exp has had
    // on x86 since 1.17. Its error is below 2.6 units in the last place.
    static void exponentials(float* x, int count) noexcept {
        const auto polynomial = [](F r, std::initializer_list<float> coefficients) {  // the highest power first
            F sum = V::all(0);
            for (float each : coefficients) sum = V::fma(sum, r, V::all(each));
            return sum;
        };
        const F round = V::all(12582912.0f);  // 1.5 * 2^23: added and subtracted, it rounds, halves to even
        for (int i = 0; i < count; i += V::lanes) {
            const F value = V::load(x + i);
            const F n = V::add(V::add(V::mul(value, V::all(1.44269504f)), round), V::all(-12582912.0f));
            F r = V::fma(n, V::all(-6.93145752e-1f), value);  // ln(2) in two parts
            r = V::fma(n, V::all(-1.42860677e-6f), r);
            const F above = polynomial(r, {5.082762527590693718e-04f, 6.757896990527504603e-03f, 5.114512081637298353e-02f,
                                           2.473615434895520811e-01f, 7.257664613233124478e-01f, 9.999999999980870925e-01f});
            const F below = polynomial(r, {2.159509375685829852e-02f, -2.742335390411667453e-01f, 1.0f});
            V::store(x + i, V::mul(V::div(above, below), V::power(n)));
        }
    }
};

}  // namespace

template <typename V>
constexpr Kernels kernels_of(const char* name) noexcept {
    return {name, Kernel<V>::pack, Kernel<V>::dense, Kernel<V>::blocks, Kernel<V>::sums,
            Kernel<V>::exponentials};
}

}  // namespace tintype::engine
