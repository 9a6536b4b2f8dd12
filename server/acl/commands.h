// SPDX-License-Identifier: BSD-3-Clause
//
// The commands as access rules see them: by their own names, whatever rename-command calls them, and by category.
//
//     Bits      one bit for each Command::id()
//     members   of a category: the commands and subcommands that are in it
//     reach     of a rule about the category: its members, and all subcommands of containers among them
//
// Always true:
//   1. Built when all commands are registered; ids stay, so bits mean the same for the life of the registry.
//   2. A container and its subcommands have bits of their own; only a subcommand's or a plain command's is asked for.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "datatypes/command/registry.h"

namespace keel::acl {

class Bits {
  public:
    Bits() = default;
    explicit Bits(std::size_t count, bool value = false) : words_((count + 63) / 64) { assign(count, value); }
    [[nodiscard]] bool test(std::uint32_t id) const { return ((words_[id / 64] >> (id % 64)) & 1) != 0; }
    void set(std::uint32_t id, bool value) {
        const std::uint64_t bit = std::uint64_t{1} << (id % 64);
        words_[id / 64] = value ? words_[id / 64] | bit : words_[id / 64] & ~bit;
    }
    void set(const Bits& which, bool value) {
        for (std::size_t i = 0; i < words_.size(); ++i)
            words_[i] = value ? words_[i] | which.words_[i] : words_[i] & ~which.words_[i];
    }
    Bits& operator&=(const Bits& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
        return *this;
    }
    [[nodiscard]] std::size_t count() const { return count_with(*this); }
    // How many are set both here and there.
    [[nodiscard]] std::size_t count_with(const Bits& other) const {
        std::size_t out = 0;
        for (std::size_t i = 0; i < words_.size(); ++i)
            out += static_cast<std::size_t>(std::popcount(words_[i] & other.words_[i]));
        return out;
    }
    bool operator==(const Bits&) const = default;

  private:
    void assign(std::size_t count, bool value) {
        for (std::size_t id = 0; value && id < count; ++id) set(static_cast<std::uint32_t>(id), true);
    }
    std::vector<std::uint64_t> words_;
};

// What a command does with the channels that it names.
enum class ChannelUse : std::uint8_t {
    none,
    publish,        // the first word
    listen,         // all words
    listen_pattern  // all words, and they are patterns
};

// What may be done with a key, and what a command does with it.
inline constexpr std::uint8_t kRead = 1;
inline constexpr std::uint8_t kWrite = 2;
[[nodiscard]] constexpr std::uint8_t needed(Use use) {
    const unsigned read = has(use, Use::access) ? kRead : 0;
    const unsigned write = has(use, Use::update | Use::insert | Use::erase) ? kWrite : 0;
    return static_cast<std::uint8_t>(read | write);
}

class Commands {
  public:
    // The registry is lent.
    explicit Commands(const Registry& registry);

    // "get" or "config|get", in any case; null if there is none.
    [[nodiscard]] const Command* find(Bytes name) const;
    // Each container is followed by its subcommands.
    [[nodiscard]] const std::vector<const Command*>& all() const { return all_; }
    [[nodiscard]] std::size_t count() const { return all_.size(); }
    [[nodiscard]] const Bits& every() const { return every_; }
    // Those that name no channels; those that name neither channels nor keys; those that need no user at all.
    [[nodiscard]] const Bits& without_channels() const { return without_channels_; }
    [[nodiscard]] const Bits& without_names() const { return without_names_; }
    [[nodiscard]] const Bits& for_strangers() const { return for_strangers_; }

    [[nodiscard]] const Bits& members(Category category) const { return sets_[index_of(category)].members; }
    [[nodiscard]] const Bits& reach(Category category) const { return sets_[index_of(category)].reach; }

    // Of a command that names one key, always at the same word: that word, and what has to be allowed there. Word 0:
    // keys have to be looked for.
    struct SingleKey {
        std::uint32_t word = 0;
        std::uint8_t needs = 0;
    };
    [[nodiscard]] SingleKey single_key(const Command& command) const { return single_keys_[command.id()]; }
    // Those of them that this allows.
    [[nodiscard]] const Bits& with_single_key(std::uint8_t may) const { return with_single_key_[may]; }
    [[nodiscard]] ChannelUse channel_use(const Command& command) const {
        return command.is(Flag::pubsub) ? channel_uses_[command.id()] : ChannelUse::none;
    }

  private:
    void note_names(const Command& command);

    struct CategorySets {
        Bits members, reach;
    };
    static std::size_t index_of(Category category) {
        return static_cast<std::size_t>(std::countr_zero(static_cast<std::uint32_t>(category)));
    }

    const Registry& registry_;
    std::vector<const Command*> all_;
    Bits every_;
    Bits without_channels_;
    Bits without_names_;
    Bits for_strangers_;
    std::array<CategorySets, 32> sets_{};
    std::vector<ChannelUse> channel_uses_;  // by id
    std::vector<SingleKey> single_keys_;
    std::array<Bits, 4> with_single_key_;  // by kRead | kWrite
};

}  // namespace keel::acl
