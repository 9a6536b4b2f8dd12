// SPDX-License-Identifier: BSD-3-Clause
//
// Hashes as a whole: all fields, some at a time, some by chance.
//
//     HGETALL HKEYS HVALS HSCAN HRANDFIELD
//
// A packed hash is shown in the order in which its fields came (with deadlines: the due first), a table in none.
#include <algorithm>
#include <limits>
#include <unordered_set>
#include <vector>

#include "datatypes/command/reply_bound.h"
#include "datatypes/command/scan_args.h"
#include "datatypes/hash/access.h"
#include "datatypes/hash/families.h"
#include "protocol/base/number.h"

namespace keel::hash {

namespace {

// ---- All of it ----

enum class Part : std::uint8_t { both, names, values };

template <typename Out>
void reply_part(Out& reply, Part part, const Item& name, const Item& value) {
    if (part != Part::values) name.reply_to(reply);
    if (part != Part::names) value.reply_to(reply);
}

void begin(Reply& reply, Part part, std::size_t fields) {
    if (part == Part::both)
        reply.map(fields);
    else
        reply.array(fields);
}

Status reply_all(Context& cx, Part part) {
    const Entry* entry = cx.read(cx.next_key());
    KEEL_TRY(expect_type(entry, Type::hash));
    Reply& reply = cx.reply();
    if (entry == nullptr) {
        begin(reply, part, 0);
        return {};
    }
    const HashView hash{entry->value()};
    if (!has_due(cx, hash)) [[likely]] {
        begin(reply, part, hash.size());
        BulkRun run{reply};
        hash.each([&](const Item& name, const Item& value, UnixMs) { reply_part(run, part, name, value); });
        return {};
    }
    std::size_t shown = 0;
    DeferredLength length = part == Part::both ? reply.deferred_map() : reply.deferred_array();
    hash.each([&](const Item& name, const Item& value, UnixMs deadline) {
        if (is_due(cx, deadline)) return;
        reply_part(reply, part, name, value);
        ++shown;
    });
    length.end(shown);
    return {};
}

// HGETALL key
Status hgetall(Context& cx) { return reply_all(cx, Part::both); }
// HKEYS key
Status hkeys(Context& cx) { return reply_all(cx, Part::names); }
// HVALS key
Status hvals(Context& cx) { return reply_all(cx, Part::values); }

// ---- HSCAN ----

// Replies with the fields that are asked for; returns how many words.
class ScanReply {
  public:
    ScanReply(Context& cx, const ScanOptions& options) : cx_(cx), options_(options) {}
    void show(const Item& name, const Item& value, UnixMs deadline) {
        ItemText scratch;
        if (is_due(cx_, deadline) || (options_.pattern && !options_.matches(name.as_text(scratch)))) return;
        reply_part(cx_.reply(), options_.no_values ? Part::names : Part::both, name, value);
        words_ += options_.no_values ? 1 : 2;
    }
    [[nodiscard]] std::size_t words() const { return words_; }

  private:
    Context& cx_;
    const ScanOptions& options_;
    std::size_t words_ = 0;
};

struct Page {
    std::uint64_t next = 0;
    std::vector<const Field*> fields;
};

// About `count` fields. Where the table is nearly empty, it looks at ten places for each one wanted.
Page read_page(const FieldTable& table, std::uint64_t cursor, std::int64_t count) {
    constexpr std::int64_t kPlacesPerField = 10;
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    Page page{.next = cursor, .fields = {}};
    std::int64_t places = count > kMost / kPlacesPerField ? kMost : count * kPlacesPerField;
    do {
        page.next = table.fields().scan(page.next, [&page](const Field* field) {
            prefetch(field);
            page.fields.push_back(field);
        });
    } while (page.next != 0 && --places >= 0 && page.fields.size() < static_cast<std::size_t>(count));
    return page;
}

void reply_cursor(Reply& reply, std::uint64_t cursor) {
    reply.array(2);
    char digits[kIntegerChars];
    reply.bulk(Bytes{digits, write_unsigned(digits, cursor)});
}

// HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]
Status hscan(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const std::uint64_t cursor, parse_cursor(cx.args.next<Bytes>()));
    const Entry* entry = cx.read(key);
    if (entry == nullptr) {  // whatever the options say
        reply_cursor(cx.reply(), 0);
        cx.reply().empty_array();
        return {};
    }
    KEEL_TRY(expect_type(entry, Type::hash));
    KEEL_TRY(const ScanOptions options, read_scan_options(cx.args, {.no_values = true}));

    const HashView hash{entry->value()};
    ScanReply shown{cx, options};
    if (hash.form() != Form::table) {  // small: all at once
        reply_cursor(cx.reply(), 0);
        DeferredLength length = cx.reply().deferred_array();
        hash.each([&](const Item& name, const Item& value, UnixMs deadline) { shown.show(name, value, deadline); });
        length.end(shown.words());
        return {};
    }
    const Page page = read_page(hash.table(), cursor, options.count);
    reply_cursor(cx.reply(), page.next);
    DeferredLength length = cx.reply().deferred_array();
    for (const Field* field : page.fields) {
        shown.show({.text = field->name()}, {.text = field->value()}, field->deadline());
    }
    length.end(shown.words());
    return {};
}

// ---- HRANDFIELD ----

struct Pair {
    Item name;
    Item value;
};

Pair pair_of(const Field* field) { return {{.text = field->name()}, {.text = field->value()}}; }

// Fields that can be drawn from: those that are not due. A packed hash, or one with due fields, is laid out in a row.
class Urn {
  public:
    Urn(const Context& cx, const HashView& hash) : hash_(hash), random_(cx.random) {
        if (hash.form() == Form::table && !has_due(cx, hash)) return;
        laid_out_ = true;
        row_.reserve(hash.size());
        hash.each([&](const Item& name, const Item& value, UnixMs deadline) {
            if (!is_due(cx, deadline)) row_.push_back({name, value});
        });
    }
    [[nodiscard]] std::size_t size() const { return laid_out_ ? row_.size() : hash_.size(); }

    // Any field; none is taken away.
    Pair draw() {
        return laid_out_ ? row_[random_.below(row_.size())] : pair_of(hash_.table().fields().random(random_));
    }

    // visit(Pair) for `count` different fields, at most size().
    template <typename F>
    void take(std::size_t count, F&& visit) {
        constexpr std::size_t kFewOf = 3;  // fewer than a third: drawing again what came before costs less than a row
        if (!laid_out_ && count * kFewOf < size()) return take_few(count, visit);
        if (!laid_out_) lay_out();
        for (std::size_t i = 0; i < count; ++i) {
            if (count < row_.size()) std::swap(row_[i], row_[i + random_.below(row_.size() - i)]);
            visit(row_[i]);
        }
    }

  private:
    void lay_out() {
        laid_out_ = true;
        row_.reserve(hash_.size());
        hash_.table().fields().each([this](const Field* field) { row_.push_back(pair_of(field)); });
    }
    template <typename F>
    void take_few(std::size_t count, F&& visit) {
        std::unordered_set<const Field*> taken;
        taken.reserve(count);
        while (taken.size() < count) {
            const Field* field = hash_.table().fields().random(random_);
            if (taken.insert(field).second) visit(pair_of(field));
        }
    }

    const HashView& hash_;
    Random& random_;
    bool laid_out_ = false;
    std::vector<Pair> row_;
};

// The hash to draw from: what is due goes first, as far as it is ours to remove and not very much.
Result<Entry*> open_to_draw(Context& cx) {
    constexpr std::size_t kMost = 1024;
    const Key key = cx.next_key();
    Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::hash));
    if (entry == nullptr || cx.keyspace.due_keys != DueKeys::remove || !has_due(cx, HashView{entry->value()}))
        return entry;
    bool gone = false;
    cx.db().remove_due_members(entry, cx.now(), kMost, gone);
    return gone ? nullptr : entry;
}

// HRANDFIELD key: a field, or null
Status draw_one(Context& cx) {
    KEEL_TRY(const Entry* entry, open_to_draw(cx));
    if (entry == nullptr) {
        cx.reply().null();
        return {};
    }
    const HashView hash{entry->value()};
    const bool at_once = !has_due(cx, hash) && hash.form() == Form::packed;
    if (at_once) {
        hash.list().get(hash.list().random(cx.random, 2)).reply_to(cx.reply());
        return {};
    }
    Urn urn{cx, hash};
    if (urn.size() == 0)
        cx.reply().null();
    else
        urn.draw().name.reply_to(cx.reply());
    return {};
}

void reply_drawn(Reply& reply, const Pair& pair, bool with_values) {
    if (with_values && reply.protocol() == 3) reply.array(2);
    pair.name.reply_to(reply);
    if (with_values) pair.value.reply_to(reply);
}

struct Wish {
    std::int64_t count = 0;  // negative: so many, and a field may come again
    bool with_values = false;
};

Result<Wish> read_wish(Args& args) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    Wish wish;
    const auto count = parse_integer(args.next<Bytes>());
    if (!count) return errors::kNotInteger;
    if (*count < -kMost) return errors::kCountOutOfRange;
    wish.count = *count;
    if (args.more()) {
        if (args.left() > 1 || !args.accept("WITHVALUES")) return errors::kSyntax;
        wish.with_values = true;
        if (wish.count < -kMost / 2 || wish.count > kMost / 2) return errors::kOutOfRange;
    }
    return wish;
}

// HRANDFIELD key [count [WITHVALUES]]
Status hrandfield(Context& cx) {
    if (cx.args.left() == 1) return draw_one(cx);
    const std::size_t key_at = cx.args.position();
    cx.args.skip(1);
    KEEL_TRY(const Wish wish, read_wish(cx.args));
    cx.args.rewind(key_at);
    KEEL_TRY(const Entry* entry, open_to_draw(cx));
    Reply& reply = cx.reply();
    if (entry == nullptr || wish.count == 0) {
        reply.empty_array();
        return {};
    }
    const HashView hash{entry->value()};
    Urn urn{cx, hash};
    const bool again = wish.count < 0;
    std::size_t count = again ? static_cast<std::size_t>(-wish.count) : static_cast<std::size_t>(wish.count);
    if (!again || urn.size() == 0) count = std::min(count, urn.size());
    if (again && count != 0) {
        const auto bytes_of = [](const Item& item) { return item.is_integer ? std::size_t{1} : item.text.size(); };
        KEEL_TRY(expect_reply_fits(cx, count, [&] {
            const Pair pair = urn.draw();
            return bytes_of(pair.name) + (wish.with_values ? bytes_of(pair.value) : 0);
        }));
    }
    reply.array(wish.with_values && reply.protocol() == 2 ? 2 * count : count);
    const auto show = [&](const Pair& pair) { reply_drawn(reply, pair, wish.with_values); };
    if (!again) {
        urn.take(count, show);
        return {};
    }
    for (std::size_t i = 0; i < count; ++i) show(urn.draw());
    return {};
}

// ---- Rows ----

constexpr Bytes kAnyOrder[] = {"nondeterministic_output_order"};
constexpr Bytes kByChance[] = {"nondeterministic_output"};

constexpr CommandSpec row(Bytes name, Handler run, Arity arity, Bytes since, Bytes complexity, Bytes summary,
                          Bytes syntax, std::span<const Bytes> tips) {
    return {.name = name,
            .run = run,
            .arity = arity,
            .flags = Flag::readonly,
            .categories = Category::hash,
            .keys = one_key(Use::read),
            .group = Group::hash,
            .since = since,
            .complexity = complexity,
            .summary = summary,
            .syntax = syntax,
            .tips = tips};
}

constexpr CommandSpec kRows[] = {
    row("hgetall", hgetall, exactly(2), "2.0.0", "O(N) where N is the number of fields",
        "Returns all fields of a hash with their values.", "key", kAnyOrder),
    row("hkeys", hkeys, exactly(2), "2.0.0", "O(N) where N is the number of fields",
        "Returns the names of all fields of a hash.", "key", kAnyOrder),
    row("hvals", hvals, exactly(2), "2.0.0", "O(N) where N is the number of fields",
        "Returns the values of all fields of a hash.", "key", kAnyOrder),
    row("hscan", hscan, at_least(3), "2.8.0", "O(1) for a call, O(N) for all calls until the cursor is 0 again",
        "Goes over the fields of a hash, some at a time.",
        "key cursor:integer [MATCH pattern:pattern] [COUNT count:integer] [NOVALUES]", kByChance),
    row("hrandfield", hrandfield, at_least(2), "6.2.0", "O(N) where N is the number of fields returned",
        "Returns a field, or some, of a hash by chance.", "key options=[count:integer [WITHVALUES]]", kByChance),
};

}  // namespace

const std::span<const CommandSpec> kWalkCommands{kRows};

}  // namespace keel::hash
