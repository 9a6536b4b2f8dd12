// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/registry.h"

#include <algorithm>
#include <array>

#include "protocol/base/bytes.h"
#include "protocol/base/number.h"
#include "protocol/resp/errors.h"

namespace keel {

namespace {

// Of the length, and the first and the last bytes in lower case. Names are short and come from our own rows: nothing
// to attack here.
std::uint64_t name_hash(Bytes name) {
    constexpr std::uint64_t kLower = 0x2020202020202020ULL;
    const char* at = name.data();
    const std::size_t n = name.size();
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (n >= 8) {
        first = load_le<std::uint64_t>(at);
        last = load_le<std::uint64_t>(at + n - 8);
    } else if (n >= 4) {
        first = load_le<std::uint32_t>(at);
        last = load_le<std::uint32_t>(at + n - 4);
    } else {
        for (const char c : name) first = first << 8 | static_cast<std::uint8_t>(c);
    }
    const std::uint64_t hash = ((first | kLower) ^ n) * 0x9e3779b97f4a7c15ULL + (last | kLower) * 0xff51afd7ed558ccdULL;
    return hash ^ (hash >> 32);
}

template <typename T>
struct Named {
    T value;
    Bytes name;
};

// In the order in which Redis lists them. Those that are missing it does not tell clients of either.
constexpr std::array kFlagNames = std::to_array<Named<Flag>>({
    {Flag::write, "write"},
    {Flag::readonly, "readonly"},
    {Flag::denyoom, "denyoom"},
    {Flag::admin, "admin"},
    {Flag::pubsub, "pubsub"},
    {Flag::noscript, "noscript"},
    {Flag::blocking, "blocking"},
    {Flag::loading, "loading"},
    {Flag::stale, "stale"},
    {Flag::skip_monitor, "skip_monitor"},
    {Flag::skip_slowlog, "skip_slowlog"},
    {Flag::asking, "asking"},
    {Flag::fast, "fast"},
    {Flag::no_auth, "no_auth"},
    {Flag::no_mandatory_keys, "no_mandatory_keys"},
    {Flag::no_async_loading, "no_async_loading"},
    {Flag::no_multi, "no_multi"},
    {Flag::movablekeys, "movablekeys"},
    {Flag::allow_busy, "allow_busy"},
});

constexpr std::array kCategoryNames = std::to_array<Named<Category>>({
    {Category::keyspace, "keyspace"},
    {Category::read, "read"},
    {Category::write, "write"},
    {Category::set, "set"},
    {Category::sortedset, "sortedset"},
    {Category::list, "list"},
    {Category::hash, "hash"},
    {Category::string, "string"},
    {Category::bitmap, "bitmap"},
    {Category::hyperloglog, "hyperloglog"},
    {Category::geo, "geo"},
    {Category::stream, "stream"},
    {Category::pubsub, "pubsub"},
    {Category::admin, "admin"},
    {Category::fast, "fast"},
    {Category::slow, "slow"},
    {Category::blocking, "blocking"},
    {Category::dangerous, "dangerous"},
    {Category::connection, "connection"},
    {Category::transaction, "transaction"},
    {Category::scripting, "scripting"},
});

constexpr std::array kCategories = [] {
    std::array<Category, kCategoryNames.size()> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = kCategoryNames[i].value;
    return out;
}();

constexpr std::array kUseNames = std::to_array<Named<Use>>({
    {Use::ro, "RO"},
    {Use::rw, "RW"},
    {Use::ow, "OW"},
    {Use::rm, "RM"},
    {Use::access, "access"},
    {Use::update, "update"},
    {Use::insert, "insert"},
    {Use::erase, "delete"},
    {Use::not_key, "not_key"},
    {Use::incomplete, "incomplete"},
    {Use::variable_flags, "variable_flags"},
});

constexpr std::array<Bytes, 17> kGroupNames = {
    "generic", "string",    "list",        "set",     "sorted-set", "hash", "pubsub", "transactions", "connection",
    "server",  "scripting", "hyperloglog", "cluster", "sentinel",   "geo",  "stream", "bitmap",
};

// Categories that follow from the flags, as Redis derives them.
Category derived_categories(Flag flags, Category named) {
    Category out = named;
    if (has(flags, Flag::write)) out = out | Category::write;
    if (has(flags, Flag::readonly) && !has(named, Category::scripting)) out = out | Category::read;
    if (has(flags, Flag::admin)) out = out | Category::admin | Category::dangerous;
    if (has(flags, Flag::pubsub)) out = out | Category::pubsub;
    if (has(flags, Flag::blocking)) out = out | Category::blocking;
    return out | (has(flags, Flag::fast) ? Category::fast : Category::slow);
}

// Word where a spec's keys begin; 0 when the keyword is absent.
std::size_t begin_of(const KeySpec& spec, std::span<const Bytes> words) {
    if (spec.keyword.empty()) return static_cast<std::size_t>(spec.index);
    const auto count = static_cast<int>(words.size());
    const bool forwards = spec.start_from > 0;
    int at = forwards ? spec.start_from : count + spec.start_from;
    for (; at >= 1 && at < count; at += forwards ? 1 : -1) {
        if (equal_nocase(words[static_cast<std::size_t>(at)], spec.keyword)) return static_cast<std::size_t>(at) + 1;
    }
    return 0;
}

// True when the words hold what the spec says.
bool keys_of(const KeySpec& spec, std::span<const Bytes> words, KeyList& out) {
    const std::size_t begin = begin_of(spec, words);
    if (begin == 0) return true;
    const auto count = static_cast<std::int64_t>(words.size());
    const auto first = static_cast<std::int64_t>(begin);
    if (spec.counted) {
        const std::int64_t at = first + spec.count_at;
        if (at >= count) return false;
        const auto keys = parse_integer(words[static_cast<std::size_t>(at)]);
        const std::int64_t from = first + spec.first;
        if (!keys || *keys < 0 || *keys > (count - from + spec.step - 1) / spec.step) return false;
        for (std::int64_t i = 0; i < *keys; ++i) out.add(static_cast<std::size_t>(from + i * spec.step), spec.use);
        return true;
    }
    std::int64_t last = spec.last;
    if (last >= 0)
        last += first;
    else if (spec.limit <= 1)
        last += count;
    else
        last = first + (count - first) / spec.limit + last;
    for (std::int64_t at = first; at <= last; at += spec.step) {
        if (at >= count) return false;
        out.add(static_cast<std::size_t>(at), spec.use);
    }
    return true;
}

}  // namespace

// ---- Command ----

Command::Command(const CommandSpec& spec, void* self, Command* parent, std::uint32_t id)
    : spec_(&spec),
      self_(self),
      parent_(parent),
      id_(id),
      flags_(spec.flags),
      categories_(derived_categories(spec.flags, spec.categories)),
      full_name_(parent != nullptr ? parent->full_name_ + '|' + std::string{spec.name} : std::string{spec.name}) {
    derive_key_range();
    derive_flags();
}

void Command::derive_flags() {
    bool finds_more = spec_->find_keys != nullptr;
    for (const KeySpec& spec : spec_->keys.all()) {
        if (has(spec.use, Use::variable_flags))
            finds_more = false;  // it only tells what this request does with the key
        if (!spec.keyword.empty() || spec.counted || has(spec.use, Use::incomplete))
            flags_ = flags_ | Flag::movablekeys;
    }
    if (finds_more) flags_ = flags_ | Flag::movablekeys;
}

// The old triple (first, last, step) from the specs that name a fixed range; several of them join when they lie
// side by side.
void Command::derive_key_range() {
    for (const KeySpec& spec : spec_->keys.all()) {
        if (spec.unknown() || !spec.keyword.empty() || spec.counted) continue;
        const int first = spec.index;
        const int last = spec.last >= 0 ? first + spec.last : spec.last;
        if (first_key_ == 0) {
            first_key_ = first;
            last_key_ = last;
            key_step_ = spec.step;
        } else {
            if (last_key_ != first - 1) continue;
            last_key_ = last;
        }
    }
}

Command* Command::subcommand(Bytes name) const {
    // Linear: a container has a dozen, and they are not on a hot path.
    for (const auto& sub : subcommands_) {
        if (equal_nocase(sub->spec().name, name)) return sub.get();
    }
    return nullptr;
}

Status Command::find_keys(std::span<const Bytes> words, KeyList& out) const {
    out.clear();
    if (spec_->find_keys != nullptr) return spec_->find_keys(words, out);
    for (const KeySpec& spec : spec_->keys.all()) {
        if (!keys_of(spec, words, out)) return errors::kInvalidArguments;
    }
    return {};
}

// ---- Registry ----

void Registry::add(std::span<const CommandSpec> rows, void* self) {
    for (const CommandSpec& row : rows) {
        commands_.push_back(std::make_unique<Command>(row, self, nullptr, next_id_++));
        Command* command = commands_.back().get();
        names_.emplace_back(row.name);
        for (const CommandSpec& sub : row.subcommands) {
            command->subcommands_.push_back(std::make_unique<Command>(sub, self, command, next_id_++));
        }
        index(row.name, command);
    }
}

Command* Registry::find(Bytes name) const {
    if (slots_.empty()) return nullptr;
    const std::uint64_t hash = name_hash(name);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask; slots_[at].command != nullptr; at = (at + 1) & mask) {
        if (slots_[at].hash == hash && equal_nocase(slot_names_[at], name)) return slots_[at].command;
    }
    return nullptr;
}

Command* Registry::find_full(Bytes name) const {
    const std::size_t bar = name.find_first_of("| ");
    if (bar == Bytes::npos) return find(name);
    const Command* container = find(name.substr(0, bar));
    return container != nullptr ? container->subcommand(name.substr(bar + 1)) : nullptr;
}

bool Registry::rename(Bytes from, Bytes to) {
    Command* command = find(from);
    if (command == nullptr || (!to.empty() && find(to) != nullptr)) return false;
    for (std::size_t i = 0; i < commands_.size(); ++i) {
        if (commands_[i].get() == command) names_[i] = lower(to);
    }
    slots_.clear();
    slot_names_.clear();
    indexed_ = 0;
    for (std::size_t i = 0; i < commands_.size(); ++i) {
        if (!names_[i].empty()) index(names_[i], commands_[i].get());
    }
    return true;
}

void Registry::index(Bytes name, Command* command) {
    if (2 * (indexed_ + 1) > slots_.size()) grow();
    const std::uint64_t hash = name_hash(name);
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].command != nullptr) at = (at + 1) & mask;
    slots_[at] = {hash, command};
    slot_names_[at] = lower(name);
    ++indexed_;
}

void Registry::grow() {
    const std::size_t size = std::max<std::size_t>(512, slots_.size() * 2);
    std::vector<NameSlot> old(size);
    std::vector<std::string> old_names(size);
    old.swap(slots_);
    old_names.swap(slot_names_);
    indexed_ = 0;
    for (std::size_t i = 0; i < old.size(); ++i) {
        if (old[i].command != nullptr) index(old_names[i], old[i].command);
    }
}

// ---- Names ----

std::vector<Bytes> flag_names(Flag flags) {
    std::vector<Bytes> out;
    for (const auto& [flag, name] : kFlagNames) {
        if (has(flags, flag)) out.push_back(name);
    }
    return out;
}

Bytes category_name(Category one) {
    for (const auto& [category, name] : kCategoryNames) {
        if (category == one) return name;
    }
    return {};
}

std::vector<Bytes> category_names(Category set) {
    std::vector<Bytes> out;
    for (const auto& [category, name] : kCategoryNames) {
        if (has(set, category)) out.push_back(name);
    }
    return out;
}

Category category_of(Bytes name) {
    for (const auto& [category, known] : kCategoryNames) {
        if (equal_nocase(known, name)) return category;
    }
    return Category::none;
}

std::span<const Category> all_categories() { return kCategories; }

Bytes group_name(Group group) { return kGroupNames[static_cast<std::size_t>(group)]; }

std::vector<Bytes> use_names(Use use) {
    std::vector<Bytes> out;
    for (const auto& [flag, name] : kUseNames) {
        if (has(use, flag)) out.push_back(name);
    }
    return out;
}

}  // namespace keel
