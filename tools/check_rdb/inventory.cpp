// SPDX-License-Identifier: BSD-3-Clause
#include "tools/check_rdb/inventory.h"

#include <algorithm>

#include "datatypes/encodings/hash.h"
#include "persistence/rdb/format.h"

namespace keel::check_rdb {

namespace {

bool bigger(const BigKey& a, const BigKey& b) { return std::pair{a.bytes, b.offset} > std::pair{b.bytes, a.offset}; }

// "one" of a library that begins with "#!lua name=one".
std::string library_name(Bytes code) {
    const Bytes line = code.substr(0, std::min(code.find('\n'), code.size()));
    const std::size_t at = line.find(" name=");
    if (!line.starts_with("#!") || at == Bytes::npos) return {};
    const Bytes name = line.substr(at + 6);
    return std::string{name.substr(0, std::min(name.find_first_of(" \t\r"), name.size()))};
}

}  // namespace

Bytes encoding_in_file(RdbTag tag, std::uint8_t first) {
    switch (tag) {
        case RdbTag::string:
            if (first == (rdb::kEncoded | rdb::kLzf)) return "squeezed";
            return first >= rdb::kEncoded ? "integer" : "plain";
        case RdbTag::list: return "linkedlist";
        case RdbTag::list_quicklist: return "quicklist";
        case RdbTag::list_quicklist2: return "quicklist2";
        case RdbTag::set_intset: return "intset";
        case RdbTag::zset_text: return "skiplist-text";
        case RdbTag::zset: return "skiplist";
        case RdbTag::hash_zipmap: return "zipmap";
        case RdbTag::list_ziplist:
        case RdbTag::zset_ziplist:
        case RdbTag::hash_ziplist: return "ziplist";
        case RdbTag::set_listpack:
        case RdbTag::zset_listpack:
        case RdbTag::hash_listpack: return "listpack";
        case RdbTag::set:
        case RdbTag::hash: return "hashtable";
        case RdbTag::hash_timed_rc:
        case RdbTag::hash_timed: return "hashtable-timed";
        case RdbTag::hash_listpack_timed_rc:
        case RdbTag::hash_listpack_timed: return "listpack-timed";
        case RdbTag::stream: return "listpacks";
        case RdbTag::stream2: return "listpacks2";
        case RdbTag::stream3: return "listpacks3";
        case RdbTag::stream4: return "listpacks4";
        case RdbTag::stream5: return "listpacks5";
        default: return "unknown";
    }
}

Sum& Sum::operator+=(const Sum& other) {
    keys += other.keys;
    expiring += other.expiring;
    bytes += other.bytes;
    elements += other.elements;
    return *this;
}

Status Inventory::on_key(const rdb::StoredKey& key) {
    if (key.value == nullptr) return {};  // servers pass over it, so it is in nobody's way either
    const TypeOps& ops = type_ops(key.value->type);
    const Bytes encoding = encoding_in_file(key.tag, key.first);
    const bool expiring = key.deadline != kNoDeadline;
    const Sum one{.keys = 1,
                  .expiring = expiring ? 1U : 0U,
                  .bytes = key.bytes,
                  .elements = ops.count != nullptr ? ops.count(*key.value) : 1};
    databases_[key.db] += one;
    kinds_[{ops.type, encoding}] += one;
    if (expiring && key.deadline <= now_) ++expired_;
    note_big(key, encoding, one.elements);
    // Databases tell their keys apart by an odd factor, under which no two of them share their hashes.
    const std::uint64_t hash = hash_bytes(key.name) * (2 * static_cast<std::uint64_t>(key.db) + 1);
    const bool again = !seen_.empty() && seen_.back().hash == hash && key.name == last_name_;
    seen_.push_back({hash, key.offset});
    last_name_.assign(key.name);
    return again ? Status{kTwice} : Status{};
}

void Inventory::note_big(const rdb::StoredKey& key, Bytes encoding, std::uint64_t elements) {
    if (most_ == 0 || (biggest_.size() == most_ && key.bytes <= biggest_.front().bytes)) return;
    if (biggest_.size() == most_) {
        std::pop_heap(biggest_.begin(), biggest_.end(), bigger);
        biggest_.pop_back();
    }
    biggest_.push_back({.bytes = key.bytes,
                        .offset = key.offset,
                        .elements = elements,
                        .db = key.db,
                        .type = key.value->type,
                        .encoding = encoding,
                        .deadline = key.deadline,
                        .name = std::string{key.name}});
    std::push_heap(biggest_.begin(), biggest_.end(), bigger);
}

Status Inventory::add_library(Bytes code) {
    libraries_.push_back({library_name(code), code.size()});
    return {};
}

Sum Inventory::total() const {
    Sum all;
    for (const auto& [db, sum] : databases_) all += sum;
    return all;
}

const std::vector<BigKey>& Inventory::biggest() {
    std::sort(biggest_.begin(), biggest_.end(), bigger);
    return biggest_;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> Inventory::twins() {
    std::sort(seen_.begin(), seen_.end());
    std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs;
    for (std::size_t i = 1; i < seen_.size(); ++i) {
        if (seen_[i].hash == seen_[i - 1].hash) pairs.emplace_back(seen_[i].offset, seen_[i - 1].offset);
    }
    std::sort(pairs.begin(), pairs.end());
    return pairs;
}

}  // namespace keel::check_rdb
