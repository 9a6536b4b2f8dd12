// SPDX-License-Identifier: BSD-3-Clause
//
// Counting different elements about.
//
//     PFADD PFCOUNT PFMERGE, and for those who look into it: PFDEBUG PFSELFTEST
//
// A dense value is changed where it lies, a sparse one in a draft that is stored when all went well: a corrupt one
// refuses and stays as it was.
//
// Not here: the format and the estimate (hyperloglog.h).
#include <algorithm>
#include <memory>
#include <string>

#include "datatypes/string/edit.h"
#include "datatypes/string/families.h"
#include "datatypes/string/hyperloglog.h"
#include "datatypes/string/store.h"

namespace keel::string {

namespace {

constexpr ErrorText kNoKeyToDebug{"ERR The specified key does not exist"};
constexpr ErrorText kNotSparse{"ERR HLL encoding is not sparse"};

// The bytes of a HyperLogLog; they lie in the entry, which must be there.
Result<Bytes> text_of(const Entry* entry) {
    KEEL_TRY(expect_type(entry, Type::string));
    const ValueRef value = entry->value();
    if (value.is_integer()) return errors::kNotHyperLogLog;
    const Bytes text = value.payload != nullptr ? static_cast<const Block*>(value.payload)->bytes() : value.text;
    if (!hll::plausible(text)) return errors::kNotHyperLogLog;
    return text;
}

// Whether OBJECT ENCODING calls it embstr still. As in Redis it says raw once a HyperLogLog was looked into by a
// command that may change it, changed or not.
bool looks_unopened(const Entry& entry, Bytes text) {
    return text.size() <= kEmbstrMax && static_cast<StringForm>(entry.form()) == StringForm::text;
}

// A dense one is always larger than what lies in an entry.
char* dense_text(Entry* entry) { return writable_block(*entry, 0)->data(); }

// Keeps the deadline. A sparse value has room to grow for the next few elements.
void store_text(Context& cx, const Key& key, Entry* existing, Bytes text) {
    const UnixMs deadline = existing != nullptr ? existing->deadline() : kNoDeadline;
    if (text.size() <= kInlineTextMax) {
        store_value(cx, key, existing, edited(text), deadline);
        return;
    }
    if (existing != nullptr && static_cast<StringForm>(existing->form()) == StringForm::heap) {
        auto* block = static_cast<Block*>(existing->payload());
        if (block->capacity >= text.size() && !block->shared()) {
            std::memcpy(block->data(), text.data(), text.size());
            block->size = text.size();
            return;
        }
    }
    const std::size_t room = hll::is_dense(text) ? text.size() : text.size() + text.size() / 8;
    store_value(cx, key, existing, value_of(BlockPtr{Block::copy_of(text, room)}), deadline);
}

// ---- PFADD ----

std::uint64_t add_in_place(Context& cx, char* dense) {
    std::uint64_t raised = 0;
    while (cx.args.more()) raised += hll::raise_dense(dense, hll::mark_of(cx.args.next<Bytes>())) ? 1 : 0;
    if (raised != 0) hll::forget_count(dense);
    return raised;
}

// A key that was not there comes to be, with or without elements; that counts for one change. (A draft handed on by
// value would be copied whole, all 32 KiB.)
Result<std::uint64_t> add_in_draft(Context& cx, const Key& key, Entry* existing, hll::Draft& draft) {
    std::uint64_t raised = existing == nullptr ? 1 : 0;
    while (cx.args.more()) {
        const hll::Mark mark = hll::mark_of(cx.args.next<Bytes>());
        const hll::Raised outcome = draft.raise(mark, cx.settings.encodings.hll_sparse_max_bytes);
        if (outcome == hll::Raised::corrupt) return errors::kCorruptHyperLogLog;
        raised += outcome == hll::Raised::yes ? 1 : 0;
    }
    if (raised != 0) draft.forget_count();
    if (raised != 0 || looks_unopened(*existing, draft.text())) store_text(cx, key, existing, draft.text());
    return raised;
}

// Goes past the elements at the front that a sparse value has seen, which are most of them. Whether any is left.
bool skip_seen(Args& args, Bytes sparse) {
    while (args.more()) {
        const hll::Mark mark = hll::mark_of(args.peek());
        const auto rank = hll::sparse_rank(sparse, mark.index);
        if (!rank || *rank < mark.rank) return true;
        args.skip(1);
    }
    return false;
}

Result<std::uint64_t> add_elements(Context& cx, const Key& key) {
    Entry* entry = cx.write(key);
    if (entry == nullptr) {
        hll::Draft draft;
        return add_in_draft(cx, key, entry, draft);
    }
    KEEL_TRY(const Bytes text, text_of(entry));
    if (hll::is_dense(text)) return add_in_place(cx, dense_text(entry));
    if (!skip_seen(cx.args, text) && !looks_unopened(*entry, text)) return 0;
    hll::Draft draft{text};
    return add_in_draft(cx, key, entry, draft);
}

// PFADD key [element ...]
Status pfadd(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const std::uint64_t raised, add_elements(cx, key));
    if (raised != 0) {
        cx.changed(key.text, events::kPfAdd);
        cx.effects.count(raised - 1);
    }
    cx.reply().integer(raised != 0 ? 1 : 0);
    return {};
}

// ---- PFCOUNT ----

// What was reckoned is kept in the value for the next who asks. A change without an event, but one for the log.
Status count_one(Context& cx, const Key& key) {
    Entry* entry = cx.read(key);
    if (entry == nullptr) {
        cx.reply().integer(0);
        return {};
    }
    KEEL_TRY(const Bytes text, text_of(entry));
    const auto kept = hll::kept_count(text);
    const auto count = kept ? kept : hll::count_of(text);
    if (!count) return errors::kCorruptHyperLogLog;
    if (!kept || looks_unopened(*entry, text)) {
        const auto bytes = hll::count_bytes(*count);
        splice(cx, key, entry, hll::kCountAt, {bytes.data(), bytes.size()});
    }
    if (!kept) cx.changed(key.text, events::kNone);
    cx.reply().integer(static_cast<std::int64_t>(*count));
    return {};
}

Status merge_key(Context& cx, const Key& key, hll::Registers& registers, bool& any_dense) {
    const Entry* entry = cx.read(key);
    if (entry == nullptr) return {};
    KEEL_TRY(const Bytes text, text_of(entry));
    any_dense = any_dense || hll::is_dense(text);
    if (!registers.merge(text)) return errors::kCorruptHyperLogLog;
    return {};
}

// PFCOUNT key [key ...]
Status pfcount(Context& cx) {
    if (cx.args.left() == 1) return count_one(cx, cx.next_key());
    hll::Registers registers;
    bool any_dense = false;
    while (cx.args.more()) KEEL_TRY(merge_key(cx, cx.next_key(), registers, any_dense));
    cx.reply().integer(static_cast<std::int64_t>(registers.count()));
    return {};
}

// ---- PFMERGE ----

// The destination's own registers are among those that were merged.
Status store_merged(Context& cx, const Key& key, const hll::Registers& registers, bool dense) {
    Entry* entry = cx.write(key);
    KEEL_TRY(const Bytes text, entry != nullptr ? text_of(entry) : Result<Bytes>{Bytes{}});
    hll::Draft draft = entry != nullptr ? hll::Draft{text} : hll::Draft{};
    if (dense && !draft.make_dense()) return errors::kCorruptHyperLogLog;
    if (!draft.raise_all(registers, cx.settings.encodings.hll_sparse_max_bytes)) return errors::kCorruptHyperLogLog;
    draft.forget_count();
    store_text(cx, key, entry, draft.text());
    return {};
}

// PFMERGE destkey [sourcekey ...]
Status pfmerge(Context& cx) {
    const Key destination = cx.next_key();
    hll::Registers registers;
    bool any_dense = false;
    KEEL_TRY(merge_key(cx, destination, registers, any_dense));
    while (cx.args.more()) KEEL_TRY(merge_key(cx, cx.next_key(), registers, any_dense));
    KEEL_TRY(store_merged(cx, destination, registers, any_dense));
    cx.changed(destination.text, events::kPfAdd);
    cx.reply().ok();
    return {};
}

// ---- Looking into it ----

// Makes the value dense. Whether it was not before.
Result<bool> turn_dense(Context& cx, const Key& key, Entry* entry, Bytes text) {
    if (hll::is_dense(text)) return false;
    hll::Draft draft{text};
    if (!draft.make_dense()) return errors::kCorruptHyperLogLog;
    store_text(cx, key, entry, draft.text());
    cx.effects.count(1);
    return true;
}

Status debug_registers(Context& cx, const Key& key, Entry* entry, Bytes text) {
    hll::Registers registers;
    if (!registers.merge(text)) return errors::kCorruptHyperLogLog;
    KEEL_TRY(turn_dense(cx, key, entry, text));
    cx.reply().array(hll::kRegisters);
    for (std::size_t i = 0; i < hll::kRegisters; ++i) cx.reply().integer(registers[i]);
    return {};
}

Status debug_runs(Context& cx, Bytes text) {
    if (hll::is_dense(text)) return kNotSparse;
    std::string out;
    if (!hll::describe_runs(text, out)) return errors::kCorruptHyperLogLog;
    cx.reply().bulk(out);
    return {};
}

// As C would print the word, and no longer than other errors repeat one.
Error unknown_subcommand(Bytes word) {
    const Bytes shown = word.substr(0, std::min<std::size_t>(word.find('\0'), 128));
    return Error{"ERR Unknown PFDEBUG subcommand '" + std::string{shown} + "'"};
}

// PFDEBUG GETREG | DECODE | ENCODING | TODENSE key
Status pfdebug(Context& cx) {
    const auto what = cx.args.next<Bytes>();
    const Key key = cx.next_key();
    Entry* entry = cx.write(key);
    if (entry == nullptr) return kNoKeyToDebug;
    KEEL_TRY(Bytes text, text_of(entry));
    if (looks_unopened(*entry, text)) {
        splice(cx, key, entry, text.size(), {});
        entry = cx.db().peek(key);
        KEEL_TRY(text, text_of(entry));
    }
    if (equal_nocase(what, "GETREG")) return debug_registers(cx, key, entry, text);
    if (equal_nocase(what, "DECODE")) return debug_runs(cx, text);
    if (equal_nocase(what, "ENCODING")) {
        cx.reply().simple(hll::is_dense(text) ? "dense" : "sparse");
        return {};
    }
    if (!equal_nocase(what, "TODENSE")) return unknown_subcommand(what);
    KEEL_TRY(const bool turned, turn_dense(cx, key, entry, text));
    cx.reply().integer(turned ? 1 : 0);
    return {};
}

// PFSELFTEST
Status pfselftest(Context& cx) {
    const std::string failure = hll::self_test(cx.random);
    if (!failure.empty()) return Error{"ERR TESTFAILED " + failure};
    cx.reply().ok();
    return {};
}

// ---- Rows ----

constexpr CommandSpec kRows[] = {
    {.name = "pfadd",
     .run = pfadd,
     .arity = at_least(2),
     .flags = Flag::write | Flag::denyoom | Flag::fast,
     .categories = Category::hyperloglog,
     .keys = one_key(Use::rw | Use::insert),
     .group = Group::hyperloglog,
     .since = "2.8.9",
     .complexity = "O(1) for each element",
     .summary = "Adds elements to the HyperLogLog at a key, which is made if need be.",
     .syntax = "key [element [element ...]]"},
    {.name = "pfcount",
     .run = pfcount,
     .arity = at_least(2),
     .flags = Flag::readonly | Flag::may_replicate,  // what it reckons out is kept in the value
     .categories = Category::hyperloglog,
     .keys = key_range(Use::rw | Use::access, 1, -1).noted("RW as the count is kept in the value, and replicated"),
     .group = Group::hyperloglog,
     .since = "2.8.9",
     .complexity = "O(1) for one key, mostly; O(N) with a large constant for N keys",
     .summary = "Returns about how many different elements the HyperLogLogs at the keys saw together.",
     .syntax = "key [key ...]"},
    {.name = "pfmerge",
     .run = pfmerge,
     .arity = at_least(2),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::hyperloglog,
     .keys = one_key(Use::rw | Use::access | Use::insert) + key_range(Use::read, 2, -1),
     .group = Group::hyperloglog,
     .since = "2.8.9",
     .complexity = "O(N) where N is the number of keys, with a large constant",
     .summary = "Merges HyperLogLogs into the one at the first key.",
     .syntax = "destkey:key [sourcekey:key [sourcekey:key ...]]"},
    {.name = "pfdebug",
     .run = pfdebug,
     .arity = exactly(3),
     .flags = Flag::write | Flag::denyoom | Flag::admin,
     .categories = Category::hyperloglog,
     .keys = one_key(Use::rw | Use::access, 2),
     .group = Group::hyperloglog,
     .since = "2.8.9",
     .complexity = "O(1), with a large constant",
     .summary = "Shows, or changes, how the HyperLogLog at a key is held.",
     .syntax = "subcommand key",
     .internal = true},
    {.name = "pfselftest",
     .run = pfselftest,
     .arity = exactly(1),
     .flags = Flag::admin,
     .categories = Category::hyperloglog,
     .group = Group::hyperloglog,
     .since = "2.8.9",
     .complexity = "O(1), some tenths of a second",
     .summary = "Checks the code for HyperLogLogs on elements made up for it.",
     .internal = true},
};

}  // namespace

const std::span<const CommandSpec> kHyperLogLogCommands{kRows};

}  // namespace keel::string
