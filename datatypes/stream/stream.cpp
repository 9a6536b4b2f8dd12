// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/stream/stream.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace keel::stream {

Stream::Stream(const Stream& other)
    : last_id(other.last_id),
      max_deleted(other.max_deleted),
      entries_added(other.entries_added),
      length_(other.length_),
      first_id_(other.first_id_) {
    for (const auto& [id, raw] : other.blocks_) {
        blocks_.emplace_hint(blocks_.end(), id, Listpack::copy_of(ListpackView{raw}.bytes()).release());
    }
    if (other.groups_ == nullptr) return;
    groups_ = std::make_unique<Groups>();
    for (const auto& [name, group] : *other.groups_) {
        groups_->emplace_hint(groups_->end(), name, std::make_unique<Group>(*group));
    }
}

Stream::~Stream() {
    for (const auto& [id, raw] : blocks_) Listpack::free(raw);
}

// ---- Adding ----

bool Stream::is_full(const BlockView& block, std::size_t more, const BlockLimits& limits) const {
    const std::size_t most = limits.bytes == 0 || limits.bytes > kMaxEntryBytes ? kMaxEntryBytes : limits.bytes;
    if (block.list().size_bytes() + more >= most) return true;
    return limits.entries != 0 && block.count() + block.deleted() >= limits.entries;
}

void Stream::adopt_block(StreamId master, void* raw) {
    blocks_.emplace_hint(blocks_.end(), master, raw);
    const std::uint64_t before = length_;
    length_ += static_cast<std::uint64_t>(BlockView{master, raw}.count());
    if (before == 0 && length_ != 0) find_first();
}

void Stream::append(StreamId id, FieldWords words, const BlockLimits& limits) {
    KEEL_DCHECK(id > last_id);
    if (blocks_.empty()) {
        blocks_.emplace(id, make_block(words));
    } else {
        auto& [master, raw] = *std::prev(blocks_.end());
        const BlockView block{master, raw};
        if (is_full(block, bytes_of(words), limits))
            blocks_.emplace_hint(blocks_.end(), id, make_block(words));
        else
            raw = append_to_block(block, master, id, words);
    }
    if (length_++ == 0) first_id_ = id;
    ++entries_added;
    last_id = id;
}

// ---- Removing ----

Stream::Blocks::iterator Stream::drop_block(Blocks::iterator at) {
    Listpack::free(at->second);
    return blocks_.erase(at);
}

void Stream::find_first() {
    Walk walk{*this, kMinId, kMaxId};
    first_id_ = walk.next() ? walk.id() : kMinId;
}

bool Stream::erase(StreamId id) {
    Walk walk{*this, id, id};
    if (!walk.next()) return false;
    const auto at = blocks_.find(walk.at_->first);
    if (walk.block().count() == 1) {
        drop_block(at);
    } else {
        mark_deleted(walk.entry_);
        at->second = count_deleted(at->first, at->second, 1);
    }
    --length_;
    max_deleted = std::max(max_deleted, id);
    if (id == first_id_ || length_ == 0) find_first();
    return true;
}

std::uint64_t Stream::trim(const Trim& trim) {
    const std::uint64_t before = length_;
    for (auto at = blocks_.begin(); at != blocks_.end();) {
        if (trim.by == Trim::By::length && length_ <= trim.length) break;
        const BlockView block{at->first, at->second};
        const auto entries = static_cast<std::uint64_t>(block.count());
        if (trim.most != 0 && before - length_ + entries > static_cast<std::uint64_t>(trim.most)) break;
        const bool whole = trim.by == Trim::By::length ? length_ - entries >= trim.length : block.last().id < trim.id;
        if (whole) {
            length_ -= entries;
            at = drop_block(at);
            continue;
        }
        if (!trim.approximate) trim_within(at, trim);
        break;
    }
    if (length_ != before) find_first();
    return before - length_;
}

std::optional<StreamId> Stream::trim_bound(const Trim& trim) const {
    std::uint64_t left = length_;
    for (const auto& [master, raw] : blocks_) {
        const BlockView block{master, raw};
        const auto entries = static_cast<std::uint64_t>(block.count());
        if (trim.by == Trim::By::length && left <= trim.length) return master;
        if (trim.most != 0 && length_ - left + entries > static_cast<std::uint64_t>(trim.most)) return master;
        if (trim.by == Trim::By::length ? left - entries >= trim.length : block.last().id < trim.id) {
            left -= entries;
            continue;
        }
        if (trim.approximate) return master;
        if (trim.by == Trim::By::id) return trim.id;
        for (Walk walk{*this, master, kMaxId}; walk.next();) {
            if (left-- <= trim.length) return walk.id();
        }
    }
    return std::nullopt;
}

// The block stays: it holds the bound.
std::uint64_t Stream::trim_within(Blocks::iterator at, const Trim& trim) {
    const BlockView block{at->first, at->second};
    std::int64_t removed = 0;
    for (BlockEntry entry = block.first(); entry.at != nullptr; entry = block.next(entry)) {
        if (trim.by == Trim::By::length ? length_ <= trim.length : entry.id >= trim.id) break;
        if (entry.deleted) continue;
        mark_deleted(entry);
        --length_;
        ++removed;
    }
    if (removed != 0) at->second = count_deleted(at->first, at->second, removed);
    return static_cast<std::uint64_t>(removed);
}

// ---- Looking ----

bool Stream::contains(StreamId id) const { return Walk{*this, id, id}.next(); }

std::optional<StreamId> Stream::last_live() const {
    Walk walk{*this, kMinId, kMaxId, Walk::Way::down};
    if (!walk.next()) return std::nullopt;
    return walk.id();
}

StreamId Stream::trim_edge() const {
    if (blocks_.empty()) return kMaxId;
    return blocks_.begin()->first;
}

std::size_t Stream::memory(std::size_t samples) const {
    constexpr std::size_t kTreeBytesEach = sizeof(Blocks::value_type) + 2;  // appended to: nodes are full
    std::size_t bytes = sizeof(Stream) + blocks_.size() * kTreeBytesEach;
    std::size_t looked = 0;
    std::size_t held = 0;
    for (auto at = blocks_.begin(); at != blocks_.end() && (samples == 0 || looked < samples); ++at, ++looked) {
        held += Listpack::allocated_bytes(at->second);
    }
    if (looked != 0 && looked < blocks_.size()) {
        // The last block is rarely full: it counts as itself.
        const std::size_t last = Listpack::allocated_bytes(std::prev(blocks_.end())->second);
        held = held / looked * (blocks_.size() - 1) + last;
    }
    bytes += held;
    if (groups_ == nullptr) return bytes;
    for (const auto& [name, group] : *groups_) bytes += sizeof(Groups::value_type) + name.size() + group->memory();
    return bytes;
}

// ---- Groups ----

const Groups& Stream::groups() const {
    static const Groups kNone;
    return groups_ != nullptr ? *groups_ : kNone;
}

Group* Stream::group(Bytes name) const {
    if (groups_ == nullptr) return nullptr;
    const auto found = groups_->find(name);
    return found == groups_->end() ? nullptr : found->second.get();
}

Group* Stream::add_group(Bytes name, StreamId last, std::int64_t entries_read) {
    if (group(name) != nullptr) return nullptr;
    if (groups_ == nullptr) groups_ = std::make_unique<Groups>();
    return groups_->emplace(std::string{name}, std::make_unique<Group>(last, entries_read)).first->second.get();
}

bool Stream::remove_group(Bytes name) { return groups_ != nullptr && groups_->erase(name) == 1; }

bool Stream::has_gaps_from(StreamId from) const {
    return length_ != 0 && !max_deleted.is_zero() && from <= max_deleted;
}

std::int64_t Stream::distance_to(StreamId id) const {
    const auto added = static_cast<std::int64_t>(entries_added);
    const auto held = static_cast<std::int64_t>(length_);
    if (entries_added == 0) return 0;
    if (length_ == 0 && id <= last_id) return added;
    if (!id.is_zero() && id < max_deleted) return kReadUnknown;
    if (id == last_id) return added;
    if (id > last_id) return kReadUnknown;
    if (!max_deleted.is_zero() && max_deleted >= first_id_) return kReadUnknown;
    if (id < first_id_) return added - held;
    return id == first_id_ ? added - held + 1 : kReadUnknown;
}

std::optional<std::int64_t> Stream::lag(const Group& group) const {
    const auto added = static_cast<std::int64_t>(entries_added);
    if (entries_added == 0 || length_ == 0) return 0;
    if (group.last_id < first_id_ && max_deleted < first_id_) return static_cast<std::int64_t>(length_);
    if (group.read != kReadUnknown && !has_gaps_from(group.last_id)) return added - group.read;
    const std::int64_t read = distance_to(group.last_id);
    if (read == kReadUnknown) return std::nullopt;
    return added - read;
}

// ---- Walking ----

Stream::Walk::Walk(const Stream& stream, StreamId from, StreamId to, Way way)
    : stream_(stream), from_(from), to_(to), way_(way) {
    const Blocks& blocks = stream.blocks_;
    // The block that may hold the bound from which the walk starts: the last that begins at or before it.
    at_ = blocks.upper_bound(way == Way::up ? from : to);
    if (at_ != blocks.begin()) {
        --at_;
    } else if (way == Way::down) {
        at_ = blocks.end();  // all ids are above the range
    }
}

bool Stream::Walk::enter_block() {
    if (at_ == stream_.blocks_.end()) return false;
    view_.emplace(at_->first, at_->second);
    entry_ = way_ == Way::up ? view_->first() : view_->last();
    return true;
}

bool Stream::Walk::advance() {
    if (!started_) {
        started_ = true;
        if (!enter_block()) return false;
    } else {
        entry_ = way_ == Way::up ? view_->next(entry_) : view_->prev(entry_);
    }
    while (entry_.at == nullptr) {
        if (way_ == Way::up) {
            ++at_;
        } else if (at_ == stream_.blocks_.begin()) {
            return false;
        } else {
            --at_;
        }
        if (!enter_block()) return false;
    }
    return true;
}

bool Stream::Walk::next() {
    while (advance()) {
        if (way_ == Way::up ? entry_.id > to_ : entry_.id < from_) return false;
        if (entry_.deleted) continue;
        if (entry_.id >= from_ && entry_.id <= to_) return true;
    }
    return false;
}

}  // namespace keel::stream
