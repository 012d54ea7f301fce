// Python's door to quantise.hpp and png.hpp: checks arrays, releases the interpreter lock.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstring>
#include <memory>
#include <stdexcept>

#include "png.hpp"
#include "quantise.hpp"

namespace nb = nanobind;
namespace png = tintype::png;
namespace quantise = tintype::quantise;

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
    m.def("filtered", &filtered, nb::arg("rows"), nb::arg("above"), nb::arg("step"));
}
