// Python's door to quantise.hpp, samples.hpp and png.hpp: checks arrays, releases the interpreter lock.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstring>
#include <memory>
#include <stdexcept>

#include "png.hpp"
#include "quantise.hpp"
#include "samples.hpp"

namespace nb = nanobind;
namespace png = tintype::png;
namespace quantise = tintype::quantise;
namespace samples = tintype::samples;

namespace {

template <typename T, size_t rank>
using Array = nb::ndarray<T, nb::ndim<rank>, nb::c_contig, nb::device::cpu>;

void symbols(Array<const float, 3> latents, Array<const float, 3> means, Array<const float, 3> widths,
             Array<const uint16_t, 3> rows, Array<const float, 1> worth, Array<const float, 2> saved_bits,
             Array<const bool, 1> skips, Array<float, 3> out) {
    const auto same = [&](const auto& other) {
        for (size_t axis = 0; axis < 3; axis++)
            if (other.shape(axis) != latents.shape(axis)) return false;
        return true;
    };
    if (!same(means) || !same(widths) || !same(rows) || !same(out) || worth.size() != latents.shape(0) ||
        skips.size() != saved_bits.shape(0) || saved_bits.shape(1) == 0)
        throw std::invalid_argument("quantise: arrays of different shapes");
    const quantise::Tables tables{saved_bits.data(), skips.data(), saved_bits.shape(0), saved_bits.shape(1)};
    const size_t size = latents.shape(1) * latents.shape(2);
    bool known = true;
    {
        nb::gil_scoped_release released;
        for (size_t c = 0; c < latents.shape(0) && known; c++) {
            const size_t at = c * size;
            known = quantise::channel({latents.data() + at, means.data() + at, widths.data() + at, rows.data() + at,
                                       worth.data()[c], size},
                                      tables, out.data() + at);
        }
    }
    if (!known) throw std::invalid_argument("quantise: a row is not in the tables");
}

void reconstruct(Array<const float, 3> found, Array<const float, 3> means, Array<const float, 3> widths,
                 Array<const float, 3> mask, Array<float, 3> latents) {
    for (size_t axis = 0; axis < 3; axis++)
        for (const auto& each : {found, means, widths, mask})
            if (each.shape(axis) != latents.shape(axis))
                throw std::invalid_argument("reconstruct: arrays of different shapes");
    nb::gil_scoped_release released;
    quantise::reconstruct(found.data(), means.data(), widths.data(), mask.data(), latents.size(), latents.data());
}

// Part of a larger array: elements of a row stand side by side.
template <typename T>
using View = nb::ndarray<T, nb::ndim<3>, nb::device::cpu>;

samples::Planes planes(const View<const float>& pixels) {
    if (pixels.shape(0) != 3 || pixels.stride(2) != 1) throw std::invalid_argument("samples: not three planes of rows");
    return {{pixels.data(), size_t(pixels.stride(1))}, size_t(pixels.stride(0)), pixels.shape(1), pixels.shape(2)};
}

// Of (height, width, channels)
template <typename T>
samples::Rows<T> rows(const View<T>& array, const samples::Planes& pixels) {
    const size_t channels = array.shape(2);
    if (array.shape(0) != pixels.height || array.shape(1) != pixels.width || (channels != 1 && channels != 3) ||
        array.stride(2) != 1 || size_t(array.stride(1)) != channels)
        throw std::invalid_argument("samples: an array that does not fit the pixels");
    return {array.data(), size_t(array.stride(0))};
}

template <typename Sample>
void round_samples(View<const float> pixels, float white, View<Sample> out) {
    const samples::Planes from = planes(pixels);
    const samples::Rows<Sample> to = rows(out, from);
    nb::gil_scoped_release released;
    samples::round(from, out.shape(2), white, to);
}

template <typename Sum>
void add_share(View<const float> pixels, Array<const float, 1> down, Array<const float, 1> along, float white,
               View<Sum> sums) {
    const samples::Planes from = planes(pixels);
    const samples::Rows<Sum> to = rows(sums, from);
    if (down.size() != from.height || along.size() != from.width)
        throw std::invalid_argument("samples: there is not one weight for each row and column");
    nb::gil_scoped_release released;
    samples::add(from, sums.shape(2), down.data(), along.data(), white, to);
}

template <typename Sum>
void divide_sums(Array<Sum, 3> sums, Array<const float, 2> present, uint32_t white) {
    if (present.shape(0) != sums.shape(0) || present.shape(1) != sums.shape(1))
        throw std::invalid_argument("samples: there is not one weight for each pixel");
    nb::gil_scoped_release released;
    samples::divide(sums.data(), present.data(), present.size(), sums.shape(2), Sum(white));
}

template <typename Sum, typename Sample>
void finish_sums(Array<const Sum, 3> sums, uint32_t white, Array<Sample, 3> out) {
    if (sums.size() != out.size()) throw std::invalid_argument("samples: there is not one sum for each sample");
    nb::gil_scoped_release released;
    samples::finish(sums.data(), sums.size(), Sum(white), out.data());
}

// Sums need twice the bits of samples.
template <typename Sample, typename Sum>
void define_samples(nb::module_& m) {
    m.def("round_samples", &round_samples<Sample>, nb::arg("pixels"), nb::arg("white"), nb::arg("out").noconvert());
    m.def("add_share", &add_share<Sum>, nb::arg("pixels"), nb::arg("down"), nb::arg("along"), nb::arg("white"),
          nb::arg("sums").noconvert());
    m.def("divide_sums", &divide_sums<Sum>, nb::arg("sums").noconvert(), nb::arg("present"), nb::arg("white"));
    m.def("finish_sums", &finish_sums<Sum, Sample>, nb::arg("sums").noconvert(), nb::arg("white"),
          nb::arg("out").noconvert());
}

nb::bytes filtered(Array<const uint8_t, 2> rows, Array<const uint8_t, 1> above, size_t step) {
    const size_t count = rows.shape(0), size = rows.shape(1);
    if (above.size() != size || step == 0) throw std::invalid_argument("filtered: a row above of another length");
    std::unique_ptr<char[]> out(new char[count * (size + 1)]);
    {
        nb::gil_scoped_release released;
        std::unique_ptr<uint8_t[]> scratch(new uint8_t[png::kFilters * size]);
        for (size_t y = 0; y < count; y++) {
            const uint8_t* before = y > 0 ? rows.data() + (y - 1) * size : above.data();
            png::row(rows.data() + y * size, before, size, step, scratch.get(),
                     reinterpret_cast<uint8_t*>(out.get()) + y * (size + 1));
        }
    }
    return nb::bytes(out.get(), count * (size + 1));
}

}  // namespace

NB_MODULE(_loops, m) {
    m.def("symbols", &symbols, nb::arg("latents"), nb::arg("means"), nb::arg("widths"), nb::arg("rows"),
          nb::arg("worth"), nb::arg("saved_bits"), nb::arg("skips"), nb::arg("out").noconvert());
    m.def("reconstruct", &reconstruct, nb::arg("symbols"), nb::arg("means"), nb::arg("widths"), nb::arg("mask"),
          nb::arg("latents").noconvert());
    define_samples<uint8_t, uint16_t>(m);
    define_samples<uint16_t, uint32_t>(m);
    m.def("filtered", &filtered, nb::arg("rows"), nb::arg("above"), nb::arg("step"));
}
