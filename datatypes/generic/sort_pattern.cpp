// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/generic/sort_pattern.h"

#include <algorithm>
#include <array>

namespace keel::generic {

Pattern::Pattern(Bytes word) {
    const Bytes visible = word.substr(0, word.find('\0'));
    is_element_ = visible == "#";
    const std::size_t star = visible.find('*');
    varies_ = star != Bytes::npos;
    if (!varies_) return;
    before_ = word.substr(0, star);
    const std::size_t arrow = visible.find("->", star + 1);
    if (arrow != Bytes::npos && arrow + 2 < visible.size()) {
        field_ = word.substr(arrow + 2);
        word = word.substr(0, arrow);
    }
    behind_ = word.substr(star + 1);
}

Bytes Pattern::key_for(Bytes element, std::string& room) const {
    room.clear();
    room.append(before_).append(element).append(behind_);
    return room;
}

namespace {

constexpr std::size_t kBatch = 16;

// The entry at a key that was made up here: the request does not name it.
Entry* read(Context& cx, const Key& key) {
    Entry* entry = cx.db().read(key);
    if (entry == nullptr && (cx.settings.notifications.keyspace_events & kNotifyKeyMiss) != 0) [[unlikely]]
        cx.effects.happened(cx.db().index(), cx.effects.keep(key.text), events::kKeyMiss);
    return entry;
}

void answer_from(Context& cx, const Pattern& pattern, const Entry* entry, Item& item, Answer answer) {
    const auto show = [&](Bytes found) { answer(item, found); };
    if (entry != nullptr && !pattern.has_field() && entry->is_string()) {
        IntegerText scratch;
        return show(entry->text(scratch));
    }
    if (entry != nullptr && pattern.has_field()) {
        const ValueRef value = entry->value();
        const auto field = type_ops(value.type).field;
        // Nothing is due while old commands are replayed (DueKeys::show).
        const UnixMs now = cx.keyspace.due_keys == DueKeys::show ? UnixMs{-1} : cx.now();
        if (field != nullptr && field(value, pattern.field(), now, show)) return;
    }
    answer(item, std::nullopt);
}

}  // namespace

void look_up(Context& cx, std::span<const Pattern> patterns, std::span<Item> items, Answer answer) {
    const auto& table = cx.db().table();
    std::array<std::string, kBatch> names;
    std::array<std::optional<Key>, kBatch> keys;
    const std::size_t total = items.size() * patterns.size();
    for (std::size_t at = 0; at < total; at += kBatch) {
        const std::size_t count = std::min(kBatch, total - at);
        const auto pattern = [&](std::size_t i) -> const Pattern& { return patterns[(at + i) % patterns.size()]; };
        const auto item = [&](std::size_t i) -> Item& { return items[(at + i) / patterns.size()]; };
        for (std::size_t i = 0; i < count; ++i) {
            keys[i].reset();
            if (!pattern(i).varies()) continue;
            keys[i].emplace(pattern(i).key_for(item(i).element->bytes(), names[i]));
            table.prefetch_line(keys[i]->hash);
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (keys[i]) table.prefetch_item(keys[i]->hash);
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (pattern(i).is_element())
                answer(item(i), item(i).element->bytes());
            else
                answer_from(cx, pattern(i), keys[i] ? read(cx, *keys[i]) : nullptr, item(i), answer);
        }
    }
}

}  // namespace keel::generic
