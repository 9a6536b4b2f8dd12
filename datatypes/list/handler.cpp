// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/list/handler.h"

namespace keel::list {

Result<End> read_end(Args& args) {
    if (args.accept("LEFT")) return End::head;
    if (args.accept("RIGHT")) return End::tail;
    return errors::kSyntax;
}

Bytes end_word(End end) { return end == End::head ? "LEFT" : "RIGHT"; }

std::size_t push_values(Context& cx, const Key& key, Entry* entry, End end, std::span<const Bytes> values) {
    List list = entry != nullptr ? list_of(cx, entry) : List{limits_of(cx)};
    list.push(end, values);
    if (entry != nullptr) {
        entry->set_payload(list.form(), list.payload());
    } else {
        cx.db().put(key, nullptr, list.value(), kNoDeadline);
        cx.appeared(key.text);
    }
    cx.changed(key.text, push_event(end));
    if (values.size() > 1) cx.effects.count(values.size() - 1);
    return list.count();
}

void after_taking(Context& cx, const Key& key, Entry* entry, List& list, Event event, std::size_t taken) {
    list.shrink();
    entry->set_payload(list.form(), list.payload());
    cx.effects.also_changed(cx.db().index(), key.text, event);
    cx.effects.count(taken);
    if (!list.empty()) return;
    cx.db().erase(key, entry);
    cx.effects.happened(cx.db().index(), key.text, events::kDel);
}

void pop_values(Context& cx, const Key& key, Entry* entry, End end, std::size_t count, bool as_array) {
    List list = list_of(cx, entry);
    const std::size_t had = list.count();
    count = std::min(count, had);
    if (as_array) cx.reply().array(count);
    std::size_t left = count;
    const auto reply_one = [&](const ListpackItem& item) {
        item.reply_to(cx.reply());
        return --left > 0;
    };
    if (end == End::head)
        list.visit(0, reply_one);
    else
        list.visit_back(had - 1, reply_one);
    list.erase(end == End::head ? 0 : had - count, count);
    after_taking(cx, key, entry, list, pop_event(end), count);
}

}  // namespace keel::list
