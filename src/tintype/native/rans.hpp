// rANS over integer frequency tables: the portable core.  docs/payload.md defines the bytes.
//
// Nothing here allocates or throws; every pointer travels with its end; what can fail returns a Status.
//
// Invariants that the functions keep for any input:
//   - a lane's state x is in [2^16, 2^32);
//   - an interval (start, width) has 1 <= width <= 65535 and start + width <= 65536;
//   - a pop or push moves at most one 16-bit word, so a symbol moves one word, an escaped one four.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tintype::rans {

constexpr uint32_t kLow = 1u << 16;         // smallest state, and the state every lane begins with
constexpr uint32_t kTotal = 1u << 16;       // frequencies of a row add up to this
constexpr uint32_t kMaxLanes = 32;          // what a payload may use
constexpr uint32_t kMostLanes = 8;          // what the encoder chooses at most
constexpr uint64_t kSymbolsPerLane = 8192;  // a lane's state costs about 3 bytes
constexpr uint32_t kEscapeOrder = 3;        // of the Exp-Golomb code
constexpr size_t kWordsPerSymbol = 4;       // at most: the escape, its side, prefix and suffix
constexpr size_t kBlock = 1024;             // rows whose skips are sorted out at a time

enum class Status : uint8_t {
    ok,
    no_space,       // encoder: the buffer is smaller than bound()
    bad_tables,     // builder: not frequency tables
    bad_row,        // a row that the tables do not have
    bad_skip,       // encoder: a symbol other than 0 at a skip row
    empty,          // decoder: a symbol is wanted of an empty payload
    bad_lanes,      // decoder: unknown lane code
    short_head,     // decoder: the states are cut off
    odd_words,      // decoder: half a word at the end
    bad_state,      // decoder: a state below kLow
    out_of_words,   // decoder: the words end before the last symbol
    long_escape,    // decoder: an Exp-Golomb prefix that no int16 needs
    wide_escape,    // decoder: an escape for a value that is no int16
    words_left,     // finish: words remain
    open_state,     // finish: a lane is not back at kLow
};

// ---- tables ----------------------------------------------------------------------------------------------------

// An interval of [0, 65536): start in the low half, width in the high half.  Skip rows, whose width would not fit,
// have none.
using Entry = uint32_t;

constexpr uint32_t start_of(Entry e) { return e & 0xFFFF; }
constexpr uint32_t width_of(Entry e) { return e >> 16; }

struct Row {
    uint32_t entry;   // where its entries begin: `count` symbols, then the escape
    uint32_t bucket;  // where its buckets begin
    uint16_t count;   // symbols without the escape
    int16_t first;    // lowest symbol
    uint8_t shift;    // a slot's bucket is slot >> shift
    uint8_t coded;    // 0: a skip row
};

// Derived from the integer tables once, by build(), and never changed after.
struct Tables {
    const Row* rows;
    const Row* rows_end;
    const Entry* entries;         // one more than used, so that the successor of any may be loaded
    const uint64_t* reciprocals;  // ceil(2^48 / width), per entry
    const uint16_t* buckets;      // entry, within its row, that holds the first slot of the bucket
};

// The integer tables as they ship: row r is cumulative[offsets[r]] = 0, ..., cumulative[offsets[r + 1] - 1] = 65536.
struct Source {
    const int32_t* cumulative;
    const int32_t* cumulative_end;
    const int32_t* offsets;  // one more than rows
    const int32_t* offsets_end;
    const int16_t* first;
    const int16_t* first_end;
};

struct Sizes {
    size_t rows, entries, buckets;
};

inline bool valid(const Source& s) noexcept {
    const auto rows = s.first_end - s.first;
    const auto total = s.cumulative_end - s.cumulative;
    if (rows < 1 || rows > 65536 || s.offsets_end - s.offsets != rows + 1) return false;
    if (s.offsets[0] != 0 || s.offsets[rows] != total || total > (1 << 24)) return false;
    for (ptrdiff_t r = 0; r < rows; r++) {
        const int32_t begin = s.offsets[r], end = s.offsets[r + 1];
        if (begin < 0 || end > total || end - begin < 2) return false;
        if (s.cumulative[begin] != 0 || s.cumulative[end - 1] != int32_t(kTotal)) return false;
        for (int32_t i = begin + 1; i < end; i++)
            if (s.cumulative[i] <= s.cumulative[i - 1]) return false;
        if (end - begin == 2 ? s.first[r] != 0 : s.first[r] + (end - begin - 3) > INT16_MAX) return false;
    }
    return true;
}

// Buckets of a row, as a power of two: as many as leave at most 1/64 of the slots more than one entry away from
// their bucket's first.  The search then is a load, a comparison and, rarely, a loop.
inline uint32_t bucket_bits(const int32_t* row, const int32_t* row_end) noexcept {
    const auto entries = row_end - row - 1;
    uint32_t bits = 3;
    while ((ptrdiff_t(1) << bits) < entries) bits++;
    const uint32_t most = bits + 3 < 16 ? bits + 3 : 16;  // memory stays within 8 buckets per entry or so
    for (; bits < most; bits++) {
        const int32_t size = int32_t(kTotal >> bits);
        int32_t far = 0;
        for (ptrdiff_t i = 2; i < entries; i++) {
            const int32_t begin = row[i] & ~(size - 1);  // of the bucket in which entry i starts
            if (begin >= row[i - 1]) continue;
            far += (row[i + 1] < begin + size ? row[i + 1] : begin + size) - row[i];
        }
        if (far <= int32_t(kTotal / 64)) break;
    }
    return bits;
}

// Space that build() needs; bad_tables if the source is not valid.
inline Status measure(const Source& source, Sizes& sizes) noexcept {
    if (!valid(source)) return Status::bad_tables;
    sizes = {size_t(source.first_end - source.first), 1, 0};
    for (size_t r = 0; r < sizes.rows; r++) {
        const int32_t *row = source.cumulative + source.offsets[r], *end = source.cumulative + source.offsets[r + 1];
        if (end - row == 2) continue;
        sizes.entries += size_t(end - row - 1);
        sizes.buckets += size_t(1) << bucket_bits(row, end);
    }
    return Status::ok;
}

// Fill arrays of the measured sizes from the same source.
inline void build(const Source& source, Row* rows, Entry* entries, uint64_t* reciprocals, uint16_t* buckets) noexcept {
    uint32_t entry = 0, bucket = 0;
    for (ptrdiff_t r = 0; r < source.first_end - source.first; r++) {
        const int32_t *row = source.cumulative + source.offsets[r], *end = source.cumulative + source.offsets[r + 1];
        if (end - row == 2) {
            rows[r] = {0, 0, 1, 0, 0, 0};
            continue;
        }
        const auto count = uint32_t(end - row - 1);
        const uint32_t bits = bucket_bits(row, end);
        rows[r] = {entry, bucket, uint16_t(count - 1), source.first[r], uint8_t(16 - bits), 1};
        for (uint32_t b = 0, i = 0; b < 1u << bits; b++) {
            while (uint32_t(row[i + 1]) <= b << (16 - bits)) i++;
            buckets[bucket++] = uint16_t(i);
        }
        for (uint32_t i = 0; i < count; i++, entry++) {
            const auto width = uint32_t(row[i + 1] - row[i]);
            entries[entry] = uint32_t(row[i]) | width << 16;
            reciprocals[entry] = ((uint64_t(1) << 48) + width - 1) / width;
        }
    }
    entries[entry] = 0;
    reciprocals[entry] = 0;
}

// ---- bytes -----------------------------------------------------------------------------------------------------

inline uint32_t load16(const uint8_t* p) noexcept { return uint32_t(p[0]) | uint32_t(p[1]) << 8; }

inline uint32_t load32(const uint8_t* p) noexcept { return load16(p) | load16(p + 2) << 16; }

inline void store16(uint8_t* p, uint32_t v) noexcept {
    p[0] = uint8_t(v);
    p[1] = uint8_t(v >> 8);
}

inline void store32(uint8_t* p, uint32_t v) noexcept {
    store16(p, v);
    store16(p + 2, v >> 16);
}

// ---- encoder ---------------------------------------------------------------------------------------------------

struct Tally {
    uint64_t coded, escapes;
};

// Writes towards lower addresses: `next` is the lowest byte written.
struct Encoder {
    uint8_t* begin;
    uint8_t* next;
    uint32_t lanes;
    uint32_t lane;  // of the symbol pushed last
    uint32_t state[kMaxLanes];
};

inline uint32_t lane_count(uint64_t coded) noexcept {
    uint32_t lanes = 1;
    while (lanes < kMostLanes && coded >= 2 * lanes * kSymbolsPerLane) lanes *= 2;
    return lanes;
}

// Check a step and add what it holds to the tally.  On failure `position` is the offending symbol's.
inline Status count(const Tables& t, const uint16_t* rows, const uint16_t* rows_end, const int16_t* symbols,
                    Tally& tally, size_t& position) noexcept {
    const size_t known = size_t(t.rows_end - t.rows), n = size_t(rows_end - rows);
    uint64_t coded = 0, escapes = 0;
    for (size_t i = 0; i < n; i++) {
        position = i;
        if (rows[i] >= known) return Status::bad_row;
        const Row& row = t.rows[rows[i]];
        const bool outside = uint32_t(symbols[i] - row.first) >= row.count;
        if (outside && !row.coded) return Status::bad_skip;
        coded += row.coded;
        escapes += outside;
    }
    tally.coded += coded;
    tally.escapes += escapes;
    return Status::ok;
}

// Bytes that are enough for any payload with this tally.
inline size_t bound(const Tally& tally) noexcept {
    return 1 + 4 * kMaxLanes + 2 * size_t(tally.coded + (kWordsPerSymbol - 1) * tally.escapes);
}

inline void start(Encoder& e, const Tally& tally, uint8_t* begin, uint8_t* end) noexcept {
    e.begin = begin;
    e.next = end;
    e.lanes = lane_count(tally.coded);
    e.lane = uint32_t(tally.coded & (e.lanes - 1));
    for (uint32_t& x : e.state) x = kLow;
}

// The state before a symbol from the state after it, for any interval.
inline uint32_t push(uint32_t x, uint32_t start, uint32_t width, uint8_t*& next) noexcept {
    if (x >> 16 >= width) {
        next -= 2;
        store16(next, x);
        x >>= 16;
    }
    return (x / width << 16) + x % width + start;
}

// The same without a division, for an entry of the tables.
//
// After the renormalisation x < width * 2^16.  With reciprocal = (2^48 + d) / width, 0 <= d < width <= 2^16, the
// product x * reciprocal / 2^48 exceeds x / width by x * d / (width * 2^48) < 1 / width: too little to reach the next
// integer.  The product is below 2^64, as x / width <= 2^16 - 1 / width.
inline uint32_t push(uint32_t x, Entry entry, uint64_t reciprocal, uint8_t*& next) noexcept {
    const uint32_t width = width_of(entry);
    const uint32_t emit = x >> 16 >= width;
    store16(next - 2, x);  // overwritten by the next word unless it is emitted
    next -= 2 * emit;
    x >>= 16 * emit;
    const auto quotient = uint32_t(uint64_t(x) * reciprocal >> 48);
    return x + quotient * (kTotal - width) + start_of(entry);
}

// What stands behind an escape: suffix, prefix and side, pushed in this order.
inline uint32_t push_escaped(uint32_t x, uint32_t excess, bool below, uint8_t*& next) noexcept {
    const uint32_t value = excess + (1u << kEscapeOrder);
    uint32_t bits = kEscapeOrder;
    while (value >> (bits + 1)) bits++;
    const uint32_t k = bits - kEscapeOrder, width = kTotal >> bits;
    x = push(x, (value - (1u << bits)) * width, width, next);
    x = push(x, kTotal - (kTotal >> k), kTotal >> (k + 1), next);
    return push(x, below ? kTotal / 2 : 0, kTotal / 2, next);
}

// Push a step that count() has accepted, its last symbol first.
inline Status encode(Encoder& e, const Tables& t, const uint16_t* rows, const uint16_t* rows_end,
                     const int16_t* symbols) noexcept {
    uint16_t coded[kBlock];
    const uint32_t mask = e.lanes - 1;
    for (size_t end = size_t(rows_end - rows); end > 0;) {
        const size_t begin = end > kBlock ? end - kBlock : 0;
        size_t n = 0;
        for (size_t i = begin; i < end; i++) {
            coded[n] = uint16_t(i - begin);
            n += t.rows[rows[i]].coded;
        }
        uint8_t* next = e.next;
        uint32_t lane = e.lane;
        while (n-- > 0) {
            const size_t i = begin + coded[n];
            if (size_t(next - e.begin) < 2 * kWordsPerSymbol) return Status::no_space;
            const Row& row = t.rows[rows[i]];
            const int32_t index = symbols[i] - row.first;
            lane = (lane - 1) & mask;
            uint32_t x = e.state[lane];
            uint32_t entry = row.entry + uint32_t(index);
            if (uint32_t(index) >= row.count) {
                x = push_escaped(x, uint32_t(index < 0 ? -1 - index : index - row.count), index < 0, next);
                entry = row.entry + row.count;
            }
            e.state[lane] = push(x, t.entries[entry], t.reciprocals[entry], next);
        }
        e.next = next;
        e.lane = lane;
        end = begin;
    }
    return Status::ok;
}

// Write the head; the payload is [e.next, end of the buffer) then.  Nothing at all if nothing was coded.
inline Status flush(Encoder& e, const Tally& tally) noexcept {
    if (tally.coded == 0) return Status::ok;
    if (size_t(e.next - e.begin) < 1 + 4 * size_t(e.lanes)) return Status::no_space;
    for (uint32_t lane = e.lanes; lane-- > 0;) store32(e.next -= 4, e.state[lane]);
    uint8_t code = 0;
    while (1u << code < e.lanes) code++;
    *--e.next = code;
    return Status::ok;
}

// ---- decoder ---------------------------------------------------------------------------------------------------

struct Decoder {
    const uint8_t* next;
    const uint8_t* end;
    uint32_t lanes;  // 0: an empty payload
    uint32_t lane;   // of the next symbol
    uint32_t state[kMaxLanes];
};

inline Status open(Decoder& d, const uint8_t* begin, const uint8_t* end) noexcept {
    d = {begin, end, 0, 0, {}};
    if (begin == end) return Status::ok;
    if (begin[0] > 5) return Status::bad_lanes;
    const uint32_t lanes = 1u << begin[0];
    d.next++;
    if (size_t(end - d.next) < 4 * size_t(lanes)) return Status::short_head;
    if ((end - d.next) % 2) return Status::odd_words;
    for (uint32_t i = 0; i < lanes; i++, d.next += 4) {
        d.state[i] = load32(d.next);
        if (d.state[i] < kLow) return Status::bad_state;
    }
    d.lanes = lanes;
    return Status::ok;
}

// Reading words in runs whose length is bounded in advance leaves nothing to check; otherwise each word is checked.
enum class Words { enough, checked };

template <Words words>
inline bool pop(uint32_t& x, uint32_t start, uint32_t width, const uint8_t*& next, const uint8_t* end) noexcept {
    x = width * (x >> 16) + (x & 0xFFFF) - start;
    if (x >= kLow) return true;
    if (words == Words::checked && end - next < 2) return false;
    x = x << 16 | load16(next);
    next += 2;
    return true;
}

template <Words words>
inline Status pop_escaped(uint32_t& x, const Row& row, int16_t& symbol, const uint8_t*& next,
                          const uint8_t* end) noexcept {
    const bool below = x & (kTotal / 2);
    if (!pop<words>(x, below ? kTotal / 2 : 0, kTotal / 2, next, end)) return Status::out_of_words;
    uint32_t k = 0;
    while (k < 16 && (x << k & (kTotal / 2))) k++;
    if (k + kEscapeOrder > 16) return Status::long_escape;
    if (!pop<words>(x, kTotal - (kTotal >> k), kTotal >> (k + 1), next, end)) return Status::out_of_words;
    const uint32_t bits = k + kEscapeOrder, width = kTotal >> bits;
    const uint32_t suffix = (x & 0xFFFF) >> (16 - bits);
    if (!pop<words>(x, suffix * width, width, next, end)) return Status::out_of_words;
    const auto excess = int32_t((1u << bits) - (1u << kEscapeOrder) + suffix);
    const int32_t value = below ? row.first - 1 - excess : row.first + row.count + excess;
    if (value < INT16_MIN || value > INT16_MAX) return Status::wide_escape;
    symbol = int16_t(value);
    return Status::ok;
}

// Decode the n coded symbols at the given places of a block.
template <Words words>
inline Status decode_run(Decoder& d, const Tables& t, const uint16_t* rows, int16_t* symbols, const uint16_t* coded,
                         size_t n) noexcept {
    const uint8_t* next = d.next;
    uint32_t lane = d.lane;
    const uint32_t mask = d.lanes - 1;
    Status status = Status::ok;
    for (size_t j = 0; j < n; j++) {
        const Row& row = t.rows[rows[coded[j]]];
        uint32_t x = d.state[lane];
        const uint32_t slot = x & 0xFFFF;
        uint32_t i = t.buckets[row.bucket + (slot >> row.shift)];
        const Entry* at = t.entries + row.entry + i;
        const Entry here = at[0], after = at[1];
        // A row's last entry ends at 65536, so `past` is never set there and `after` never another row's.
        uint32_t past = slot - start_of(here) >= width_of(here);
        Entry entry = here ^ ((here ^ after) & (0u - past));
        i += past;
        while (slot - start_of(entry) >= width_of(entry)) entry = t.entries[row.entry + ++i];
        if (!pop<words>(x, start_of(entry), width_of(entry), next, d.end)) {
            status = Status::out_of_words;
            break;
        }
        int16_t symbol = int16_t(row.first + int32_t(i));
        if (i == row.count) {
            status = pop_escaped<words>(x, row, symbol, next, d.end);
            if (status != Status::ok) break;
        }
        symbols[coded[j]] = symbol;
        d.state[lane] = x;
        lane = (lane + 1) & mask;
    }
    d.next = next;
    d.lane = lane;
    return status;
}

// Symbols of the next step.  On bad_row nothing of the block it is in has been decoded, and `position` is its place.
inline Status decode(Decoder& d, const Tables& t, const uint16_t* rows, const uint16_t* rows_end, int16_t* symbols,
                     size_t& position) noexcept {
    const size_t known = size_t(t.rows_end - t.rows), total = size_t(rows_end - rows);
    uint16_t coded[kBlock];
    for (size_t begin = 0; begin < total; begin += kBlock) {
        const size_t end = total - begin > kBlock ? begin + kBlock : total;
        size_t n = 0;
        for (size_t i = begin; i < end; i++) {
            position = i;
            if (rows[i] >= known) return Status::bad_row;
            symbols[i] = 0;
            coded[n] = uint16_t(i - begin);
            n += t.rows[rows[i]].coded;
        }
        if (n && !d.lanes) return Status::empty;
        for (size_t done = 0; done < n;) {
            const size_t safe = size_t(d.end - d.next) / (2 * kWordsPerSymbol), left = n - done;
            const size_t run = safe ? (safe < left ? safe : left) : 1;
            const Status status =
                safe ? decode_run<Words::enough>(d, t, rows + begin, symbols + begin, coded + done, run)
                     : decode_run<Words::checked>(d, t, rows + begin, symbols + begin, coded + done, run);
            if (status != Status::ok) return status;
            done += run;
        }
    }
    return Status::ok;
}

// Every word read, and every lane back where the encoder began.
inline Status finish(const Decoder& d) noexcept {
    if (d.next != d.end) return Status::words_left;
    for (uint32_t i = 0; i < d.lanes; i++)
        if (d.state[i] != kLow) return Status::open_state;
    return Status::ok;
}

}  // namespace tintype::rans
