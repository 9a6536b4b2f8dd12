// SPDX-License-Identifier: BSD-3-Clause
//
// Hashes in files (core/serde.h):
//
//     hash                  count | name | value | ...                                any form, without deadlines
//     hash_listpack         the listpack, as a string; hash_ziplist, hash_zipmap: its forerunners
//     hash_timed            earliest u64 | count | time | name | value | ...          time: a length, 0 for none, else
//                                                                                     deadline - earliest + 1
//     hash_listpack_timed   earliest u64 | the listpack of names, values and deadlines, as a string
//     hash_timed_rc         as hash_timed, without the earliest: time is the deadline itself
//     hash_listpack_timed_rc   without the earliest, too
//     hash_timed_valkey     count | name | value | deadline i64, -1 for none | ...
#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "conf/settings.h"
#include "datatypes/core/packed_serde.h"
#include "datatypes/core/rdb_tags.h"
#include "datatypes/encodings/table_loader.h"
#include "datatypes/hash/hash.h"

namespace keel::hash {

namespace {

constexpr ErrorText kBadDeadline{"a deadline of a field is out of range"};
constexpr ErrorText kUnsorted{"the fields of a hash are not in the order of their deadlines"};
constexpr ErrorText kNoFieldDeadlines{"fields with deadlines cannot be told to redis-7.0 and redis-7.2"};
constexpr UnixMs kLatest = (std::int64_t{1} << 48) - 1;

ValueRef packed_value(Form form, Listpack list) {
    return {.type = Type::hash, .form = static_cast<std::uint8_t>(form), .payload = list.release()};
}
ValueRef table_value(std::unique_ptr<FieldTable> table) {
    return {.type = Type::hash, .form = static_cast<std::uint8_t>(Form::table), .payload = table.release()};
}

// ---- Many fields ----

class FieldLoader {
  public:
    Status add(Bytes name, Bytes value, UnixMs deadline) {
        return fields_.add(Field::make(name, value, deadline), name) ? Status{} : Status{kTwice};
    }
    Result<ValueRef> finish() {
        auto table = fields_.finish();
        if (table == nullptr) return kTwice;
        return table_value(std::move(table));
    }

  private:
    TableLoader<FieldTable, &FieldTable::fields> fields_;
};

// ---- Field by field ----

// Reads the fields of one tag, one after the other. Name and value are good until the next.
class FieldReader {
  public:
    FieldReader(RdbTag tag, Loader& in) : tag_(tag), in_(in) {
        valkey_ = tag == RdbTag::hash_timed_valkey && in.from_valkey();
    }
    // How many there are.
    Result<std::uint64_t> begin() {
        if (tag_ == RdbTag::hash_timed) {
            KEEL_TRY(const std::uint64_t first, in_.u64());
            if (first > static_cast<std::uint64_t>(kLatest)) return kBadDeadline;
            earliest_ = static_cast<UnixMs>(first);
        }
        return in_.count(tag_ == RdbTag::hash ? 2 : valkey_ ? 10 : 3);
    }
    Status next() {
        deadline_ = kNoDeadline;
        if (tag_ != RdbTag::hash && !valkey_) {
            KEEL_TRY(read_time());
        }
        KEEL_TRY(const Bytes name, in_.string());
        name_.assign(name);
        KEEL_TRY(value_, in_.string());
        if (!valkey_) return {};
        value_copy_.assign(value_);
        value_ = value_copy_;
        KEEL_TRY(const std::uint64_t raw, in_.u64());
        const auto deadline = static_cast<std::int64_t>(raw);
        if (deadline < kNoDeadline || deadline > kLatest) return kBadDeadline;
        if (deadline != kNoDeadline) deadline_ = std::max<UnixMs>(deadline, 1);
        return {};
    }
    [[nodiscard]] Bytes name() const { return name_; }
    [[nodiscard]] Bytes value() const { return value_; }
    [[nodiscard]] UnixMs deadline() const { return deadline_; }

  private:
    Status read_time() {
        KEEL_TRY(const std::uint64_t time, in_.length());
        if (time == 0) return {};
        if (time > static_cast<std::uint64_t>(kLatest)) return kBadDeadline;
        const auto told = static_cast<UnixMs>(time);
        deadline_ = tag_ == RdbTag::hash_timed ? earliest_ + told - 1 : told;
        if (deadline_ > kLatest) return kBadDeadline;
        deadline_ = std::max<UnixMs>(deadline_, 1);
        return {};
    }

    RdbTag tag_;
    Loader& in_;
    bool valkey_ = false;
    UnixMs earliest_ = 0;
    std::string name_;
    std::string value_copy_;
    Bytes value_;
    UnixMs deadline_ = kNoDeadline;
};

// A few fields, which are a packed hash if none is too long.
class FewFields {
  public:
    void add(Bytes name, Bytes value, UnixMs deadline) {
        fields_.push_back({std::string{name}, std::string{value}, deadline});
        longest_ = std::max({longest_, name.size(), value.size()});
        timed_ = timed_ || deadline != kNoDeadline;
    }
    Result<ValueRef> finish(const Encodings& settings) {
        if (longest_ > settings.hash_max_listpack_value_bytes) {
            FieldLoader table;
            for (const One& one : fields_) KEEL_TRY(table.add(one.name, one.value, one.deadline));
            return table.finish();
        }
        if (timed_) {  // hash.h, truth 1
            std::stable_sort(fields_.begin(), fields_.end(), [](const One& a, const One& b) {
                return static_cast<std::uint64_t>(a.deadline) < static_cast<std::uint64_t>(b.deadline);  // none: last
            });
        }
        Listpack list;
        for (const One& one : fields_) {
            list.append(Bytes{one.name});
            list.append(Bytes{one.value});
            if (timed_) list.append(one.deadline == kNoDeadline ? 0 : one.deadline);
        }
        if (has_twins(list, timed_ ? 3 : 2)) return kTwice;
        return packed_value(timed_ ? Form::packed_timed : Form::packed, std::move(list));
    }

  private:
    struct One {
        std::string name;
        std::string value;
        UnixMs deadline;
    };
    std::vector<One> fields_;
    std::size_t longest_ = 0;
    bool timed_ = false;
};

Result<ValueRef> load_fields(RdbTag tag, Loader& in, const Encodings& settings) {
    FieldReader reader{tag, in};
    KEEL_TRY(const std::uint64_t count, reader.begin());
    if (count == 0) return kEmptyValue;
    if (count > settings.hash_max_listpack_entries) {
        FieldLoader table;
        for (std::uint64_t i = 0; i < count; ++i) {
            KEEL_TRY(reader.next());
            KEEL_TRY(table.add(reader.name(), reader.value(), reader.deadline()));
        }
        return table.finish();
    }
    FewFields few;
    for (std::uint64_t i = 0; i < count; ++i) {
        KEEL_TRY(reader.next());
        few.add(reader.name(), reader.value(), reader.deadline());
    }
    return few.finish(settings);
}

// ---- As a listpack ----

// Whether the third of every three entries is a deadline, and they are in order.
Status check_deadlines(const ListpackView& list) {
    std::int64_t before = 1;
    for (ListpackView::Place at = list.first(); at != nullptr; at = list.next(at)) {
        at = list.next(list.next(at));
        const ListpackItem item = list.get(at);
        if (!item.is_integer || item.integer < 0 || item.integer > kLatest) return kBadDeadline;
        const std::int64_t place = item.integer == 0 ? std::numeric_limits<std::int64_t>::max() : item.integer;
        if (place < before) return kUnsorted;
        before = place;
    }
    return {};
}

// Whether no name and no value is too long for a packed hash.
bool all_short(const ListpackView& list, const Encodings& settings) {
    for (ListpackView::Place at = list.first(); at != nullptr; at = list.next(at)) {
        ItemText scratch;
        if (list.get(at).as_text(scratch).size() > settings.hash_max_listpack_value_bytes) return false;
    }
    return true;
}

// `fits`: nothing in it is known to be too long. A file's listpack and ziplist are taken at their word, as in Redis.
Result<ValueRef> load_packed(Listpack list, Form form, const Encodings& settings, bool fits = true) {
    const unsigned unit = form == Form::packed ? 2 : 3;
    if (form == Form::packed_timed) {
        KEEL_TRY(check_deadlines(list));
    }
    if (fits && list.count() / unit <= settings.hash_max_listpack_entries) {
        if (has_twins(list, unit)) return kTwice;
        return packed_value(form, std::move(list));
    }
    FieldLoader table;
    Status added;
    HashView{{.type = Type::hash, .form = static_cast<std::uint8_t>(form), .payload = const_cast<char*>(list.data())}}
        .each([&](const Item& name, const Item& value, UnixMs deadline) {
            ItemText name_text;
            ItemText value_text;
            if (added) added = table.add(name.as_text(name_text), value.as_text(value_text), deadline);
        });
    KEEL_TRY(std::move(added));
    return table.finish();
}

Result<ValueRef> load_timed_listpack(RdbTag tag, Loader& in, const Encodings& settings) {
    // The earliest deadline is for readers that don't look inside.
    if (tag == RdbTag::hash_listpack_timed) {
        KEEL_TRY(in.u64());
    }
    KEEL_TRY(Listpack list, load_listpack(in, 3));
    return load_packed(std::move(list), Form::packed_timed, settings);
}

// ---- Saving ----

std::uint64_t time_of(UnixMs deadline, UnixMs earliest) {
    return deadline == kNoDeadline ? 0 : static_cast<std::uint64_t>(deadline - earliest) + 1;
}

void save_fields(const HashView& hash, RdbTag tag, bool valkey, Saver& out) {
    const UnixMs earliest = hash.earliest();
    if (tag == RdbTag::hash_timed) out.u64(static_cast<std::uint64_t>(earliest));
    out.length(hash.size());
    hash.each([&](const Item& name, const Item& value, UnixMs deadline) {
        ItemText scratch;
        if (tag == RdbTag::hash_timed) out.length(time_of(deadline, earliest));
        out.string(name.as_text(scratch));
        out.string(value.as_text(scratch));
        if (valkey) out.u64(static_cast<std::uint64_t>(deadline));
    });
}

}  // namespace

Result<RdbTag> tag_of(const ValueRef& value, const RdbDialect& dialect) {
    const HashView hash{value};
    if (hash.form() == Form::packed) return RdbTag::hash_listpack;
    if (hash.earliest() == kNoDeadline) return RdbTag::hash;
    switch (dialect.field_deadlines) {
        case RdbDialect::FieldDeadlines::refused: return kNoFieldDeadlines;
        case RdbDialect::FieldDeadlines::valkey: return RdbTag::hash_timed_valkey;
        case RdbDialect::FieldDeadlines::redis: break;
    }
    return hash.form() == Form::table ? RdbTag::hash_timed : RdbTag::hash_listpack_timed;
}

void save(const ValueRef& value, RdbTag tag, Saver& out) {
    const HashView hash{value};
    if (tag == RdbTag::hash_listpack) return out.string(hash.list().bytes());
    if (tag == RdbTag::hash_listpack_timed) {
        out.u64(static_cast<std::uint64_t>(hash.earliest()));
        return out.string(hash.list().bytes());
    }
    save_fields(hash, tag, tag == RdbTag::hash_timed_valkey, out);
}

Result<ValueRef> load(RdbTag tag, Loader& in, const Encodings& settings) {
    switch (tag) {
        case RdbTag::hash_listpack_timed:
        case RdbTag::hash_listpack_timed_rc: return load_timed_listpack(tag, in, settings);
        case RdbTag::hash_listpack:
        case RdbTag::hash_ziplist:
        case RdbTag::hash_zipmap: break;
        default: return load_fields(tag, in, settings);
    }
    KEEL_TRY(Listpack list, tag == RdbTag::hash_listpack  ? load_listpack(in, 2)
                            : tag == RdbTag::hash_ziplist ? load_ziplist(in, 2)
                                                          : load_zipmap(in));
    const bool fits = tag != RdbTag::hash_zipmap || all_short(list, settings);
    return load_packed(std::move(list), Form::packed, settings, fits);
}

}  // namespace keel::hash
