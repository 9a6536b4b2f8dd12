// SPDX-License-Identifier: BSD-3-Clause
//
// Strings as rows of numbers of any width.
//
//     BITFIELD BITFIELD_RO
//
//     BITFIELD key SET u4 #2 15 OVERFLOW SAT INCRBY i5 100 1      #2: the third number of that width
//
// The whole request is read before anything is looked at. A writing one first makes the string long enough for all of
// its numbers, also for those that an OVERFLOW FAIL then does not write, as in Redis. If none is written nobody hears
// of it, as there; but log and replicas get the command, so that their strings are as long.
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "datatypes/string/bit_offset.h"
#include "datatypes/string/bitmap.h"
#include "datatypes/string/edit.h"
#include "datatypes/string/families.h"
#include "datatypes/string/string_value.h"

namespace keel::string {

namespace {

constexpr ErrorText kBadType{
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."};
constexpr ErrorText kBadOverflow{"ERR Invalid OVERFLOW type specified"};
constexpr ErrorText kOnlyGet{"ERR BITFIELD_RO only supports the GET subcommand"};

enum class Action : std::uint8_t { get, set, increment };
enum class Overflow : std::uint8_t { wrap, saturate, fail };

struct FieldType {
    bool is_signed = false;
    unsigned width = 0;
};

struct Step {
    Action action;
    Overflow overflow;
    FieldType type;
    std::uint64_t offset;
    std::int64_t amount = 0;  // the value to set, or to add
};

// ---- Parsing ----

// i1 to i64, u1 to u63.
Result<FieldType> parse_type(Bytes word) {
    if (word.empty() || (word[0] != 'i' && word[0] != 'u')) return kBadType;
    const bool is_signed = word[0] == 'i';
    const auto width = parse_integer(word.substr(1));
    if (!width || *width < 1 || *width > (is_signed ? 64 : 63)) return kBadType;
    return FieldType{is_signed, static_cast<unsigned>(*width)};
}

// A bit's place, or #n for the n-th number of that width.
Result<std::uint64_t> parse_place(const Context& cx, Bytes word, unsigned width) {
    if (!word.starts_with('#')) return parse_bit_offset(cx, word);
    const auto index = parse_integer(word.substr(1));
    const auto offset = index ? mul_checked(*index, width) : std::nullopt;
    if (!offset) return errors::kBitOffset;
    return parse_bit_offset(cx, integer_text(*offset));
}

Result<Overflow> parse_overflow(Bytes word) {
    if (equal_nocase(word, "WRAP")) return Overflow::wrap;
    if (equal_nocase(word, "SAT")) return Overflow::saturate;
    if (equal_nocase(word, "FAIL")) return Overflow::fail;
    return kBadOverflow;
}

// The action whose words follow, taken; none if no subcommand of that name has as many words left.
std::optional<Action> accept_action(Args& args) {
    if (args.left() >= 3 && args.accept("GET")) return Action::get;
    if (args.left() >= 4 && args.accept("SET")) return Action::set;
    if (args.left() >= 4 && args.accept("INCRBY")) return Action::increment;
    return std::nullopt;
}

Result<std::vector<Step>> parse_steps(Context& cx) {
    std::vector<Step> steps;
    Overflow overflow = Overflow::wrap;
    while (cx.args.more()) {
        if (cx.args.accept_with_value("OVERFLOW")) {
            KEEL_TRY(overflow, parse_overflow(cx.args.next<Bytes>()));
            continue;
        }
        const auto action = accept_action(cx.args);
        if (!action) return errors::kSyntax;
        KEEL_TRY(const FieldType type, parse_type(cx.args.next<Bytes>()));
        KEEL_TRY(const std::uint64_t offset, parse_place(cx, cx.args.next<Bytes>(), type.width));
        Step step{*action, overflow, type, offset};
        if (*action != Action::get) step.amount = cx.args.next<std::int64_t>();
        KEEL_TRY(cx.args.checked());
        steps.push_back(step);
    }
    return steps;
}

// ---- Numbers ----

struct Limits {
    std::int64_t lowest;
    std::int64_t highest;
};
constexpr Limits limits_of(FieldType type) {
    if (!type.is_signed) return {0, static_cast<std::int64_t>((std::uint64_t{1} << type.width) - 1)};
    const auto highest = static_cast<std::int64_t>((std::uint64_t{1} << (type.width - 1)) - 1);
    return {-highest - 1, highest};
}

std::int64_t read_number(Bytes text, FieldType type, std::uint64_t offset) {
    const std::uint64_t bits = load_bits(text, offset, type.width);
    if (!type.is_signed) return static_cast<std::int64_t>(bits);
    return static_cast<std::int64_t>(bits << (64 - type.width)) >> (64 - type.width);  // the sign is drawn through
}

// The low bits of the value as a number of that type.
std::int64_t wrapped(std::uint64_t value, FieldType type) {
    const unsigned unused = 64 - type.width;
    if (type.is_signed) return static_cast<std::int64_t>(value << unused) >> unused;
    return static_cast<std::int64_t>(value << unused >> unused);
}

// What the step would write over `before`; none if it must not.
std::optional<std::int64_t> outcome(const Step& step, std::int64_t before) {
    __extension__ using Wide = __int128;
    // A value to set in an unsigned field is taken as unsigned: -1 is the greatest of all.
    const Wide amount = step.action == Action::set && !step.type.is_signed
                            ? static_cast<Wide>(static_cast<std::uint64_t>(step.amount))
                            : static_cast<Wide>(step.amount);
    const Wide exact = step.action == Action::set ? amount : before + amount;
    const Limits limits = limits_of(step.type);
    if (exact >= limits.lowest && exact <= limits.highest) return static_cast<std::int64_t>(exact);
    switch (step.overflow) {
        case Overflow::wrap: return wrapped(static_cast<std::uint64_t>(exact), step.type);
        case Overflow::saturate: return exact < limits.lowest ? limits.lowest : limits.highest;
        case Overflow::fail: break;
    }
    return std::nullopt;
}

// ---- Running ----

Bytes text_of(const Entry* entry, IntegerText& scratch) { return entry != nullptr ? entry->text(scratch) : Bytes{}; }

Status read_all(Context& cx, const Key& key, const std::vector<Step>& steps) {
    const Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::string));
    IntegerText scratch;
    const Bytes text = text_of(entry, scratch);
    cx.reply().array(steps.size());
    for (const Step& step : steps) cx.reply().integer(read_number(text, step.type, step.offset));
    return {};
}

// Makes the string reach the last byte that the steps may write. Whether it grew.
bool make_room(Context& cx, const Key& key, Entry* entry, const std::vector<Step>& steps) {
    std::size_t size = 0;
    for (const Step& step : steps) {
        if (step.action != Action::get) size = std::max<std::size_t>(size, (step.offset + step.type.width + 7) >> 3);
    }
    const std::size_t before = entry != nullptr ? length(*entry) : 0;
    const bool grows = size > before;
    // A raw string from now on, grown or not.
    splice(cx, key, entry, grows ? size - 1 : before, grows ? Bytes{"\0", 1} : Bytes{});
    return grows;
}

enum class Written : std::uint8_t { nothing, the_same, other };

// Runs one step, replies, and says what it wrote over what was there.
Written run_step(Context& cx, const Key& key, const Step& step) {
    Entry* entry = cx.db().peek(key);
    IntegerText scratch;
    const Bytes text = text_of(entry, scratch);
    const std::int64_t before = read_number(text, step.type, step.offset);
    if (step.action == Action::get) {
        cx.reply().integer(before);
        return Written::nothing;
    }
    const auto after = outcome(step, before);
    if (!after) {
        cx.reply().null();
        return Written::nothing;
    }
    const std::size_t first = step.offset >> 3;
    std::array<char, 9> bytes{};
    const std::size_t size = ((step.offset & 7) + step.type.width + 7) >> 3;
    std::memcpy(bytes.data(), text.data() + first, size);
    store_bits(bytes.data(), step.offset & 7, step.type.width, static_cast<std::uint64_t>(*after));
    if (*after != before) splice(cx, key, entry, first, {bytes.data(), size});
    cx.reply().integer(step.action == Action::set ? before : *after);
    return *after != before ? Written::other : Written::the_same;
}

Status write_all(Context& cx, const Key& key, const std::vector<Step>& steps) {
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::string));
    const bool grew = make_room(cx, key, entry, steps);
    std::size_t changes = 0;
    cx.reply().array(steps.size());
    for (const Step& step : steps) {
        const Written written = run_step(cx, key, step);
        changes += written == Written::other || (grew && written == Written::the_same) ? 1 : 0;
    }
    if (changes != 0) cx.changed(key.text, events::kSetBit);
    cx.effects.count(changes != 0 ? changes - 1 : grew ? 1 : 0);
    return {};
}

// BITFIELD key [GET type offset | [OVERFLOW WRAP | SAT | FAIL] SET type offset value | INCRBY type offset increment
// ...]
Status bitfield(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const std::vector<Step> steps, parse_steps(cx));
    const bool reads = std::ranges::all_of(steps, [](const Step& step) { return step.action == Action::get; });
    return reads ? read_all(cx, key, steps) : write_all(cx, key, steps);
}

// BITFIELD_RO key [GET type offset ...]
Status bitfield_ro(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const std::vector<Step> steps, parse_steps(cx));
    for (const Step& step : steps) {
        if (step.action != Action::get) return kOnlyGet;
    }
    return read_all(cx, key, steps);
}

// A request of nothing but GETs reads its key, any other changes it.
Status keys_of_bitfield(std::span<const Bytes> words, KeyList& out) {
    Use use = Use::read;
    for (std::size_t at = 2; at < words.size() && use == Use::read; ++at) {
        if (at + 2 < words.size() && equal_nocase(words[at], "GET")) {
            at += 2;
        } else if (at + 1 < words.size() && equal_nocase(words[at], "OVERFLOW")) {
            at += 1;
        } else {
            use = Use::change;
        }
    }
    out.add(1, use);
    return {};
}

#define KEEL_FIELD_OPERATION                                                  \
    "operation=(GET get-block=(encoding offset:integer)|"                     \
    "write=([OVERFLOW overflow-block=(WRAP|SAT|FAIL)] "                       \
    "write-operation=(SET set-block=(encoding offset:integer value:integer)|" \
    "INCRBY increment-block=(encoding offset:integer increment:integer))))"

constexpr CommandSpec kRows[] = {
    {.name = "bitfield",
     .run = bitfield,
     .arity = at_least(2),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::bitmap,
     .keys = one_key(Use::change | Use::variable_flags).noted("GET reads, SET and INCRBY write"),
     .find_keys = keys_of_bitfield,
     .group = Group::bitmap,
     .since = "3.2.0",
     .complexity = "O(1) for each number",
     .summary = "Reads, sets and adds to numbers of any width inside of the string at a key.",
     .syntax = "key [" KEEL_FIELD_OPERATION " [" KEEL_FIELD_OPERATION " ...]]"},
    {.name = "bitfield_ro",
     .run = bitfield_ro,
     .arity = at_least(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::bitmap,
     .keys = one_key(Use::read),
     .group = Group::bitmap,
     .since = "6.0.0",
     .complexity = "O(1) for each number",
     .summary = "Reads numbers of any width inside of the string at a key.",
     .syntax = "key [GET get-block=(encoding offset:integer) [GET get-block=(encoding offset:integer) ...]]"},
};

#undef KEEL_FIELD_OPERATION

}  // namespace

const std::span<const CommandSpec> kBitfieldCommands{kRows};

}  // namespace keel::string
