// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/set/set.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "protocol/base/number.h"

namespace keel::set {

namespace {

// An intset counts to 2^32; far below it already has no advantage left.
constexpr std::uint64_t kMostIntegers = std::uint64_t{1} << 30;

// The digits of the longest member: the first or the last, since they ascend.
std::size_t longest_text(const IntsetView& integers) {
    if (integers.count() == 0) return 0;
    char digits[kIntegerChars];
    return std::max(write_integer(digits, integers.at(0)), write_integer(digits, integers.at(integers.count() - 1)));
}

}  // namespace

Limits::Limits(const Encodings& settings)
    : integers(std::min(settings.set_max_intset_entries, kMostIntegers)),
      packed(settings.set_max_listpack_entries),
      packed_bytes(settings.set_max_listpack_value_bytes) {}

// ---- Looking ----

std::size_t SetView::count() const noexcept {
    if (form_ == Form::integers) return integers().count();
    return form_ == Form::packed ? packed().count() : table().size();
}

bool SetView::has(const Member& member) const {
    if (form_ == Form::integers) return member.is_integer() && integers().has(member.integer());
    if (form_ == Form::packed) return packed().find(packed().first(), member.text()) != nullptr;
    return members().has(member);
}

void SetView::ask(std::span<const Bytes> words, absl::FunctionRef<void(bool there)> answer) const {
    if (form_ != Form::table) {
        for (const Bytes word : words) answer(has(Member{word}));
        return;
    }
    constexpr std::size_t kGroup = 16;  // whose memory is fetched at once
    std::array<std::uint64_t, kGroup> hashes{};
    for (std::size_t from = 0; from < words.size(); from += kGroup) {
        const auto group = words.subspan(from, std::min(kGroup, words.size() - from));
        for (std::size_t i = 0; i < group.size(); ++i) table().prefetch_directory(hashes[i] = hash_bytes(group[i]));
        for (std::size_t i = 0; i < group.size(); ++i) table().prefetch_line(hashes[i]);
        for (std::size_t i = 0; i < group.size(); ++i) table().prefetch_item(hashes[i]);
        for (std::size_t i = 0; i < group.size(); ++i) answer(table().find(group[i], hashes[i]) != nullptr);
    }
}

// ---- Chance ----

// From a big set: draws, and draws again for what came before.
void SetView::draw_few(Random& random, std::size_t wanted, absl::FunctionRef<void(const Member&)> use) const {
    std::unordered_set<const StoredMember*> drawn;
    drawn.reserve(wanted);
    while (drawn.size() < wanted) {
        const StoredMember* stored = table().random(random);
        if (drawn.insert(stored).second) use(Member{stored->text()});
    }
}

void SetView::draw_different(Random& random, std::size_t wanted, absl::FunctionRef<void(const Member&)> use) const {
    constexpr std::size_t kFewOf = 3;  // fewer than a third: drawing costs less than walking over all
    if (wanted == 0) return;
    if (form_ == Form::table && wanted < count() / kFewOf) return draw_few(random, wanted, use);
    std::size_t left = count();  // at each member a throw: so many are still wanted of so many that are left
    each([&](const Member& member) -> bool {
        if (random.below(left--) < wanted) {
            use(member);
            --wanted;
        }
        return wanted != 0;
    });
}

// ---- Whose it is ----

SetView Set::view() const noexcept {
    ValueRef value{.type = Type::set, .form = static_cast<std::uint8_t>(body_.index())};
    if (const auto* integers = std::get_if<Intset>(&body_))
        value.payload = const_cast<char*>(integers->bytes().data());
    else if (const auto* list = std::get_if<Listpack>(&body_))
        value.payload = const_cast<char*>(list->data());
    else
        value.payload = std::get<TablePtr>(body_).get();
    return SetView{value};
}

Set::Body Set::adopt(const ValueRef& value) {
    switch (static_cast<Form>(value.form)) {
        case Form::integers: return Intset::adopt(value.payload);
        case Form::packed: return Listpack::adopt(value.payload);
        case Form::table: break;
    }
    return TablePtr{static_cast<MemberTable*>(value.payload)};
}

ValueRef Set::release() {
    ValueRef value{.type = Type::set, .form = static_cast<std::uint8_t>(body_.index())};
    if (auto* integers = std::get_if<Intset>(&body_))
        value.payload = integers->release();
    else if (auto* list = std::get_if<Listpack>(&body_))
        value.payload = list->release();
    else
        value.payload = std::get<TablePtr>(body_).release();
    return value;
}

// ---- Changing ----

void Set::expect(std::span<const Bytes> words, const Limits& limits) {
    constexpr std::size_t kFraming = 4;  // tag and back-length of a short text
    if (words.size() < 2 || words.size() > limits.packed) return;
    if (const auto* integers = std::get_if<Intset>(&body_)) {
        if (integers->count() != 0 || Member{words[0]}.is_integer()) return;
        become_packed();
    }
    auto* list = std::get_if<Listpack>(&body_);
    if (list == nullptr) return;
    std::size_t bytes = 0;
    for (const Bytes word : words) bytes += std::min<std::size_t>(word.size(), limits.packed_bytes) + kFraming;
    if (list->takes(bytes)) list->reserve(bytes);
}

bool Set::add(const Member& member, const Limits& limits) {
    if (auto* table = std::get_if<TablePtr>(&body_)) return (*table)->add(member);
    if (auto* list = std::get_if<Listpack>(&body_)) return add_to_packed(*list, member, limits);
    return add_to_integers(std::get<Intset>(body_), member, limits);
}

bool Set::add_to_integers(Intset& integers, const Member& member, const Limits& limits) {
    if (member.is_integer()) {
        if (!integers.insert(member.integer())) return false;
        if (integers.count() > limits.integers) become_table();
        return true;
    }
    const std::size_t longest = std::max(longest_text(integers), member.text().size());
    if (integers.count() >= limits.packed || longest > limits.packed_bytes) return add_as_table(member);
    become_packed();
    std::get<Listpack>(body_).append(member.text());
    return true;
}

bool Set::add_to_packed(Listpack& list, const Member& member, const Limits& limits) {
    const Bytes text = member.text();
    if (list.find(list.first(), text) != nullptr) return false;
    if (list.count() >= limits.packed || text.size() > limits.packed_bytes || !list.takes(text.size()))
        return add_as_table(member);
    list.append(text);
    return true;
}

// Of a member that is not there.
bool Set::add_as_table(const Member& member) {
    become_table();
    std::get<TablePtr>(body_)->add_new(member);
    return true;
}

bool Set::remove(const Member& member) {
    if (auto* table = std::get_if<TablePtr>(&body_)) return (*table)->remove(member);
    if (auto* integers = std::get_if<Intset>(&body_)) return member.is_integer() && integers->erase(member.integer());
    Listpack& list = std::get<Listpack>(body_);
    const ListpackView::Place at = list.find(list.first(), member.text());
    if (at == nullptr) return false;
    list.erase(at);
    return true;
}

void Set::become_packed() {
    const Intset& integers = std::get<Intset>(body_);
    const std::size_t longest_entry = integers.width() + 2;
    Listpack list{ListpackView::kEmptyBytes + integers.count() * longest_entry};
    for (std::size_t i = 0; i < integers.count(); ++i) list.append(integers.at(i));
    body_ = std::move(list);
}

void Set::become_table() {
    auto table = std::make_unique<MemberTable>();
    view().each([&table](const Member& member) { table->add_new(member); });
    body_ = std::move(table);
}

}  // namespace keel::set
