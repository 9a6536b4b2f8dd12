// SPDX-License-Identifier: BSD-3-Clause
//
// Many items on their way into a table, as a file gives them. They are looked up and inserted some at a time, so that
// the memory which each touches is fetched while others are read.
//
//     TableLoader<MemberTable, &MemberTable::table> loader;
//     if (!loader.add(StoredMember::make(text), text)) ...         it, or one before it, is there twice
//     std::unique_ptr<MemberTable> all = loader.finish();          null: the same
//
// Always true: an item that was handed in is in the table, waits in the group, or was freed; nothing of it is left when
// the loader ends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "datatypes/encodings/hash.h"
#include "protocol/base/bytes.h"

namespace keel {

// Owner: has a Table, which its member `table_of` shows, and take(item, hash), which is false (and takes nothing) for a
// key that is there. Item::release() frees an item.
template <class Owner, auto table_of>
class TableLoader {
    using Table = std::remove_cvref_t<std::invoke_result_t<decltype(table_of), const Owner&>>;
    using Item = typename Table::Item;

  public:
    TableLoader() : owner_(std::make_unique<Owner>()) {}
    ~TableLoader() {
        for (std::size_t i = 0; i < waiting_; ++i) Item::release(group_[i].item);
    }
    TableLoader(const TableLoader&) = delete;
    TableLoader& operator=(const TableLoader&) = delete;

    // Takes the item over. False: a key is there twice; then there is no use in going on.
    [[nodiscard]] bool add(Item* item, Bytes key) {
        Waiting& one = group_[waiting_++];
        one = {item, hash_bytes(key)};
        table().prefetch_directory(one.hash);
        return waiting_ < group_.size() || settle();
    }
    // All of them; null if a key is there twice.
    [[nodiscard]] std::unique_ptr<Owner> finish() {
        if (!settle()) return nullptr;
        return std::move(owner_);
    }

  private:
    struct Waiting {
        Item* item;
        std::uint64_t hash;
    };

    [[nodiscard]] const Table& table() const { return std::invoke(table_of, std::as_const(*owner_)); }
    bool settle() {
        for (std::size_t i = 0; i < waiting_; ++i) table().prefetch_line(group_[i].hash);
        while (waiting_ > 0) {
            const Waiting& last = group_[waiting_ - 1];
            if (!owner_->take(last.item, last.hash)) return false;
            --waiting_;
        }
        return true;
    }

    std::unique_ptr<Owner> owner_;
    std::array<Waiting, 16> group_;
    std::size_t waiting_ = 0;
};

}  // namespace keel
