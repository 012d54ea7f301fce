// The decoder of pico's tiles with a C interface, for WebAssembly. web/engine.js calls it.
//
// An instance has one model, and the pixels of the tile that it decoded last. What cannot be read ends in `fail`,
// which throws in JavaScript; a payload that cannot be decoded gives a status. tintype/models/pico/web_model.py writes
// models.

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "available.hpp"
#include "engine.hpp"
#include "quantise.hpp"
#include "rans.hpp"
#include "samples.hpp"
#include "simd.hpp"

using namespace tintype;
using engine::Array;
using engine::Matrix;
using engine::Network;
using engine::require;
using engine::Result;
using engine::Shape;

namespace {

// models/pico/schedule.py has these
constexpr int kYStride = 16, kZStride = 64, kZLimit = 31;
constexpr float kUnit = 25.5f, kLogWidthLimit = 2.5f;
constexpr float kLargest = 1e18f;  // of what networks give: models/pico/check.py
constexpr int kNotFinite = 100;    // behind the values of rans::Status

template <typename T>
using Owned = std::vector<T>;

// ---- the model's file ------------------------------------------------------------------------------------------

float of_half(uint16_t bits) noexcept {
    const uint32_t sign = uint32_t(bits >> 15) << 31, exponent = bits >> 10 & 31, fraction = bits & 1023;
    uint32_t found = sign | (exponent + 112) << 23 | fraction << 13;
    if (exponent == 0) return (sign ? -1.0f : 1.0f) * float(fraction) * 0x1p-24f;
    if (exponent == 31) found = sign | 0x7f800000 | fraction << 13;
    float value;
    std::memcpy(&value, &found, sizeof value);
    return value;
}

class Reader {
   public:
    Reader(const uint8_t* begin, const uint8_t* end) noexcept : next_(begin), end_(end) {}

    template <typename T>
    T one() {
        T value;
        std::memcpy(&value, bytes(sizeof value), sizeof value);
        return value;
    }
    int number() { return one<int32_t>(); }
    template <typename T>
    Owned<T> many(size_t count) {
        require(count <= size_t(end_ - next_) / sizeof(T), "the model's file ends within an array");
        Owned<T> values(count);
        std::memcpy(values.data(), bytes(count * sizeof(T)), count * sizeof(T));
        return values;
    }
    // Stored with 16 bits if that loses nothing
    Owned<float> floats(size_t count) {
        if (one<uint8_t>() == 4) return many<float>(count);
        Owned<float> values(count);
        const Owned<uint16_t> halves = many<uint16_t>(count);
        for (size_t i = 0; i < count; i++) values[i] = of_half(halves[i]);
        return values;
    }
    bool at_end() const noexcept { return next_ == end_; }

   private:
    const uint8_t* bytes(size_t count) {
        require(size_t(end_ - next_) >= count, "the model's file ends within a field");
        next_ += count;
        return next_ - count;
    }

    const uint8_t *next_, *end_;
};

Matrix<float> matrix(const Owned<float>& values, int outputs) {
    return {values.data(), size_t(outputs), values.size() / size_t(outputs)};
}

size_t product(int a, int b) {
    require(a > 0 && b > 0 && a <= 1 << 16 && b <= 1 << 16, "an array of the model's file is empty, or too large");
    return size_t(a) * size_t(b);
}

void add_layer(Reader& file, Network& to) {
    enum Kind : uint8_t { input, dense, block, add, scale, concat, output };
    const auto kind = file.one<uint8_t>();
    const int from = file.number();
    switch (kind) {
        case input: to.input(from); break;
        case dense: {
            const int outputs = file.number(), inputs = file.number(), channels = file.number();
            const auto shape = Shape(file.one<uint8_t>());
            const auto slope = file.one<float>();
            const auto weights = file.floats(product(outputs, inputs));
            const auto biases = file.floats(size_t(outputs));
            require(shape <= Shape::picture, "the model's file has a layer of an unknown shape");
            to.dense(from, matrix(weights, outputs), biases.data(), shape, channels, slope);
            break;
        }
        case block: {
            const int width = file.number(), hidden = file.number();
            const bool narrow = file.one<uint8_t>();
            const auto slope = file.one<float>();
            const size_t weights = product(width, hidden);
            auto taps = file.floats(9 * size_t(width)), tap_biases = file.floats(size_t(width));
            const auto expand = file.floats(weights), expand_biases = file.floats(size_t(hidden));
            const auto project = file.floats(weights), project_biases = file.floats(size_t(width));
            to.block(from, std::move(taps), std::move(tap_biases), matrix(expand, hidden), expand_biases.data(),
                     matrix(project, width), project_biases.data(), slope, narrow);
            break;
        }
        case add: to.add(from, file.number()); break;
        case scale: to.scale(from, file.one<float>()); break;
        case concat: to.concat(from, file.number()); break;
        case output: to.output(from, file.one<uint8_t>()); break;
        default: engine::fail("the model's file has a layer of an unknown kind");
    }
}

void add_layers(Reader& file, Network& to) {
    for (int left = file.number(); left > 0; left--) add_layer(file, to);
}

// The scale decoder, whose biases depend on the level
struct ScaleDecoder {
    engine::Integers layers{engine::kSimd128};
    struct Biases {
        Owned<int32_t> values;  // (levels or 1, outputs)
        size_t outputs, levels;
    };
    Owned<Biases> biases;

    explicit ScaleDecoder(Reader& file) {
        for (int left = file.number(); left > 0; left--) {
            const int outputs = file.number(), inputs = file.number(), levels = file.number();
            const int channels = file.number(), top = file.number();
            const bool around = file.one<uint8_t>(), shuffled = file.one<uint8_t>();
            const auto small = file.many<int8_t>(product(outputs, inputs));
            auto scales = file.many<double>(size_t(outputs));
            biases.push_back({file.many<int32_t>(product(levels, outputs)), size_t(outputs), size_t(levels)});
            const Owned<int16_t> weights(small.begin(), small.end());
            layers.layer({weights.data(), size_t(outputs), size_t(inputs)}, {std::move(scales), top}, channels, around,
                         shuffled);
        }
    }

    Owned<uint16_t> rows(const Owned<int16_t>& z_hat, int channels, int height, int width, size_t level) const {
        Owned<const int32_t*> of_level;
        for (const Biases& each : biases)
            of_level.push_back(each.values.data() + std::min(level, each.levels - 1) * each.outputs);
        return layers.run(z_hat.data(), channels, height, width, of_level);
    }
};

struct Tables {
    Owned<rans::Row> rows;
    Owned<uint8_t> coded;
    Owned<rans::Entry> entries;
    Owned<uint64_t> reciprocals;
    Owned<uint32_t> buckets;

    explicit Tables(Reader& file) {
        const int count = file.number(), total = file.number();
        const auto cumulative = file.many<int32_t>(size_t(total)), offsets = file.many<int32_t>(size_t(count) + 1);
        const auto first = file.many<int16_t>(size_t(count));
        const rans::Source source{cumulative.data(), cumulative.data() + cumulative.size(),
                                  offsets.data(),    offsets.data() + offsets.size(),
                                  first.data(),      first.data() + first.size()};
        rans::Sizes sizes{};
        require(rans::measure(source, sizes) == rans::Status::ok, "the model's tables are damaged");
        rows.resize(sizes.rows);
        coded.resize(sizes.rows);
        entries.resize(sizes.entries);
        reciprocals.resize(sizes.entries);
        buckets.resize(sizes.buckets);
        rans::build(source, rows.data(), coded.data(), entries.data(), reciprocals.data(), buckets.data());
    }

    rans::Tables view() const noexcept {
        return {rows.data(),    rows.data() + rows.size(), coded.data(),
                entries.data(), reciprocals.data(),        buckets.data()};
    }
};

struct Model {
    int levels, latents, hyper_latents;
    Owned<float> gain;  // (levels, latents)
    Owned<uint16_t> z_rows;
    Owned<int8_t> z_mean;
    Tables tables;
    ScaleDecoder scale_decoder;
    Network context_decoder{engine::kSimd128}, context_model{engine::kSimd128}, synthesis{engine::kSimd128};

    explicit Model(Reader& file)
        : levels(file.number()), latents(file.number()), hyper_latents(file.number()),
          gain(file.many<float>(product(levels, latents))), z_rows(file.many<uint16_t>(size_t(hyper_latents))),
          z_mean(file.many<int8_t>(size_t(hyper_latents))), tables(file), scale_decoder(file) {
        add_layers(file, context_decoder);
        add_layers(file, context_model);
        add_layers(file, synthesis);
        require(file.at_end(), "bytes follow the last layer of the model's file");
    }
};

std::optional<Model> model;
Result pixels;  // planes of the tile that was decoded last

// ---- one tile --------------------------------------------------------------------------------------------------

bool finite(const Result& found) noexcept {
    const size_t channels = size_t(found.padded ? found.padded : found.channels);
    const size_t count = channels * size_t(found.height) * size_t(found.width);
    for (size_t i = 0; i < count; i++)
        if (!(found.data[i] >= -kLargest && found.data[i] <= kLargest)) return false;  // NaN is in no range
    return true;
}

Array planes(const Owned<float>& values, int channels, int height, int width) {
    return {values.data(), channels, height, width, ptrdiff_t(height) * width, width, 1};
}

// One of the four places of each 2x2 square, another for each channel, is coded in the first pass, the others in the
// second: `Cells` of models/pico/schedule.py. each(latent) in coding order
template <typename Each>
void for_cells(bool first_pass, int channels, int height, int width, Each each) {
    size_t at = 0;
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++, at++)
                if (((2 * (y % 2) + x % 2 - c) % 4 == 0) == first_pass) each(at);
}

class TileDecoder {
   public:
    TileDecoder(const uint8_t* payload, size_t bytes, int height, int width, int level)
        : height_(height), width_(width), level_(size_t(level)), tables_(model->tables.view()) {
        status_ = int(rans::open(decoder_, payload, payload + bytes));
    }

    // A status, and where it is 0, pixels
    int run() {
        const int z_height = height_ / kZStride, z_width = width_ / kZStride;
        const size_t z_places = size_t(z_height) * size_t(z_width);
        Owned<uint16_t> z_rows;
        z_rows.reserve(model->z_rows.size() * z_places);
        for (uint16_t row : model->z_rows) z_rows.insert(z_rows.end(), z_places, row);
        const Owned<int16_t> z = symbols(z_rows);
        if (status_) return status_;
        Owned<int16_t> z_hat(z.size());
        for (size_t i = 0; i < z.size(); i++)
            z_hat[i] = int16_t(std::min(std::max(z[i] + model->z_mean[i / z_places], -kZLimit), kZLimit));

        const int channels = model->latents, y_height = height_ / kYStride, y_width = width_ / kYStride;
        const auto rows = model->scale_decoder.rows(z_hat, model->hyper_latents, z_height, z_width, level_);
        const Owned<float> z_floats(z_hat.begin(), z_hat.end());
        const Result prior = one(model->context_decoder, {planes(z_floats, model->hyper_latents, z_height, z_width)});
        if (status_) return status_;
        y_hat_.resize(rows.size());
        require(prior.channels == 2 * channels && prior.height == y_height && prior.width == y_width &&
                    rows.size() == size_t(channels) * size_t(y_height) * size_t(y_width),
                "the networks of the model's file do not fit each other");
        add_pass(true, rows, prior.view());
        if (status_) return status_;
        const Result refined = one(model->context_model, {prior.view(), planes(y_hat_, channels, y_height, y_width)});
        if (status_) return status_;
        add_pass(false, rows, refined.view());
        if (!status_) status_ = int(rans::finish(decoder_));
        if (status_) return status_;
        pixels = one(model->synthesis, {planes(y_hat_, channels, y_height, y_width)});
        require(pixels.channels == 3 && pixels.height == height_ && pixels.width == width_ && !pixels.padded,
                "the synthesis of the model's file gives no picture");
        return status_;
    }

   private:
    Owned<int16_t> symbols(const Owned<uint16_t>& rows) {
        Owned<int16_t> found(rows.size());
        size_t position;
        if (status_) return found;
        const uint16_t* begin = rows.data();
        status_ = int(rans::decode(decoder_, tables_, begin, begin + rows.size(), found.data(), position));
        return found;
    }

    Result one(const Network& network, const Network::Inputs& inputs) {
        std::vector<Result> found = network.run(inputs);
        require(found.size() == 1, "a network of the model's file does not have one result");
        if (!finite(found[0])) status_ = kNotFinite;
        return std::move(found[0]);
    }

    // Latents of one pass, whose means and widths a prior gives
    void add_pass(bool first, const Owned<uint16_t>& rows, const Array& prior) {
        const int channels = model->latents;
        Owned<uint16_t> of_pass;
        of_pass.reserve(rows.size());
        for_cells(first, channels, prior.height, prior.width, [&](size_t at) { of_pass.push_back(rows[at]); });
        const Owned<int16_t> found = symbols(of_pass);
        if (status_) return;
        Owned<float> spread(rows.size()), mask(rows.size()), means(rows.size()), widths(rows.size());
        size_t next = 0;
        for_cells(first, channels, prior.height, prior.width, [&](size_t at) {
            spread[at] = found[next++];
            mask[at] = 1;
        });
        const float* gain = &model->gain[level_ * size_t(channels)];
        engine::mean_width(engine::kSimd128, prior, gain, kUnit, kLogWidthLimit, means.data(), widths.data());
        quantise::reconstruct(spread.data(), means.data(), widths.data(), mask.data(), rows.size(), y_hat_.data());
    }

    int height_, width_;
    size_t level_;
    rans::Tables tables_;
    rans::Decoder decoder_;
    int status_;
    Owned<float> y_hat_;
};

samples::Planes part(int left, int top, int width, int height) {
    require(left >= 0 && top >= 0 && width > 0 && height > 0 && left <= pixels.width - width &&
                top <= pixels.height - height,
            "a part outside the tile");
    const size_t line = size_t(pixels.width);
    return {{pixels.data.get() + size_t(top) * line + size_t(left), line}, line * size_t(pixels.height), size_t(height),
            size_t(width)};
}

}  // namespace

// ---- what JavaScript calls -------------------------------------------------------------------------------------

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

EXPORT(take) void* take(size_t bytes) { return ::operator new(bytes); }
EXPORT(give) void give(void* at) { ::operator delete(at); }

// What follows the head of a model's file
EXPORT(load)
void load(const uint8_t* data, size_t bytes) {
    Reader file(data, data + bytes);
    model.emplace(file);
}

// Sides are multiples of 64. A status of rans.hpp, or 100: a network gave a number that is not finite.
EXPORT(decode_tile)
int decode_tile(const uint8_t* payload, size_t bytes, int height, int width, int level) {
    require(model && height > 0 && width > 0 && height % kZStride == 0 && width % kZStride == 0 && level >= 0 &&
                level < model->levels,
            "a tile of another size or level than the model has");
    return TileDecoder(payload, bytes, height, width, level).run();
}

// A part of the tile as samples (height, width, channels): bytes, or 16 bits if `white` is above 255
EXPORT(round_samples)
void round_samples(int left, int top, int width, int height, int channels, int white, void* to) {
    const size_t line = size_t(width) * size_t(channels), count = size_t(channels);
    if (white == 255)
        samples::round(part(left, top, width, height), count, 255.0f,
                       samples::Rows<uint8_t>{static_cast<uint8_t*>(to), line});
    else
        samples::round(part(left, top, width, height), count, float(white),
                       samples::Rows<uint16_t>{static_cast<uint16_t*>(to), line});
}

// Add the tile's upper left part to sums, whose rows have `stride` of them: 16 bits, or 32 if `white` is above 255
EXPORT(add_share)
void add_share(int width, int height, int channels, int white, const float* down, const float* along, void* sums,
               size_t stride) {
    const size_t count = size_t(channels);
    if (white == 255)
        samples::add(part(0, 0, width, height), count, down, along, 255.0f,
                     samples::Rows<uint16_t>{static_cast<uint16_t*>(sums), stride});
    else
        samples::add(part(0, 0, width, height), count, down, along, float(white),
                     samples::Rows<uint32_t>{static_cast<uint32_t*>(sums), stride});
}

EXPORT(divide_sums)
void divide_sums(void* sums, const float* present, size_t places, int channels, int white) {
    if (white == 255)
        samples::divide(static_cast<uint16_t*>(sums), present, places, size_t(channels), uint16_t(255));
    else
        samples::divide(static_cast<uint32_t*>(sums), present, places, size_t(channels), uint32_t(white));
}

EXPORT(finish_sums)
void finish_sums(const void* sums, size_t count, int white, void* to) {
    if (white == 255)
        samples::finish(static_cast<const uint16_t*>(sums), count, uint16_t(255), static_cast<uint8_t*>(to));
    else
        samples::finish(static_cast<const uint32_t*>(sums), count, uint32_t(white), static_cast<uint16_t*>(to));
}

// (a * b + c) with one rounding: 0 where the machine rounds twice, whose results would differ
EXPORT(fuses)
int fuses() {
    // the product is 1 + 2^-11 + 2^-24, whose last bit float32 has no place for
    volatile float a = 1 + 0x1p-12f, c = -1;
    const auto all = [](float x) { return simd::Simd128::all(x); };
    float found[4];
    simd::Simd128::store(found, simd::Simd128::fma(all(a), all(a), all(c)));
    return found[0] == 0x1p-11f + 0x1p-24f;
}
