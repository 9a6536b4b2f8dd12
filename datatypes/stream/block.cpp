// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/stream/block.h"

namespace keel::stream {

namespace {

constexpr std::int64_t kDeleted = 1;
constexpr std::int64_t kSameFields = 2;
constexpr std::int64_t kItemsAlways = 3;  // flags, ms, seq

ListpackView::Place skip(ListpackView::Place at, std::int64_t items) noexcept {
    for (; items > 0; --items) at += ListpackView::entry_bytes(at);
    return at;
}

bool has_names(const BlockView& block, FieldWords words) noexcept {
    if (static_cast<std::size_t>(block.fields()) * 2 != words.size()) return false;
    ListpackView::Place at = block.names();
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (!(block.list().get(at) == words[i])) return false;
        at += ListpackView::entry_bytes(at);
    }
    return true;
}

// Room for an entry at most: an item's tag and back-length take up to ten bytes.
std::size_t room_for(FieldWords words) noexcept { return bytes_of(words) + 10 * (words.size() + 5); }

void append_values(Listpack& list, FieldWords words) {
    for (std::size_t i = 1; i < words.size(); i += 2) list.append(words[i]);
}

void append_entry(Listpack& list, std::int64_t ms, std::int64_t seq, FieldWords words, bool same) {
    const auto fields = static_cast<std::int64_t>(words.size() / 2);
    list.append(same ? kSameFields : std::int64_t{0});
    list.append(ms);
    list.append(seq);
    if (same) {
        append_values(list, words);
        list.append(fields + kItemsAlways);
        return;
    }
    list.append(fields);
    for (const Bytes word : words) list.append(word);
    list.append(2 * fields + kItemsAlways + 1);
}

// Small counters are their own tag byte: then nothing behind them moves.
void set_counter(Listpack& list, ListpackView::Place at, std::int64_t before, std::int64_t after) {
    constexpr std::int64_t kOneByte = 127;
    if (before <= kOneByte && after <= kOneByte) [[likely]]
        *const_cast<char*>(at) = static_cast<char>(after);
    else
        list.replace(at, after);
}

}  // namespace

std::size_t bytes_of(FieldWords words) noexcept {
    std::size_t bytes = 0;
    for (const Bytes word : words) bytes += word.size();
    return bytes;
}

BlockView::BlockView(StreamId master, const void* raw) noexcept : list_(raw), master_(master) {
    Place at = list_.data() + ListpackView::kHeaderBytes;
    count_ = list_.get(at).integer;
    at = skip(at, 1);
    deleted_ = list_.get(at).integer;
    at = skip(at, 1);
    fields_ = list_.get(at).integer;
    names_ = skip(at, 1);
    entries_ = skip(names_, fields_ + 1);
}

BlockEntry BlockView::read(Place at) const noexcept {
    if (at == list_.end()) return {};
    BlockEntry out;
    out.at = at;
    const std::int64_t flags = list_.get(at).integer;
    out.deleted = (flags & kDeleted) != 0;
    at = skip(at, 1);
    out.id.ms = master_.ms + static_cast<std::uint64_t>(list_.get(at).integer);
    at = skip(at, 1);
    out.id.seq = master_.seq + static_cast<std::uint64_t>(list_.get(at).integer);
    at = skip(at, 1);
    if ((flags & kSameFields) != 0) {
        out.fields = fields_;
        out.names = names_;
    } else {
        out.fields = list_.get(at).integer;
        at = skip(at, 1);
    }
    out.values = at;
    return out;
}

BlockEntry BlockView::before(Place end) const noexcept {
    if (end == entries_) return {};
    Place at = list_.prev(end);
    for (std::int64_t items = list_.get(at).integer; items > 0; --items) at = list_.prev(at);
    return read(at);
}

BlockView::Place BlockView::behind(const BlockEntry& entry) const noexcept {
    return skip(entry.values, (entry.names != nullptr ? entry.fields : 2 * entry.fields) + 1);
}

void* make_block(FieldWords words) {
    Listpack list{2 * room_for(words)};
    list.append(std::int64_t{1});
    list.append(std::int64_t{0});
    list.append(static_cast<std::int64_t>(words.size() / 2));
    for (std::size_t i = 0; i < words.size(); i += 2) list.append(words[i]);
    list.append(std::int64_t{0});
    append_entry(list, 0, 0, words, true);
    return list.release();
}

void* append_to_block(const BlockView& block, StreamId master, StreamId id, FieldWords words) {
    const bool same = has_names(block, words);
    const std::int64_t count = block.count();
    Listpack list = Listpack::adopt(const_cast<char*>(block.list().data()));
    set_counter(list, list.first(), count, count + 1);
    append_entry(list, static_cast<std::int64_t>(id.ms - master.ms), static_cast<std::int64_t>(id.seq - master.seq),
                 words, same);
    return list.release();
}

void mark_deleted(BlockEntry& entry) noexcept {
    // Flags are small: the tag byte is the integer.
    char* flags = const_cast<char*>(entry.at);
    *flags = static_cast<char>(*flags | kDeleted);
    entry.deleted = true;
}

void* count_deleted(StreamId master, void* raw, std::int64_t entries) {
    const BlockView block{master, raw};
    const std::int64_t count = block.count();
    const std::int64_t deleted = block.deleted();
    Listpack list = Listpack::adopt(raw);
    set_counter(list, list.first(), count, count - entries);
    set_counter(list, list.next(list.first()), deleted, deleted + entries);
    return list.release();
}

}  // namespace keel::stream
