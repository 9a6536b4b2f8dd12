// SPDX-License-Identifier: BSD-3-Clause
//
// Strings as rows of bits.
//
//     SETBIT GETBIT BITCOUNT BITPOS BITOP
//
// Not here: the loops over bits (bitmap.h), numbers of any width (bitfield_commands.cpp).
#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "datatypes/string/bit_offset.h"
#include "datatypes/string/bitmap.h"
#include "datatypes/string/edit.h"
#include "datatypes/string/families.h"
#include "datatypes/string/store.h"

namespace keel::string {

namespace {

constexpr ErrorText kOneSource{"ERR BITOP NOT must be called with a single source key."};

// SETBIT key offset value
Status setbit(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const std::uint64_t offset, parse_bit_offset(cx, cx.args.next<Bytes>()));
    const auto bit = parse_integer(cx.args.next<Bytes>());
    if (!bit || *bit < 0 || *bit > 1) return errors::kBitValue;
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::string));

    IntegerText scratch;
    const Bytes text = entry != nullptr ? entry->text(scratch) : Bytes{};
    const std::uint64_t byte = offset >> 3;
    const bool before = bit_at(text, offset);
    const bool changes = byte >= text.size() || before != (*bit == 1);
    char value = byte < text.size() ? text[byte] : '\0';
    store_bits(&value, offset & 7, 1, static_cast<std::uint64_t>(*bit));
    splice(cx, key, entry, byte, {&value, 1});  // if nothing changes too: the string is a raw one from now on
    if (changes) cx.changed(key.text, events::kSetBit);
    cx.reply().integer(before ? 1 : 0);
    return {};
}

// GETBIT key offset
Status getbit(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const std::uint64_t offset, parse_bit_offset(cx, cx.args.next<Bytes>()));
    const Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::string));
    IntegerText scratch;
    cx.reply().integer(entry != nullptr && bit_at(entry->text(scratch), offset) ? 1 : 0);
    return {};
}

// ---- Ranges ----

// A range as a client gives it.
struct RangeWords {
    std::int64_t start = 0;
    std::int64_t end = -1;
    bool has_end = false;
    bool in_bits = false;
};

Result<bool> parse_unit(Bytes word) {
    const bool in_bits = equal_nocase(word, "BIT");
    if (!in_bits && !equal_nocase(word, "BYTE")) return errors::kSyntax;
    return in_bits;
}

// Of a bad end and a bad unit, which one is told: as in Redis.
enum class Told : std::uint8_t { end, unit };

// Reads [start [end [BYTE | BIT]]], up to the end of the request.
Result<RangeWords> parse_range(Args& args, Told told) {
    RangeWords range;
    if (args.left() > 3) return errors::kSyntax;
    if (args.more()) range.start = args.next<std::int64_t>();
    KEEL_TRY(args.checked());
    const auto unit = args.left() == 2 ? std::optional{args.words().back()} : std::nullopt;
    if (unit && told == Told::unit) {
        KEEL_TRY(parse_unit(*unit));
    }
    if (args.more()) {
        range.end = args.next<std::int64_t>();
        range.has_end = true;
    }
    KEEL_TRY(args.checked());
    KEEL_TRY(range.in_bits, parse_unit(unit.value_or("BYTE")));
    return range;
}

// The bits that the range covers of a text; none if it covers nothing.
std::optional<BitRange> bits_of(RangeWords range, std::size_t bytes) {
    const auto length = static_cast<std::int64_t>(range.in_bits ? bytes * 8 : bytes);
    if (range.start < 0) range.start = std::max<std::int64_t>(range.start + length, 0);
    if (range.end < 0) range.end = std::max<std::int64_t>(range.end + length, 0);
    range.end = std::min(range.end, length - 1);
    if (range.start > range.end) return std::nullopt;
    const auto first = static_cast<std::uint64_t>(range.start);
    const auto last = static_cast<std::uint64_t>(range.end);
    return range.in_bits ? BitRange{first, last} : BitRange{first * 8, last * 8 + 7};
}

// BITCOUNT key [start end [BYTE | BIT]]
Status bitcount(Context& cx) {
    const Key key = cx.next_key();
    if (cx.args.left() == 1) return errors::kSyntax;  // a start alone is for BITPOS
    KEEL_TRY(const RangeWords range, parse_range(cx.args, Told::end));
    const Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::string));
    IntegerText scratch;
    const Bytes text = entry != nullptr ? entry->text(scratch) : Bytes{};
    const bool backwards = range.start < 0 && range.start > range.end && range.end < 0;  // even if both lie before it
    const auto bits = backwards ? std::nullopt : bits_of(range, text.size());
    cx.reply().integer(bits ? static_cast<std::int64_t>(count_ones(text, *bits)) : 0);
    return {};
}

// Where the first such bit stands. A text goes on with zeros behind its end, if the range has none; nothing begins with
// zeros, however it is cut.
std::int64_t position_of(const Entry* entry, bool bit, const RangeWords& range) {
    if (entry == nullptr) return bit ? -1 : 0;
    IntegerText scratch;
    const Bytes text = entry->text(scratch);
    const auto bits = bits_of(range, text.size());
    if (!bits) return -1;
    if (const auto found = find_bit(text, bit, *bits)) return static_cast<std::int64_t>(*found);
    return bit || range.has_end ? -1 : static_cast<std::int64_t>(text.size() * 8);
}

// BITPOS key bit [start [end [BYTE | BIT]]]
Status bitpos(Context& cx) {
    const Key key = cx.next_key();
    const auto bit = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.checked());
    if (bit != 0 && bit != 1) return errors::kBitArgument;
    KEEL_TRY(const RangeWords range, parse_range(cx.args, Told::unit));
    const Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::string));
    cx.reply().integer(position_of(entry, bit == 1, range));
    return {};
}

// ---- BITOP ----

struct NamedOp {
    Bytes name;
    BitOp op;
};
constexpr NamedOp kOps[] = {{"AND", BitOp::and_},     {"OR", BitOp::or_},    {"XOR", BitOp::xor_},
                            {"NOT", BitOp::not_},     {"DIFF", BitOp::diff}, {"DIFF1", BitOp::diff1},
                            {"ANDOR", BitOp::and_or}, {"ONE", BitOp::one}};

// The operation of that name, for so many sources.
Result<BitOp> parse_op(Bytes word, std::size_t sources) {
    const auto* const named = std::ranges::find_if(kOps, [&](const NamedOp& n) { return equal_nocase(n.name, word); });
    if (named == std::end(kOps)) return errors::kSyntax;
    if (named->op == BitOp::not_ && sources != 1) return kOneSource;
    const bool wants_two = named->op == BitOp::diff || named->op == BitOp::diff1 || named->op == BitOp::and_or;
    if (wants_two && sources < 2) {
        return Error{"ERR BITOP " + std::string{named->name} + " must be called with at least two source keys."};
    }
    return named->op;
}

// The combination as a value: a raw string.
Entry* store_combination(Context& cx, const Key& key, Entry* existing, BitOp op, std::span<const Bytes> sources,
                         std::size_t size) {
    if (size <= kInlineTextMax) {
        std::array<char, kInlineTextMax> room;
        combine(op, sources, room.data(), size);
        return store_value(cx, key, existing, edited({room.data(), size}), kNoDeadline);
    }
    BlockPtr block{Block::make(size)};
    combine(op, sources, block->data(), size);
    block->size = size;
    return store_value(cx, key, existing, value_of(std::move(block)), kNoDeadline);
}

// Older servers know no others.
bool is_old(BitOp op) { return op == BitOp::and_ || op == BitOp::or_ || op == BitOp::xor_ || op == BitOp::not_; }

void replicate_text(Context& cx, Bytes key, const Entry& entry) {
    IntegerText scratch;
    cx.effects.replicate_as(cx.db().index(), {"SET", key, entry.text(scratch)});
}

// BITOP AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE destkey key [key ...]
Status bitop(Context& cx) {
    const auto name = cx.args.next<Bytes>();
    const Key destination = cx.next_key();
    KEEL_TRY(const BitOp op, parse_op(name, cx.args.left()));
    std::vector<Bytes> sources;
    sources.reserve(cx.args.left());
    std::deque<IntegerText> scratch;  // a deque: the texts of integers stay where they are
    std::size_t size = 0;
    while (cx.args.more()) {
        const Entry* entry = cx.read(cx.next_key());
        KEEL_TRY(expect_type(entry, Type::string));
        const bool integer = entry != nullptr && entry->value().is_integer();
        if (integer || scratch.empty()) scratch.emplace_back();
        sources.push_back(entry != nullptr ? entry->text(scratch.back()) : Bytes{});
        size = std::max(size, sources.back().size());
    }

    Entry* existing = cx.write(destination);
    if (size != 0) {
        const Entry* stored = store_combination(cx, destination, existing, op, sources, size);
        cx.changed(destination.text, events::kSet);
        if (!is_old(op)) replicate_text(cx, destination.text, *stored);
    } else if (existing != nullptr) {
        cx.db().erase(destination, existing);
        cx.changed(destination.text, events::kDel);
        cx.effects.replicate_as(cx.db().index(), {"DEL", destination.text});
    }
    cx.reply().integer(static_cast<std::int64_t>(size));
    return {};
}

// ---- Rows ----

constexpr CommandSpec kRows[] = {
    {.name = "setbit",
     .run = setbit,
     .arity = exactly(4),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::bitmap,
     .keys = one_key(Use::change),
     .group = Group::bitmap,
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary =
         "Sets or clears one bit of the string at a key, which grows if need be. Returns the bit that was there.",
     .syntax = "key offset:integer value:integer"},
    {.name = "getbit",
     .run = getbit,
     .arity = exactly(3),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::bitmap,
     .keys = one_key(Use::read),
     .group = Group::bitmap,
     .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Returns one bit of the string at a key.",
     .syntax = "key offset:integer"},
    {.name = "bitcount",
     .run = bitcount,
     .arity = at_least(2),
     .flags = Flag::readonly,
     .categories = Category::bitmap,
     .keys = one_key(Use::read),
     .group = Group::bitmap,
     .since = "2.6.0",
     .complexity = "O(N) where N is the number of bytes looked at",
     .summary = "Returns how many bits of the string at a key, or of a part of it, are set.",
     .syntax = "key range=[start:integer end:integer unit=[BYTE|BIT]]"},
    {.name = "bitpos",
     .run = bitpos,
     .arity = at_least(3),
     .flags = Flag::readonly,
     .categories = Category::bitmap,
     .keys = one_key(Use::read),
     .group = Group::bitmap,
     .since = "2.8.7",
     .complexity = "O(N) where N is the number of bytes looked at",
     .summary = "Returns where the first set, or clear, bit of the string at a key, or of a part of it, stands.",
     .syntax = "key bit:integer range=[start:integer end-unit-block=[end:integer unit=[BYTE|BIT]]]"},
    {.name = "bitop",
     .run = bitop,
     .arity = at_least(4),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::bitmap,
     .keys = one_key(Use::ow | Use::update, 2) + key_range(Use::read, 3, -1),
     .group = Group::bitmap,
     .since = "2.6.0",
     .complexity = "O(N) where N is the number of bytes of all sources",
     .summary = "Combines strings bit by bit and keeps the result at a key.",
     .syntax = "operation=(AND|OR|XOR|NOT|DIFF|DIFF1|ANDOR|ONE) destkey:key key [key ...]"},
};

}  // namespace

const std::span<const CommandSpec> kBitmapCommands{kRows};

}  // namespace keel::string
