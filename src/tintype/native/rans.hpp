// rANS over integer frequency tables: the portable core.  docs/payload.md defines the bytes.
//
// Nothing here allocates or throws; every pointer travels with its end; what can fail returns a Status.
//
// Invariants that the functions keep for any input:
//   - a lane's state x is in [2^24, 2^32);
//   - an interval (start, width) has 1 <= width <= 65535 and start + width <= 65536;
//   - a pop or push moves at most two bytes, so a symbol moves two, an escaped one eight.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tintype::rans {

constexpr uint32_t kLow = 1u << 24;         // smallest state, and the state every lane begins with
constexpr uint32_t kTotal = 1u << 16;       // frequencies of a row add up to this
constexpr uint32_t kMaxLanes = 32;          // what a payload may use
constexpr uint32_t kMostLanes = 8;          // what the encoder chooses at most
constexpr uint64_t kSymbolsPerLane = 32768;  // a lane's state costs 3.5 bytes on average
constexpr uint32_t kEscapeOrder = 3;        // of the Exp-Golomb code
constexpr size_t kPushes = 4;                // of a symbol at most: the escape, its side, prefix and suffix
constexpr size_t kBytesPerSymbol = 2 * kPushes;
constexpr size_t kBlock = 1024;  // symbols that are sorted out at a time
constexpr size_t kBlockBytes = kBlock * kBytesPerSymbol + 1 + 4 * kMaxLanes;  // of a block and the head, at most

enum class Status : uint8_t {
    ok,
    no_space,       // encoder: less than kBlockBytes left
    bad_tables,     // builder: not frequency tables
    bad_row,        // a row that the tables do not have
    bad_skip,       // encoder: a symbol other than 0 at a skip row
    empty,          // decoder: a symbol is wanted of an empty payload
    bad_lanes,      // decoder: unknown lane code
    short_head,     // decoder: the states are cut off
    bad_state,      // decoder: a state below kLow
    out_of_bytes,   // decoder: the payload ends before the last symbol
    long_escape,    // decoder: an Exp-Golomb prefix that no int16 needs
    wide_escape,    // decoder: an escape for a value that is no int16
    bytes_left,     // finish: bytes remain
    open_state,     // finish: a lane is not back at kLow
};

// ---- tables ----------------------------------------------------------------------------------------------------

// An interval of [0, 65536) and what it stands for, from the low bits up: start, width and symbol, 16 bits each, then
// one that says escape.  Skip rows, whose width would not fit, have none.
using Entry = uint64_t;

constexpr uint32_t start_of(Entry e) { return e & 0xFFFF; }
constexpr uint32_t width_of(Entry e) { return uint32_t(e) >> 16; }
constexpr int16_t symbol_of(Entry e) { return int16_t(e >> 32); }
constexpr bool is_escape(Entry e) { return e >> 48; }

struct Row {
    uint32_t entry;   // of its lowest symbol
    uint32_t escape;  // entry behind its highest symbol
    uint32_t bucket;  // its first
    int16_t first;    // its lowest symbol
    uint8_t shift;    // a slot's bucket is slot >> shift
};

// Derived from the integer tables once, by build(), and never changed after.
struct Tables {
    const Row* rows;
    const Row* rows_end;
    const uint8_t* coded;         // per row: 0 for a skip row, else 1
    const Entry* entries;         // one more than used, so that the successor of any may be loaded
    const uint64_t* reciprocals;  // ceil(2^48 / width), per entry
    const uint32_t* buckets;      // entry that holds the first slot of the bucket
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
inline void build(const Source& source, Row* rows, uint8_t* coded, Entry* entries, uint64_t* reciprocals,
                  uint32_t* buckets) noexcept {
    uint32_t entry = 0, bucket = 0;
    for (ptrdiff_t r = 0; r < source.first_end - source.first; r++) {
        const int32_t *row = source.cumulative + source.offsets[r], *end = source.cumulative + source.offsets[r + 1];
        coded[r] = end - row > 2;
        if (!coded[r]) {
            rows[r] = {0, 1, 0, 0, 0};
            continue;
        }
        const auto count = uint32_t(end - row - 1);
        const uint32_t bits = bucket_bits(row, end);
        rows[r] = {entry, entry + count - 1, bucket, source.first[r], uint8_t(16 - bits)};
        for (uint32_t b = 0, i = 0; b < 1u << bits; b++) {
            while (uint32_t(row[i + 1]) <= b << (16 - bits)) i++;
            buckets[bucket++] = entry + i;
        }
        for (uint32_t i = 0; i < count; i++, entry++) {
            const auto width = uint32_t(row[i + 1] - row[i]);
            const auto symbol = uint16_t(source.first[r] + int32_t(i));
            entries[entry] = uint64_t(i == count - 1) << 48 | uint64_t(symbol) << 32 | width << 16 | uint32_t(row[i]);
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

// ---- blocks ----------------------------------------------------------------------------------------------------

// Place of the first row that the tables do not have, or the end.
inline const uint16_t* find_unknown(const Tables& t, const uint16_t* rows, const uint16_t* rows_end) noexcept {
    const auto known = uint32_t(t.rows_end - t.rows);
    uint16_t highest = 0;
    for (const uint16_t* row = rows; row != rows_end; row++) highest = *row > highest ? *row : highest;
    if (highest < known) return rows_end;
    while (*rows < known) rows++;
    return rows;
}

// The coded symbols of a block, whose rows the tables have.
struct Coded {
    size_t n;
    uint16_t places[kBlock];
    uint16_t rows[kBlock];
};

// Skip rows come in any order, so there is no branch to be mispredicted.
inline void find_coded(const Tables& t, const uint16_t* rows, const uint16_t* rows_end, Coded& coded) noexcept {
    size_t n = 0;
    for (size_t i = 0; i < size_t(rows_end - rows); i++) {
        coded.places[n] = uint16_t(i);
        coded.rows[n] = rows[i];
        n += t.coded[rows[i]];
    }
    coded.n = n;
}

// ---- encoder ---------------------------------------------------------------------------------------------------

// Writes towards lower addresses: [next, the buffer's end) is the payload so far.
struct Encoder {
    uint8_t* begin;
    uint8_t* next;
    uint32_t lanes;
    uint32_t lane;  // of the symbol pushed last; 0 at first, so that the tile's last symbol has lane lanes - 1
    uint32_t state[kMaxLanes];
};

inline uint32_t lane_count(uint64_t coded) noexcept {
    uint32_t lanes = 1;
    while (lanes < kMostLanes && coded >= 2 * lanes * kSymbolsPerLane) lanes *= 2;
    return lanes;
}

// Add the number of coded symbols, but stop where lane_count() does not change any more.  Unknown rows are passed over:
// encode() complains.
inline void count_coded(const Tables& t, const uint16_t* rows, const uint16_t* rows_end, uint64_t& coded) noexcept {
    const auto known = uint32_t(t.rows_end - t.rows);
    for (; rows != rows_end && coded < kMostLanes * kSymbolsPerLane; rows++)
        if (*rows < known) coded += t.coded[*rows];
}

inline void start(Encoder& e, uint64_t coded, uint8_t* begin, uint8_t* end) noexcept {
    e = {begin, end, lane_count(coded), 0, {}};
    for (uint32_t& x : e.state) x = kLow;
}

// The state that holds an interval on top of what x holds.
inline uint32_t push(uint32_t x, uint32_t start, uint32_t width, uint8_t*& next) noexcept {
    for (; x >> 16 >= width; x >>= 8) *--next = uint8_t(x);
    return (x / width << 16) + x % width + start;
}

// The same without a division, and without a branch on the first byte, for an entry of the tables.
//
// After the renormalisation x < width * 2^16.  With reciprocal = (2^48 + d) / width, 0 <= d < width <= 2^16, the
// product x * reciprocal / 2^48 exceeds x / width by x * d / (width * 2^48) < 1 / width: too little to reach the next
// integer.  The product is below 2^64, as x / width <= 2^16 - 1 / width.
inline uint32_t push(uint32_t x, Entry entry, uint64_t reciprocal, uint8_t*& next) noexcept {
    const uint32_t width = width_of(entry);
    const uint32_t emit = x >> 16 >= width;
    next[-1] = uint8_t(x);  // will be overwritten if it is not emitted
    next -= emit;
    x >>= 8 * emit;
    if (x >> 16 >= width) {  // rare: the symbol is
        *--next = uint8_t(x);
        x >>= 8;
    }
    const auto quotient = uint32_t(uint64_t(x) * reciprocal >> 48);
    return x + quotient * (kTotal - width) + start_of(entry);
}

// What stands behind an escape: suffix, prefix and side, pushed in this order.
inline uint32_t push_escaped(uint32_t x, const Row& row, int32_t symbol, uint8_t*& next) noexcept {
    const bool below = symbol < row.first;
    const auto count = int32_t(row.escape - row.entry);
    const auto excess = uint32_t(below ? row.first - 1 - symbol : symbol - row.first - count);
    const uint32_t value = excess + (1u << kEscapeOrder);
    uint32_t bits = kEscapeOrder;
    while (value >> (bits + 1)) bits++;
    const uint32_t k = bits - kEscapeOrder, width = kTotal >> bits;
    x = push(x, (value - (1u << bits)) * width, width, next);
    x = push(x, kTotal - (kTotal >> k), kTotal >> (k + 1), next);
    return push(x, below ? kTotal / 2 : 0, kTotal / 2, next);
}

// Push a block of at most kBlock symbols, the last one first, with kBlockBytes of room.  On bad_row or bad_skip
// nothing has been pushed, and `position` is the offending symbol's.
inline Status encode(Encoder& e, const Tables& t, const uint16_t* rows, const uint16_t* rows_end,
                     const int16_t* symbols, size_t& position) noexcept {
    const auto total = size_t(rows_end - rows);
    if (total > kBlock || size_t(e.next - e.begin) < kBlockBytes) return Status::no_space;
    position = size_t(find_unknown(t, rows, rows_end) - rows);
    if (position != total) return Status::bad_row;
    Coded coded;
    find_coded(t, rows, rows_end, coded);

    // Look all entries up first: the loop over the states is then short enough to overlap its lanes.
    uint32_t entries[kBlock];
    constexpr uint32_t kEscaped = 1u << 31;
    uint16_t surplus = 0;  // symbols other than 0, those of coded rows taken off
    for (size_t i = 0; i < total; i++) surplus = uint16_t(surplus + (symbols[i] != 0));
    for (size_t j = 0; j < coded.n; j++) {
        const Row& row = t.rows[coded.rows[j]];
        const int16_t symbol = symbols[coded.places[j]];
        const auto index = uint32_t(symbol - row.first);
        entries[j] = index < row.escape - row.entry ? row.entry + index : row.escape | kEscaped;
        surplus = uint16_t(surplus - (symbol != 0));
    }
    if (surplus) {
        for (position = 0; !symbols[position] || t.coded[rows[position]];) position++;
        return Status::bad_skip;
    }
    uint8_t* next = e.next;
    uint32_t lane = e.lane;
    for (size_t j = coded.n; j-- > 0;) {
        lane = (lane - 1) & (e.lanes - 1);
        uint32_t x = e.state[lane], entry = entries[j];
        if (entry & kEscaped) {
            x = push_escaped(x, t.rows[coded.rows[j]], symbols[coded.places[j]], next);
            entry &= ~kEscaped;
        }
        e.state[lane] = push(x, t.entries[entry], t.reciprocals[entry], next);
    }
    e.next = next;
    e.lane = lane;
    return Status::ok;
}

// Write the head; nothing at all if nothing was coded.
inline Status flush(Encoder& e, uint64_t coded) noexcept {
    if (coded == 0) return Status::ok;
    if (size_t(e.next - e.begin) < kBlockBytes) return Status::no_space;
    for (uint32_t lane = e.lanes; lane-- > 0;) store32(e.next -= 4, e.state[lane]);
    uint32_t code = 0;
    while (1u << code < e.lanes) code++;
    *--e.next = uint8_t(code | e.lane << 3);
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
    const uint32_t code = begin[0] & 7, lanes = 1u << code;
    d.lane = begin[0] >> 3;
    if (lanes > kMaxLanes || d.lane >= lanes) return Status::bad_lanes;
    d.next++;
    if (size_t(end - d.next) < 4 * size_t(lanes)) return Status::short_head;
    for (uint32_t i = 0; i < lanes; i++, d.next += 4) {
        d.state[i] = load32(d.next);
        if (d.state[i] < kLow) return Status::bad_state;
    }
    d.lanes = lanes;
    return Status::ok;
}

// Decoding in runs that cannot use up what is left needs no check per byte; near the end each byte is checked.
enum class Bytes { enough, checked };

template <Bytes bytes>
inline bool pop(uint32_t& x, uint32_t start, uint32_t width, const uint8_t*& next, const uint8_t* end) noexcept {
    x = width * (x >> 16) + (x & 0xFFFF) - start;
    // x >= 2^8 * width: two bytes are always enough.
    if (bytes == Bytes::checked) {
        for (; x < kLow; x = x << 8 | *next++)
            if (next == end) return false;
        return true;
    }
    const uint32_t refill = x < kLow, refilled = x << 8 | *next;
    next += refill;
    x ^= (x ^ refilled) & (0u - refill);  // a choice without a branch, which would be hard to predict
    if (x < kLow) x = x << 8 | *next++;  // rare: the symbol was
    return true;
}

template <Bytes bytes>
inline Status pop_escaped(uint32_t& x, const Row& row, int16_t& symbol, const uint8_t*& next,
                          const uint8_t* end) noexcept {
    const bool below = x & (kTotal / 2);
    if (!pop<bytes>(x, below ? kTotal / 2 : 0, kTotal / 2, next, end)) return Status::out_of_bytes;
    uint32_t k = 0;
    while (k < 16 && (x << k & (kTotal / 2))) k++;
    if (k + kEscapeOrder > 16) return Status::long_escape;
    if (!pop<bytes>(x, kTotal - (kTotal >> k), kTotal >> (k + 1), next, end)) return Status::out_of_bytes;
    const uint32_t bits = k + kEscapeOrder, width = kTotal >> bits;
    const uint32_t suffix = (x & 0xFFFF) >> (16 - bits);
    if (!pop<bytes>(x, suffix * width, width, next, end)) return Status::out_of_bytes;
    const auto excess = int32_t((1u << bits) - (1u << kEscapeOrder) + suffix);
    const int32_t value = below ? row.first - 1 - excess : row.first + int32_t(row.escape - row.entry) + excess;
    if (value < INT16_MIN || value > INT16_MAX) return Status::wide_escape;
    symbol = int16_t(value);
    return Status::ok;
}

// One symbol of a row that is no skip row.
template <Bytes bytes>
inline Status decode_symbol(uint32_t& x, const Tables& t, const Row& row, int16_t& symbol, const uint8_t*& next,
                            const uint8_t* end) noexcept {
    const uint32_t slot = x & 0xFFFF;
    const Entry* at = t.entries + t.buckets[row.bucket + (slot >> row.shift)];
    // The right entry, or at least the next, without a branch.  A row's last entry ends at 65536, so `after` is never
    // another row's when it is taken.
    const Entry here = at[0], after = at[1];
    const uint64_t within = 0u - uint64_t(slot - start_of(here) < width_of(here));  // all ones if so
    Entry entry = after ^ ((here ^ after) & within);
    for (at++; slot - start_of(entry) >= width_of(entry);) entry = *++at;
    if (!pop<bytes>(x, start_of(entry), width_of(entry), next, end)) return Status::out_of_bytes;
    symbol = symbol_of(entry);
    return is_escape(entry) ? pop_escaped<bytes>(x, row, symbol, next, end) : Status::ok;
}

// Symbols of the given rows.
template <Bytes bytes>
inline Status decode_run(Decoder& d, const Tables& t, const uint16_t* rows, const uint16_t* rows_end,
                         int16_t* symbols) noexcept {
    const uint8_t* next = d.next;
    const uint32_t mask = d.lanes - 1;
    uint32_t lane = d.lane;
    Status status = Status::ok;
    for (; rows != rows_end && status == Status::ok; rows++, symbols++) {
        uint32_t x = d.state[lane];
        status = decode_symbol<bytes>(x, t, t.rows[*rows], *symbols, next, d.end);
        d.state[lane] = x;
        lane = (lane + 1) & mask;
    }
    d.next = next;
    d.lane = lane;
    return status;
}

// Symbols of the next step.  On bad_row `position` is the offending one's, and what came before its block is decoded.
inline Status decode(Decoder& d, const Tables& t, const uint16_t* rows, const uint16_t* rows_end, int16_t* symbols,
                     size_t& position) noexcept {
    Coded coded;
    int16_t values[kBlock];
    const auto total = size_t(rows_end - rows);
    for (size_t begin = 0; begin < total; begin += kBlock) {
        const size_t size = total - begin < kBlock ? total - begin : kBlock;
        const uint16_t* block = rows + begin;
        const auto known = size_t(find_unknown(t, block, block + size) - block);
        position = begin + known;
        if (known != size) return Status::bad_row;
        find_coded(t, block, block + size, coded);
        if (coded.n && !d.lanes) return Status::empty;
        for (size_t done = 0; done < coded.n;) {
            const size_t safe = size_t(d.end - d.next) / kBytesPerSymbol, left = coded.n - done;
            const uint16_t* run = coded.rows + done;
            const size_t length = safe ? (safe < left ? safe : left) : 1;
            const Status status = safe ? decode_run<Bytes::enough>(d, t, run, run + length, values + done)
                                       : decode_run<Bytes::checked>(d, t, run, run + length, values + done);
            if (status != Status::ok) return status;
            done += length;
        }
        for (size_t i = 0; i < size; i++) symbols[begin + i] = 0;
        for (size_t j = 0; j < coded.n; j++) symbols[begin + coded.places[j]] = values[j];
    }
    return Status::ok;
}

// Every byte read, and every lane back where the encoder began.
inline Status finish(const Decoder& d) noexcept {
    if (d.next != d.end) return Status::bytes_left;
    if (d.lane != 0) return Status::open_state;
    for (uint32_t i = 0; i < d.lanes; i++)
        if (d.state[i] != kLow) return Status::open_state;
    return Status::ok;
}

}  // namespace tintype::rans
