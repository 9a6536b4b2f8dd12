// SPDX-License-Identifier: BSD-3-Clause
//
// Set: members without an order, and what commands may do with them whatever the encoding.
//
//     form       payload                                           OBJECT ENCODING
//     integers   an intset: sorted, found in O(log n)              intset
//     packed     a listpack of members, in the order they came     listpack
//     table      a MemberTable (member.h)                          hashtable
//
//     integers --a member that is none--> packed --too many members, or one too long--> table
//        `-----too many, or the new member does not fit a packed set-------------------^
//
// There is no way back: a set that shrinks keeps its form, and what SINTERSTORE and the like make begins anew.
//
// Always true:
//   1. No set is in two forms at once, and no member is twice in a set.
//   2. Adding leaves no packed set with more members than the limit of its time, nor with a new member beyond it, and
//      no intset with more members than its limit. Limits lowered since then do not reach what was there before.
//   3. A Member handed to a visitor is good during the call; visitors do not change the set.
//
// Only set.* and type.cpp know that there are three forms. The bytes of the first two are those of RDB files.
#pragma once

#include <absl/container/inlined_vector.h>
#include <absl/functional/function_ref.h>

#include <memory>
#include <span>
#include <type_traits>
#include <variant>

#include "conf/settings.h"
#include "datatypes/core/type.h"
#include "datatypes/encodings/intset.h"
#include "datatypes/encodings/listpack.h"
#include "datatypes/set/member.h"

namespace keel::set {

enum class Form : std::uint8_t { integers = 0, packed = 1, table = 2 };

// Beyond these a set takes the next form.
struct Limits {
    std::uint64_t integers;      // members of an intset
    std::uint64_t packed;        // members of a listpack
    std::uint64_t packed_bytes;  // of each of them

    explicit Limits(const Settings& settings) : Limits(settings.encodings) {}
    explicit Limits(const Encodings& settings);
};

// A look at a set that someone else owns; good until that changes. By default at none, which has no members.
class SetView {
  public:
    SetView() noexcept : SetView({.type = Type::set, .payload = const_cast<char*>(kNothing)}) {}
    explicit SetView(const ValueRef& value) noexcept : form_(static_cast<Form>(value.form)), payload_(value.payload) {}

    [[nodiscard]] Form form() const noexcept { return form_; }
    [[nodiscard]] std::size_t count() const noexcept;  // O(1); O(n) of a packed set of 65,535 members and more
    [[nodiscard]] bool has(const Member& member) const;
    // Of each word in turn, whether it is a member.
    void ask(std::span<const Bytes> words, absl::FunctionRef<void(bool there)> answer) const;
    // The same value in the same place.
    [[nodiscard]] bool is(const SetView& other) const noexcept { return payload_ == other.payload_; }

    // visit(const Member&) for every member. If it returns a bool, false ends the walk. Says whether it was walked to
    // its end.
    template <typename F>
    bool each(F&& visit) const;
    // The same for a visitor that returns a bool and looks each member up in `next`, whose memory is fetched ahead.
    template <typename F>
    bool each_looked_up_in(const SetView& next, F&& visit) const;
    // Some of the members: see Table::scan. A small set is shown whole, whatever the cursor.
    template <typename F>
    std::uint64_t scan(std::uint64_t cursor, F&& visit) const;
    // use(const Member&) of a member drawn evenly. The set is not empty.
    template <typename F>
    void draw(Random& random, F&& use) const;

    // So many different members, at most count(): every choice of them is as likely as any other, their order is not.
    void draw_different(Random& random, std::size_t wanted, absl::FunctionRef<void(const Member&)> use) const;

    [[nodiscard]] IntsetView integers() const noexcept { return IntsetView{payload_}; }
    [[nodiscard]] ListpackView packed() const noexcept { return ListpackView{payload_}; }
    [[nodiscard]] const MemberTable& members() const noexcept { return *static_cast<const MemberTable*>(payload_); }
    [[nodiscard]] const Table<MemberTraits>& table() const noexcept { return members().table(); }

  private:
    void draw_few(Random& random, std::size_t wanted, absl::FunctionRef<void(const Member&)> use) const;

    static constexpr char kNothing[IntsetView::kHeaderBytes] = {2};

    Form form_;
    void* payload_;
};

// Owns a set: a new one, or the value of an entry for as long as that is being changed.
class Set {
  public:
    Set() = default;                                              // empty
    explicit Set(const ValueRef& value) : body_(adopt(value)) {}  // takes its payload over
    [[nodiscard]] ValueRef release();  // the payload is the caller's; this is good for nothing but its end

    // Makes room for these words at once, if they may all come to lie in a listpack.
    void expect(std::span<const Bytes> words, const Limits& limits);

    bool add(const Member& member, const Limits& limits);  // false: was there
    bool remove(const Member& member);                     // false: was not there
    // use(const Member&) of a member drawn evenly, which is then removed. The set is not empty.
    template <typename F>
    void pop(Random& random, F&& use);

    [[nodiscard]] SetView view() const noexcept;
    [[nodiscard]] std::size_t count() const noexcept { return view().count(); }

  private:
    using TablePtr = std::unique_ptr<MemberTable>;
    using Body = std::variant<Intset, Listpack, TablePtr>;  // in the order of Form

    static Body adopt(const ValueRef& value);
    bool add_to_integers(Intset& integers, const Member& member, const Limits& limits);
    bool add_to_packed(Listpack& list, const Member& member, const Limits& limits);
    bool add_as_table(const Member& member);
    void become_packed();
    void become_table();

    Body body_;
};

template <typename F>
bool SetView::each(F&& visit) const {
    constexpr bool kMayEnd = std::is_same_v<std::invoke_result_t<F&, const Member&>, bool>;
    const auto show = [&visit](const Member& member) {
        if constexpr (kMayEnd)
            return visit(member);
        else
            return visit(member), true;
    };
    if (form_ == Form::integers) {
        const IntsetView view = integers();
        for (std::size_t i = 0, n = view.count(); i < n; ++i) {
            if (!show(Member{view.at(i)})) return false;
        }
        return true;
    }
    if (form_ == Form::packed) {
        const ListpackView view = packed();
        for (ListpackView::Place at = view.first(); at != nullptr; at = view.next(at)) {
            if (!show(Member{view.get(at)})) return false;
        }
        return true;
    }
    if constexpr (kMayEnd) {  // only a scan can end early
        bool going = true;
        std::uint64_t cursor = 0;
        do {
            cursor = table().scan(cursor, [&](const StoredMember* m) { going = going && show(Member{m->text()}); });
        } while (going && cursor != 0);
        return going;
    } else {
        table().each([&show](const StoredMember* m) { show(Member{m->text()}); });
        return true;
    }
}

template <typename F>
bool SetView::each_looked_up_in(const SetView& next, F&& visit) const {
    if (form_ != Form::table || next.form() != Form::table) return each(visit);
    constexpr std::size_t kGroup = 16;
    struct Hashed {
        const StoredMember* stored;
        std::uint64_t hash;
    };
    absl::InlinedVector<Hashed, kGroup * 2> group;
    std::uint64_t cursor = 0;
    do {
        group.clear();
        do {
            cursor = table().scan(cursor, [&group](const StoredMember* stored) {
                keel::prefetch(stored);
                group.push_back({stored, 0});
            });
        } while (cursor != 0 && group.size() < kGroup);
        for (Hashed& each : group) next.table().prefetch_directory(each.hash = hash_bytes(each.stored->text()));
        for (const Hashed& each : group) next.table().prefetch_line(each.hash);
        for (const Hashed& each : group) next.table().prefetch_item(each.hash);
        for (const Hashed& each : group) {
            if (!visit(Member{each.stored->text(), each.hash})) return false;
        }
    } while (cursor != 0);
    return true;
}

template <typename F>
std::uint64_t SetView::scan(std::uint64_t cursor, F&& visit) const {
    if (form_ == Form::table)
        return table().scan(cursor, [&visit](const StoredMember* m) { visit(Member{m->text()}); });
    each([&visit](const Member& member) { visit(member); });
    return 0;
}

template <typename F>
void SetView::draw(Random& random, F&& use) const {
    if (form_ == Form::integers)
        use(Member{integers().random(random)});
    else if (form_ == Form::packed)
        use(Member{packed().get(packed().random(random))});
    else
        use(Member{table().random(random)->text()});
}

template <typename F>
void Set::pop(Random& random, F&& use) {
    if (auto* integers = std::get_if<Intset>(&body_)) {
        const std::int64_t value = integers->random(random);
        use(Member{value});
        integers->erase(value);
    } else if (auto* list = std::get_if<Listpack>(&body_)) {
        const ListpackView::Place at = list->random(random);
        use(Member{list->get(at)});
        list->erase(at);
    } else {
        MemberTable& members = *std::get<TablePtr>(body_);
        StoredMember* stored = members.table().random(random);
        const Member member{stored->text()};
        use(member);
        members.remove(stored, member.hash());
    }
}

// serde.cpp
Result<RdbTag> tag_of(const ValueRef& value, const RdbDialect& dialect);
void save(const ValueRef& value, RdbTag tag, Saver& out);
Result<ValueRef> load(RdbTag tag, Loader& in, const Encodings& settings);

extern const TypeOps kOps;  // type.cpp

}  // namespace keel::set
