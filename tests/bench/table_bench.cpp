// SPDX-License-Identifier: BSD-3-Clause
//
// Table beside absl::flat_hash_set and std::unordered_set of pointers: nanoseconds per operation, the longest
// single insert (the least of five passes, and the worst of all), bytes per item, at 1k, 1M and 10M items with 16-byte
// keys.
//
//     table_bench [items ...]
//
// Items are 24 bytes and lie in one array in random order of insertion; keys are hashed inside the measured time, which
// is CPU time of the one thread.
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "datatypes/encodings/table.h"
#include "protocol/base/random.h"

using namespace keel;

namespace {

struct Item {
    char text[16];
    std::uint64_t value;
};

struct ItemTraits {
    using Item = ::Item;
    static Bytes key(const Item* item) { return {item->text, sizeof(item->text)}; }
};

struct ByKey {
    using is_transparent = void;
    std::size_t operator()(const Item* item) const { return hash_bytes(ItemTraits::key(item)); }
    std::size_t operator()(Bytes key) const { return hash_bytes(key); }
    bool operator()(const Item* a, const Item* b) const { return ItemTraits::key(a) == ItemTraits::key(b); }
    bool operator()(const Item* a, Bytes b) const { return ItemTraits::key(a) == b; }
    bool operator()(Bytes a, const Item* b) const { return ItemTraits::key(b) == a; }
};

// CPU time of this thread: what others do on the machine stays out, page faults and the allocator's calls don't.
std::int64_t now_ns() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// The three tables behind the same four calls.
struct Ours {
    static constexpr const char* kName = "keel::Table";
    Table<ItemTraits> table;
    void insert(Item* item) { table.insert(item, hash_bytes(ItemTraits::key(item))); }
    Item* find(Bytes key) { return table.find(key, hash_bytes(key)); }
    void erase(Bytes key) { table.erase(key, hash_bytes(key)); }
    std::size_t bytes() { return table.memory_bytes(); }
};

struct Absl {
    static constexpr const char* kName = "absl::flat_hash_set";
    absl::flat_hash_set<Item*, ByKey, ByKey> table;
    void insert(Item* item) { table.insert(item); }
    Item* find(Bytes key) {
        const auto at = table.find(key);
        return at == table.end() ? nullptr : *at;
    }
    void erase(Bytes key) { table.erase(key); }
    std::size_t bytes() { return table.capacity() * (sizeof(Item*) + 1); }
};

struct Standard {
    static constexpr const char* kName = "std::unordered_set";
    std::unordered_set<Item*, ByKey, ByKey> table;
    void insert(Item* item) { table.insert(item); }
    Item* find(Bytes key) {
        const auto at = table.find(key);
        return at == table.end() ? nullptr : *at;
    }
    void erase(Bytes key) {
        const auto at = table.find(key);
        if (at != table.end()) table.erase(at);
    }
    std::size_t bytes() { return table.bucket_count() * 8 + table.size() * 32; }
};

template <typename F>
double per_op(std::size_t n, F&& run) {
    const std::int64_t start = now_ns();
    run();
    return static_cast<double>(now_ns() - start) / static_cast<double>(n);
}

void name(Item& item, char kind, std::size_t i) {
    std::snprintf(item.text, sizeof(item.text), "%c:%013zu", kind, i);
    item.text[15] = '.';
}

// Ours only: 64 keys at a time, fetched ahead in three stages, as the server's loop does it.
double batched_find(Ours& ours, const std::vector<Bytes>& asked) {
    std::size_t found = 0;
    const double ns = per_op(asked.size(), [&] {
        std::uint64_t hashes[64];
        for (std::size_t i = 0; i + 64 <= asked.size(); i += 64) {
            for (std::size_t k = 0; k < 64; ++k) ours.table.prefetch_directory(hashes[k] = hash_bytes(asked[i + k]));
            for (const std::uint64_t hash : hashes) ours.table.prefetch_line(hash);
            for (const std::uint64_t hash : hashes) ours.table.prefetch_item(hash);
            for (std::size_t k = 0; k < 64; ++k) found += ours.table.find(asked[i + k], hashes[k]) != nullptr;
        }
    });
    if (found != asked.size() / 64 * 64) std::abort();
    return ns;
}

// Growth from nothing, every insert timed by itself. What the table has to do for the i-th insert is the same in every
// pass, what the machine does to it (interrupts, page faults, another guest on the core) is not: the least of several
// passes is the table's share.
struct Longest {
    float worst_us = 0;  // of all passes
    float least_us = 0;  // of the insert whose quickest pass was the slowest
    std::size_t over_100us = 0;
};
template <class T>
Longest longest_insert(std::vector<Item>& items) {
    constexpr int kPasses = 5;
    std::vector<float> least(items.size(), std::numeric_limits<float>::max());
    Longest out;
    for (int pass = 0; pass < kPasses; ++pass) {
        T subject;
        std::int64_t before = now_ns();
        for (std::size_t i = 0; i < items.size(); ++i) {
            subject.insert(&items[i]);
            const std::int64_t after = now_ns();
            const float us = static_cast<float>(after - before) / 1000;
            out.worst_us = std::max(out.worst_us, us);
            least[i] = std::min(least[i], us);
            before = after;
        }
    }
    for (const float us : least) {
        out.least_us = std::max(out.least_us, us);
        out.over_100us += us > 100;
    }
    return out;
}

template <class T>
void measure(std::vector<Item>& items, const std::vector<Bytes>& asked, const std::vector<Item>& absent) {
    const Longest longest = longest_insert<T>(items);
    T subject;
    const std::size_t rounds = std::max<std::size_t>(1, 1'000'000 / items.size());
    double insert = 0;
    double erase = 0;
    double hit = 0;
    double miss = 0;
    double batch = 0;
    double bytes = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        insert += per_op(items.size(), [&] {
            for (Item& item : items) subject.insert(&item);
        });
        bytes = static_cast<double>(subject.bytes()) / static_cast<double>(items.size());
        std::size_t found = 0;
        hit += per_op(asked.size(), [&] {
            for (const Bytes key : asked) found += subject.find(key) != nullptr;
        });
        if (found != asked.size()) std::abort();
        if constexpr (std::is_same_v<T, Ours>) batch += batched_find(subject, asked);
        miss += per_op(absent.size(), [&] {
            for (const Item& item : absent) found += subject.find(ItemTraits::key(&item)) != nullptr;
        });
        if (found != asked.size()) std::abort();
        erase += per_op(asked.size(), [&] {
            for (const Bytes key : asked) subject.erase(key);
        });
    }
    const auto of = static_cast<double>(rounds);
    std::printf("%-20s %9zu  insert %6.1f  hit %6.1f  miss %6.1f  erase %6.1f  hit in batches %5.1f  ", T::kName,
                items.size(), insert / of, hit / of, miss / of, erase / of, batch / of);
    std::printf("longest insert %9.1f us (%zu over 100; with the machine's noise %.1f us)  %5.2f B/item\n",
                static_cast<double>(longest.least_us), longest.over_100us, static_cast<double>(longest.worst_us),
                bytes);
}

void measure_all(std::size_t n) {
    std::vector<Item> items(n);
    std::vector<Item> absent(std::min<std::size_t>(n, 1'000'000));
    for (std::size_t i = 0; i < n; ++i) name(items[i], 'k', i);
    for (std::size_t i = 0; i < absent.size(); ++i) name(absent[i], 'a', i);
    Random random{n};
    for (std::size_t i = n; i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
    std::vector<Item> copies{items};  // keys to ask with, apart from the items
    for (std::size_t i = n; i > 1; --i) std::swap(copies[i - 1], copies[random.below(i)]);
    std::vector<Bytes> asked(n);
    for (std::size_t i = 0; i < n; ++i) asked[i] = ItemTraits::key(&copies[i]);
    measure<Ours>(items, asked, absent);
    measure<Absl>(items, asked, absent);
    measure<Standard>(items, asked, absent);
}

}  // namespace

int main(int argc, char** argv) {
    std::printf("nanoseconds per operation, hashing included\n");
    if (argc == 1) {
        for (const std::size_t n : {1'000U, 1'000'000U, 10'000'000U}) measure_all(n);
    }
    for (int i = 1; i < argc; ++i) measure_all(std::strtoull(argv[i], nullptr, 10));
    return 0;
}
