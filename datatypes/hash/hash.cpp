// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/hash/hash.h"

namespace keel::hash {

// ---- Looking ----

std::size_t HashView::size() const { return form_ == Form::table ? table().size() : list().count() / unit(); }

UnixMs HashView::earliest() const {
    if (form_ == Form::packed) [[likely]]
        return kNoDeadline;
    if (form_ == Form::table) return table().earliest();
    const ListpackView view = list();
    const auto first = view.first();
    return first == nullptr ? kNoDeadline : deadline_of(view.get(view.next(view.next(first))));
}

Spot HashView::locate(Bytes name) const {
    if (form_ != Form::table) {
        const ListpackView view = list();
        return {.at = view.find(view.first(), name, unit() - 1)};
    }
    const std::uint64_t hash = hash_bytes(name);
    return {.field = table().find(name, hash), .hash = hash};
}

Item HashView::value(const Spot& spot) const {
    if (form_ == Form::table) return {.text = spot.field->value()};
    const ListpackView view = list();
    return view.get(view.next(spot.at));
}

UnixMs HashView::deadline(const Spot& spot) const {
    if (form_ == Form::packed) return kNoDeadline;
    if (form_ == Form::table) return spot.field->deadline();
    const ListpackView view = list();
    return deadline_of(view.get(view.next(view.next(spot.at))));
}

// ---- Changing ----

HashEdit::HashEdit(Entry* entry, Limits limits)
    : HashView(entry != nullptr ? entry->value() : ValueRef{.type = Type::hash}), entry_(entry), limits_(limits) {
    if (entry == nullptr)
        list_.emplace();
    else if (form_ != Form::table)
        list_.emplace(Listpack::adopt(payload_));
    if (list_) sync();
}

void HashEdit::put_back() {
    if (entry_ == nullptr) {
        if (form_ == Form::table) delete static_cast<FieldTable*>(std::exchange(payload_, nullptr));
        return;
    }
    if (list_) payload_ = list_->release();
    list_.reset();
    std::exchange(entry_, nullptr)->set_payload(static_cast<std::uint8_t>(form_), payload_);
    form_ = Form::packed;  // nothing is left here to be ended
    payload_ = nullptr;
}

ValueRef HashEdit::release() {
    KEEL_DCHECK(entry_ == nullptr);
    if (list_) payload_ = list_->release();
    list_.reset();
    const auto form = static_cast<std::uint8_t>(std::exchange(form_, Form::packed));
    return {.type = Type::hash, .form = form, .payload = std::exchange(payload_, nullptr)};
}

void HashEdit::admit(std::span<const Bytes> words) {
    if (form_ == Form::table) return;
    std::size_t sum = 0;
    for (const Bytes word : words) {
        if (word.size() > limits_.word_bytes) return become_table();
        sum += word.size();
    }
    if (!list_->takes(sum)) return become_table();
    if (words.size() > 2) list_->reserve(sum + (form_ == Form::packed ? 2 : 3) * words.size());
    sync();
}

void HashEdit::put(const Spot& spot, Bytes name, Bytes value, bool keep_deadline) {
    if (form_ != Form::table) {
        const bool fits = name.size() <= limits_.word_bytes && value.size() <= limits_.word_bytes &&
                          list_->takes(name.size() + value.size());
        if (fits) [[likely]]
            return put_packed(spot, name, value, keep_deadline);
        become_table();
        return put(locate(name), name, value, keep_deadline);
    }
    if (spot.field == nullptr)
        fields().insert(name, spot.hash, value, kNoDeadline);
    else
        fields().set_value(spot.field, spot.hash, value, keep_deadline);
}

void HashEdit::put_packed(const Spot& spot, Bytes name, Bytes value, bool keep_deadline) {
    if (spot.at == nullptr) {
        list_->insert_pair(list_->end(), name, value);
        if (form_ == Form::packed_timed) list_->append(std::int64_t{0});
        sync();
        if (size() > limits_.fields) become_table();
        return;
    }
    if (!keep_deadline && deadline(spot) != kNoDeadline) {
        erase(spot);
        insert_timed(name, value, kNoDeadline);
        return;
    }
    list_->replace(list_->next(spot.at), value);
    sync();
}

void HashEdit::erase(const Spot& spot) {
    if (form_ == Form::table) return fields().erase(spot.field, spot.hash);
    list_->erase(spot.at, unit());
    sync();
}

void HashEdit::set_deadline(const Spot& spot, Bytes name, UnixMs deadline) {
    if (form_ == Form::table) return fields().set_deadline(spot.field, spot.hash, deadline);
    if (form_ == Form::packed) {
        if (deadline == kNoDeadline) return;
        become_timed();
        return set_deadline(locate(name), name, deadline);
    }
    ItemText scratch;
    const Blob value{this->value(spot).as_text(scratch)};
    erase(spot);
    insert_timed(name, value, deadline);
}

// Into the place where truth 1 wants it.
void HashEdit::insert_timed(Bytes name, Bytes value, UnixMs deadline) {
    ListpackView::Place before = deadline == kNoDeadline ? nullptr : list_->first();
    while (before != nullptr) {
        const auto time_at = list_->next(list_->next(before));
        const UnixMs other = deadline_of(list_->get(time_at));
        if (other == kNoDeadline || other > deadline) break;
        before = list_->next(time_at);
    }
    const auto at = list_->insert_pair(before == nullptr ? list_->end() : before, name, value);
    const auto value_at = list_->next(at);
    list_->insert(value_at + ListpackView::entry_bytes(value_at), deadline == kNoDeadline ? 0 : deadline);
    sync();
}

std::size_t HashEdit::remove_due(UnixMs now, std::size_t most, Removal tell) {
    std::size_t removed = 0;
    for (; removed < most; ++removed) {
        const UnixMs earliest = this->earliest();
        if (earliest == kNoDeadline || earliest > now) break;
        if (form_ == Form::table) {
            Field* field = fields().next_due();
            tell(field->name(), earliest);
            fields().erase(field, hash_bytes(field->name()));
        } else {
            ItemText scratch;
            tell(list_->get(list_->first()).as_text(scratch), earliest);
            erase({.at = list_->first()});
        }
    }
    return removed;
}

// ---- Becoming another form ----

void HashEdit::become_timed() {
    Listpack fresh{list_->size_bytes() + 2 * size()};
    each([&fresh](const Item& name, const Item& value, UnixMs) {
        ItemText name_text;
        ItemText value_text;
        fresh.insert_pair(fresh.end(), name.as_text(name_text), value.as_text(value_text));
        fresh.append(std::int64_t{0});
    });
    list_.emplace(std::move(fresh));
    form_ = Form::packed_timed;
    sync();
}

void HashEdit::become_table() {
    auto table = std::make_unique<FieldTable>();
    each([&table](const Item& name, const Item& value, UnixMs deadline) {
        ItemText name_text;
        ItemText value_text;
        const Bytes text = name.as_text(name_text);
        table->insert(text, hash_bytes(text), value.as_text(value_text), deadline);
    });
    list_.reset();
    form_ = Form::table;
    payload_ = table.release();
}

}  // namespace keel::hash
