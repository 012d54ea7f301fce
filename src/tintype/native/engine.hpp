// A network as a list of layers on numbered maps, run from the first to the last. Packs weights, owns memory.
//
// What may be wrong with a caller's layers or arrays throws std::invalid_argument; kernels cannot fail. A program without
// exceptions defines `fail`, which ends it.

#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "layers.hpp"

namespace tintype::engine {

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
[[noreturn]] inline void fail(const char* what) { throw std::invalid_argument(what); }
#else
[[noreturn]] void fail(const char* what);
#endif

inline void require(bool fits, const char* what) {
    if (!fits) fail(what);
}

// Values of one output stand side by side.
template <typename T>
struct Matrix {
    const T* data;
    size_t outputs, inputs;
};

class OwnedDense {
   public:
    // Real weights, rounded to 8 bits if narrow, else to as many as keep every sum inside int32.
    OwnedDense(const Kernels& kernels, Matrix<float> weights, const float* biases, bool narrow = false)
        : OwnedDense(weights) {
        std::vector<int16_t> rounded(weights.outputs * weights.inputs);
        for (size_t n = 0; n < weights.outputs; n++) {
            const float* row = weights.data + n * weights.inputs;
            double sum = 0, most = 0;
            for (size_t k = 0; k < weights.inputs; k++) {
                sum += std::fabs(double(row[k]));
                most = std::max(most, std::fabs(double(row[k])));
            }
            // rounding adds at most 1/2 for each input to the sum of integers
            const double wide = std::max(sum / double(kWeightSum - kMaxInputs), most / 32767);
            const double unit = narrow ? most / kNarrowTop : wide;
            scales_[n] = float(unit);
            for (size_t k = 0; k < weights.inputs && unit > 0; k++) {
                const auto weight = int16_t(std::lrint(double(row[k]) / unit));
                rounded[n * weights.inputs + k] = weight;
                starts_[n] -= 128 * weight;
            }
        }
        biases_.assign(biases, biases + weights.outputs);
        kernels.pack(rounded.data(), inputs_, outputs_, narrow, packed_.data());
    }

    // Integers as they are
    OwnedDense(const Kernels& kernels, Matrix<int16_t> weights) : OwnedDense(weights) {
        kernels.pack(weights.data, inputs_, outputs_, false, packed_.data());
    }

    Dense view() const noexcept {
        return {packed_.data(), starts_.data(), scales_.data(), biases_.data(), inputs_, outputs_};
    }

   private:
    template <typename T>
    explicit OwnedDense(Matrix<T> weights)
        : inputs_(int(weights.inputs)), outputs_(int(weights.outputs)) {
        require(weights.inputs > 0 && weights.inputs <= kMaxInputs && weights.inputs % 2 == 0 &&
                    weights.outputs > 0 && weights.outputs <= 2 * kMaxInputs && weights.outputs % kLane == 0,
                "a layer has more inputs or outputs than the engine's kernels take, or they are not padded");
        packed_.resize(weights.outputs * weights.inputs);
        starts_.resize(weights.outputs);
        scales_.resize(weights.outputs);
    }

    int inputs_, outputs_;
    std::vector<int16_t> packed_;
    std::vector<int32_t> starts_;
    std::vector<float> scales_, biases_;
};

struct OwnedBlock {
    std::vector<float> taps, tap_biases;
    OwnedDense expand, project;
    float slope;
    bool narrow;

    Block view() const noexcept {
        return {taps.data(), tap_biases.data(), expand.view(), project.view(), slope, narrow};
    }
};

// each(channel, row, column) for all of a map, in squares of channels and columns: lines of the cache are read and
// written whole, whether channels or columns stand side by side in them.
template <typename Each>
void in_squares(size_t channels, size_t height, size_t width, Each each) noexcept {
    constexpr size_t kSide = 16;
    for (size_t c0 = 0; c0 < channels; c0 += kSide)
        for (size_t y = 0; y < height; y++)
            for (size_t x0 = 0; x0 < width; x0 += kSide)
                for (size_t c = c0; c < std::min(channels, c0 + kSide); c++)
                    for (size_t x = x0; x < std::min(width, x0 + kSide); x++) each(c, y, x);
}

// Float32 (channels, height, width) in any order: how many floats lie between neighbours along each axis
struct Array {
    const float* data;
    int channels, height, width;
    ptrdiff_t channel_step, row_step, column_step;

    const float* at(size_t c, size_t y, size_t x) const noexcept {
        return data + ptrdiff_t(c) * channel_step + ptrdiff_t(y) * row_step + ptrdiff_t(x) * column_step;
    }
};

// Planes, or pixels of `padded` channels each
struct Result {
    std::unique_ptr<float[]> data;
    int channels, height, width;
    int padded;  // 0: planes

    Array view() const noexcept {
        if (padded) return {data.get(), channels, height, width, 1, ptrdiff_t(width) * padded, padded};
        return {data.get(), channels, height, width, ptrdiff_t(height) * width, width, 1};
    }
};

class Network {
   public:
    using Inputs = std::vector<Array>;

    explicit Network(const Kernels& kernels) : kernels_(kernels) {}

    // Each adds a layer and returns the number of the map that it gives. `channels` are real ones, before padding.
    int input(int channels) {
        require(channels > 0 && channels <= kMaxInputs, "an input has no channels, or more than the engine takes");
        return put({Input{inputs_++}, {}, channels, padded(channels)});
    }
    // Three planes to squares of 4x4 pixels: channels (colour, row, column)
    int pixels(float offset) { return put({Pixels{inputs_++, offset}, {}, 48, 48}); }

    int dense(int from, Matrix<float> weights, const float* biases, Shape shape, int channels, float slope) {
        const int width = at(from).padded;
        const bool around = shape == Shape::around || (shape == Shape::picture && weights.inputs > size_t(width));
        const int runs = shape == Shape::down ? 4 : around ? 9 : 1;
        const int pieces = shape == Shape::up ? 4 : 1;
        require(weights.inputs == size_t(runs) * size_t(width), "the weights do not fit the map they are for");
        require(weights.outputs == (shape == Shape::picture ? 48 : size_t(pieces) * size_t(padded(channels))),
                "the weights do not fit the channels they give");
        require(slope >= 0 && slope <= 1, "the slope of an activation is not within 0 to 1");
        const int given = shape == Shape::picture ? 3 : padded(channels);
        OwnedDense layer(kernels_, weights, biases);
        return put({DenseLayer{std::move(layer), shape, slope}, {from}, channels, given});
    }

    int block(int from, std::vector<float> taps, std::vector<float> tap_biases, Matrix<float> expand,
              const float* expand_biases, Matrix<float> project, const float* project_biases, float slope,
              bool narrow) {
        const size_t width = size_t(at(from).padded);
        require(taps.size() == 9 * width && tap_biases.size() == width && expand.inputs == width &&
                    expand.outputs <= kMaxInputs && project.inputs == expand.outputs && project.outputs == width,
                "the weights of a block do not fit its map");
        require(slope >= 0 && slope <= 1, "the slope of an activation is not within 0 to 1");
        OwnedBlock layer{std::move(taps),
                         std::move(tap_biases),
                         OwnedDense(kernels_, expand, expand_biases, narrow),
                         OwnedDense(kernels_, project, project_biases, narrow),
                         slope,
                         narrow};
        return put({BlockLayer{std::move(layer)}, {from}, at(from).channels, at(from).padded});
    }

    int add(int a, int b) {
        require(at(a).padded == at(b).padded, "maps of different channels cannot be added");
        return put({Add{}, {a, b}, at(a).channels, at(a).padded});
    }
    int scale(int from, float factor) { return put({Scale{factor}, {from}, at(from).channels, at(from).padded}); }
    int concat(int a, int b) {
        const int width = at(a).padded + at(b).padded;
        require(width <= kMaxInputs, "two maps together have more channels than the engine takes");
        return put({Concat{}, {a, b}, width, width});
    }
    // As planes, or channels side by side as they are in the engine: faster, if what reads them works pixel by pixel
    void output(int from, bool planes = true) {
        at(from);
        outputs_.push_back({from, planes});
    }

    // Maps in the order in which they were made inputs, to results in the order in which they were made outputs
    std::vector<Result> run(const Inputs& inputs) const {
        require(inputs.size() == size_t(inputs_), "there are more or fewer arrays than the network has inputs");
        std::vector<size_t> last(steps_.size(), 0);  // step that reads a map last
        for (size_t i = 0; i < steps_.size(); i++)
            for (int from : steps_[i].from) last[size_t(from)] = i;
        for (const Output& output : outputs_) last[size_t(output.from)] = steps_.size();

        std::vector<Held> maps(steps_.size());
        std::vector<Result> results;
        for (size_t i = 0; i < steps_.size(); i++) {
            const size_t begin = i;
            while (joined(begin, i, last)) i++;
            if (std::holds_alternative<BlockLayer>(steps_[begin].layer))
                maps[i] = blocks(begin, i + 1, maps);
            else
                maps[i] = std::visit([&](const auto& layer) { return give(layer, steps_[i], maps, inputs); },
                                     steps_[i].layer);
            for (int from : steps_[begin].from)
                if (last[size_t(from)] <= i) maps[size_t(from)].memory.reset();
        }
        for (const Output& output : outputs_)
            results.push_back(result(maps[size_t(output.from)], steps_[size_t(output.from)], output.planes));
        return results;
    }

   private:
    struct Input { int number; };
    struct Pixels { int number; float offset; };
    struct DenseLayer { OwnedDense weights; Shape shape; float slope; };
    struct BlockLayer { OwnedBlock weights; };
    struct Add {};
    struct Scale { float factor; };
    struct Concat {};

    struct Step {
        std::variant<Input, Pixels, DenseLayer, BlockLayer, Add, Scale, Concat> layer;
        std::vector<int> from;
        int channels, padded;
    };

    struct Output {
        int from;
        bool planes;
    };

    struct Held {
        std::unique_ptr<float[]> memory;
        Map map{};
    };

    int put(Step step) {
        for (int from : step.from) at(from);
        steps_.push_back(std::move(step));
        return int(steps_.size()) - 1;
    }
    const Step& at(int number) const {
        require(number >= 0 && size_t(number) < steps_.size(), "a layer reads a map that no earlier one gives");
        return steps_[size_t(number)];
    }

    static Held held(int height, int width, int channels) {
        require(height > 0 && width > 0, "a map without pixels");
        Held made;
        made.map = {nullptr, height, width, channels};
        made.memory.reset(new float[made.map.size()]);
        made.map.data = made.memory.get();
        return made;
    }

    using Maps = std::vector<Held>;
    static const Map& first(const Step& step, const Maps& maps) { return maps[size_t(step.from[0])].map; }
    static const Map& second(const Step& step, const Maps& maps) {
        const Map& map = maps[size_t(step.from[1])].map;
        require(map.height == first(step, maps).height && map.width == first(step, maps).width,
                "maps of different sizes meet");
        return map;
    }

    Held give(const Input& layer, const Step& step, const Maps&, const Inputs& inputs) const {
        const Array& from = inputs[size_t(layer.number)];
        require(from.channels == step.channels, "an array has other channels than the network's input");
        Held made = held(from.height, from.width, step.padded);
        const size_t width = size_t(from.width), channels = size_t(from.channels), padded = size_t(step.padded);
        in_squares(channels, size_t(from.height), width, [&](size_t c, size_t y, size_t x) {
            made.map.data[(y * width + x) * padded + c] = *from.at(c, y, x);
        });
        for (size_t i = 0; i < made.map.pixels(); i++)
            std::fill_n(made.map.data + i * padded + channels, padded - channels, 0.0f);
        return made;
    }

    Held give(const Pixels& layer, const Step& step, const Maps&, const Inputs& inputs) const {
        const Array& from = inputs[size_t(layer.number)];
        require(from.channels == 3 && from.height % 4 == 0 && from.width % 4 == 0, "pixels are not (3, 4 h, 4 w)");
        Held made = held(from.height / 4, from.width / 4, step.padded);
        float* to = made.map.data;
        for (size_t y = 0; y < size_t(made.map.height); y++)
            for (size_t x = 0; x < size_t(made.map.width); x++)
                for (size_t row = 0; row < 12; row++)  // (colour, row)
                    for (size_t j = 0; j < 4; j++)
                        *to++ = *from.at(row / 4, 4 * y + row % 4, 4 * x + j) + layer.offset;
        return made;
    }

    Held give(const DenseLayer& layer, const Step& step, const Maps& maps, const Inputs&) const {
        const Map& in = first(step, maps);
        const Dense weights = layer.weights.view();
        const bool around = reads_around(weights, layer.shape, in);
        std::unique_ptr<int16_t[]> scratch;
        if (around) scratch.reset(new int16_t[size_t(in.height + 2) * size_t(in.width + 2) * size_t(in.channels)]);
        if (layer.shape == Shape::down)
            require(in.height % 2 == 0 && in.width % 2 == 0, "a map of an odd side cannot be halved");
        const int grown = layer.shape == Shape::up ? 2 : layer.shape == Shape::picture ? 4 : 1;
        const int shrunk = layer.shape == Shape::down ? 2 : 1;
        Held made = held(in.height * grown / shrunk, in.width * grown / shrunk, step.padded);
        kernels_.dense(weights, layer.shape, layer.slope, in, made.map, scratch.get());
        return made;
    }

    // Whether the step behind `i` is a block that alone reads what block `i` gives, and the weights of all blocks from
    // `begin` on leave half of a usual second cache to maps.
    bool joined(size_t begin, size_t i, const std::vector<size_t>& last) const {
        if (i + 1 >= steps_.size() || last[i] != i + 1 || !std::holds_alternative<BlockLayer>(steps_[i].layer))
            return false;
        size_t bytes = 0;
        for (size_t j = begin; j <= i + 1; j++) {
            const auto* block = std::get_if<BlockLayer>(&steps_[j].layer);
            if (!block) return false;
            const size_t weights = 2 * size_t(block->weights.expand.view().inputs) * block->weights.expand.view().outputs;
            bytes += weights * (block->weights.narrow ? 1 : sizeof(int16_t));
        }
        return bytes <= 1 << 19;
    }

    Held blocks(size_t begin, size_t end, const Maps& maps) const {
        const Map& in = first(steps_[begin], maps);
        Held made = held(in.height, in.width, in.channels);
        std::vector<Block> views;
        for (size_t i = begin; i < end; i++) views.push_back(std::get<BlockLayer>(steps_[i].layer).weights.view());
        std::unique_ptr<float[]> rows(new float[(views.size() - 1) * 3 * size_t(in.width) * size_t(in.channels)]);
        kernels_.blocks(views.data(), int(views.size()), in, made.map, rows.get());
        return made;
    }
    Held give(const BlockLayer&, const Step&, const Maps&, const Inputs&) const { return {}; }  // `blocks` runs them

    Held give(const Add&, const Step& step, const Maps& maps, const Inputs&) const {
        const Map &a = first(step, maps), &b = second(step, maps);
        Held made = held(a.height, a.width, a.channels);
        for (size_t i = 0; i < a.size(); i++) made.map.data[i] = a.data[i] + b.data[i];
        return made;
    }

    Held give(const Scale& layer, const Step& step, const Maps& maps, const Inputs&) const {
        const Map& a = first(step, maps);
        Held made = held(a.height, a.width, a.channels);
        for (size_t i = 0; i < a.size(); i++) made.map.data[i] = a.data[i] * layer.factor;
        return made;
    }

    Held give(const Concat&, const Step& step, const Maps& maps, const Inputs&) const {
        const Map &a = first(step, maps), &b = second(step, maps);
        Held made = held(a.height, a.width, step.padded);
        float* to = made.map.data;
        for (size_t i = 0; i < a.pixels(); i++) {
            to = std::copy_n(a.data + i * size_t(a.channels), a.channels, to);
            to = std::copy_n(b.data + i * size_t(b.channels), b.channels, to);
        }
        return made;
    }

    // A picture stands in planes already.
    static Result result(Held& held, const Step& step, bool planes) {
        const Map& map = held.map;
        const auto* dense = std::get_if<DenseLayer>(&step.layer);
        if (dense && dense->shape == Shape::picture) return {std::move(held.memory), 3, map.height, map.width, 0};
        if (!planes) return {std::move(held.memory), step.channels, map.height, map.width, map.channels};
        Result made{std::unique_ptr<float[]>(new float[map.pixels() * size_t(step.channels)]), step.channels, map.height,
                    map.width, 0};
        const size_t pixels = map.pixels(), width = size_t(map.width), padded = size_t(map.channels);
        in_squares(size_t(step.channels), size_t(map.height), width, [&](size_t c, size_t y, size_t x) {
            made.data[c * pixels + y * width + x] = map.data[(y * width + x) * padded + c];
        });
        return made;
    }

    const Kernels& kernels_;
    std::vector<Step> steps_;
    std::vector<Output> outputs_;
    int inputs_ = 0;
};

// Means and widths of latents, planes (N, height, width), from a prior of 2 N channels: unit * the first half, and
// gain * e^(the second half within -limit and limit).
inline void mean_width(const Kernels& kernels, const Array& prior, const float* gain, float unit, float limit,
                       float* mean, float* width) {
    const size_t channels = size_t(prior.channels) / 2, height = size_t(prior.height), columns = size_t(prior.width);
    std::vector<float> factors(columns * kLane);  // of some channels of a row, channels side by side
    for (size_t c0 = 0; c0 < channels; c0 += kLane)
        for (size_t y = 0; y < height; y++) {
            const size_t count = std::min(size_t(kLane), channels - c0);
            for (size_t x = 0; x < columns; x++)
                for (size_t c = 0; c < count; c++)
                    factors[x * kLane + c] = std::min(std::max(*prior.at(channels + c0 + c, y, x), -limit), limit);
            kernels.exponentials(factors.data(), int(factors.size()));
            for (size_t c = 0; c < count; c++)
                for (size_t x = 0; x < columns; x++) {
                    const size_t to = ((c0 + c) * height + y) * columns + x;
                    mean[to] = unit * *prior.at(c0 + c, y, x);
                    width[to] = factors[x * kLane + c] * gain[c0 + c];
                }
        }
}

// The exact part: docs/architecture and models/pico/integer.py say why no sum can leave int32.
class Integers {
   public:
    explicit Integers(const Kernels& kernels) : kernels_(kernels) {}

    struct Requantised {
        std::vector<double> scales;  // multiplier / 2^shift of each output
        int32_t top;
    };

    // Shuffled layers have outputs (row, column, channel), each channel padded.
    void layer(Matrix<int16_t> weights, Requantised to, int channels, bool around, bool shuffled) {
        const size_t outputs = size_t(shuffled ? 4 : 1) * size_t(padded(channels));
        require(weights.outputs == outputs && to.scales.size() == outputs,
                "the arrays of an integer layer do not fit its outputs");
        const size_t width = layers_.empty() ? weights.inputs / (around ? 9 : 1) : size_t(layers_.back().padded);
        require(weights.inputs == width * (around ? 9 : 1), "an integer layer does not fit the one before");
        require(to.top > 0 && to.top <= 32767, "an integer layer's outputs do not fit int16");
        OwnedDense dense(kernels_, weights);
        layers_.push_back({std::move(dense), std::move(to), channels, padded(channels), int(width), around, shuffled});
    }

    // Planes (channels, height, width) and each layer's biases to planes of the last layer
    std::vector<uint16_t> run(const int16_t* z, int channels, int& height, int& width,
                              const std::vector<const int32_t*>& biases) const {
        require(!layers_.empty() && biases.size() == layers_.size(), "an integer network without layers or biases");
        require(channels <= layers_[0].width && padded(channels) == layers_[0].width, "z has other channels");
        std::vector<int16_t> map(size_t(height) * width * layers_[0].width);
        const size_t pixels = size_t(height) * width;
        for (size_t i = 0; i < pixels; i++)
            for (int c = 0; c < channels; c++) map[i * layers_[0].width + c] = z[c * pixels + i];
        for (size_t i = 0; i < layers_.size(); i++) map = forward(layers_[i], biases[i], map, height, width);
        const Layer& last = layers_.back();
        std::vector<uint16_t> planes(size_t(height) * width * last.channels);
        const size_t found = size_t(height) * width;
        for (size_t i = 0; i < found; i++)
            for (int c = 0; c < last.channels; c++) planes[c * found + i] = uint16_t(map[i * last.padded + c]);
        return planes;
    }

   private:
    struct Layer {
        OwnedDense weights;
        Requantised to;
        int channels, padded, width;  // width: of what goes in, padded
        bool around, shuffled;
    };

    // floor((sum + bias) * scale + 1/2) within 0 and top. Sums are below 2^24 and multipliers below 2^15, so that
    // float64 is exact, and below 0 nothing is left to floor.
    static void requantise(const int32_t* sums, const int32_t* biases, const double* scales, int32_t top, size_t count,
                           int16_t* out) noexcept {
        for (size_t n = 0; n < count; n++) {
            const double value = double(sums[n] + biases[n]) * scales[n] + 0.5;
            out[n] = int16_t(int32_t(std::min(std::max(value, 0.0), double(top))));
        }
    }

    std::vector<int16_t> forward(const Layer& layer, const int32_t* biases, const std::vector<int16_t>& in, int& height,
                                 int& width) const {
        const Dense dense = layer.weights.view();
        std::vector<int16_t> wide;
        if (layer.around) {  // a line of zeros around
            wide.resize(size_t(height + 2) * (width + 2) * layer.width);
            for (int y = 0; y < height; y++)
                std::copy_n(&in[size_t(y) * width * layer.width], size_t(width) * layer.width,
                            &wide[(size_t(y + 1) * (width + 2) + 1) * layer.width]);
        }
        const size_t pixels = size_t(height) * width, outputs = size_t(dense.outputs);
        std::vector<int32_t> sums(pixels * outputs);
        kernels_.sums(dense, layer.around ? Shape::around : Shape::plain, layer.around ? wide.data() : in.data(),
                      height, width, layer.width, sums.data());
        std::vector<int16_t> out(pixels * outputs);
        const size_t squares = layer.shuffled ? 4 : 1, run = size_t(layer.padded);
        for (size_t i = 0; i < pixels; i++) {
            const size_t y = i / width, x = i % width;
            for (size_t square = 0; square < squares; square++) {
                size_t to = i * run;
                if (layer.shuffled) to = ((2 * y + square / 2) * 2 * width + 2 * x + square % 2) * run;
                requantise(&sums[i * outputs + square * run], biases + square * run, &layer.to.scales[square * run],
                           layer.to.top, run, &out[to]);
            }
        }
        if (layer.shuffled) height *= 2, width *= 2;
        return out;
    }

    const Kernels& kernels_;
    std::vector<Layer> layers_;
};

}  // namespace tintype::engine
