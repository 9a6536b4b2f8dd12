// SPDX-License-Identifier: BSD-3-Clause
//
// One whole permission: which commands, on which keys, on which channels. A user has a root selector and may have
// further ones, written in parentheses; a request is allowed when a single selector allows all of it.
//
//     ~app:*  %R~shared:*  &news.*  -@all +@read +set +config|get +select|0
//     `-- keys -----------'  `----' `-- commands: bits, later rules over earlier ones; +select|0: only with that word
//
// Always true:
//   1. An error of apply() leaves the selector as it was.
//   2. Applying the words of text() to a fresh selector gives an equal one: that is how users get into files.
//   3. The text says about commands what the rules said, in their order, from the last +@all or -@all on, but for rules
//      that a later one made idle: so +@read is still about a command that comes to be with a later version.
//   4. No pattern and no word of a rule holds a blank, a control character of the blank kind or a NUL, so text() can
//      always be split again, and no rule can smuggle a line into a file.
//
// Keys are checked as the command's own key specs find them (Command::find_keys), with what it does to each: reading
// takes %R~, changing %W~, both both; a command that only asks about a key (EXISTS) takes either.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "server/acl/commands.h"

namespace keel::acl {

inline constexpr ErrorText kUnknownCommand{"Unknown command or category name in ACL"};
inline constexpr ErrorText kSyntaxError{"Syntax error"};
inline constexpr ErrorText kAfterAllKeys{
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try "
    "'resetkeys' to start with an empty list of patterns"};
inline constexpr ErrorText kAfterAllChannels{
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try "
    "'resetchannels' to start with an empty list of channels"};
inline constexpr ErrorText kFirstArgOfSubcommand{"Allowing first-arg of a subcommand is not supported"};

// Whether a text would fall apart, or end early, where words are parted by blanks.
[[nodiscard]] bool has_blank(Bytes text);

// Why something was refused. Of several selectors' refusals the greatest is told.
enum class Denied : std::uint8_t {
    no,
    malformed,  // the words contradict the command's grammar, so that its keys cannot be told
    command,
    key,
    auth,
    certificate,  // of a TLS client: no user has its name
    channel,
};

struct Refusal {
    Denied what = Denied::no;
    std::size_t word = 0;  // of the request: the key or channel
};

// A request and its keys, which are found once, when the first selector asks.
class Request {
  public:
    Request(const Command& command, std::span<const Bytes> words, KeyList& scratch)
        : command(command), words(words), keys_(scratch) {}

    const Command& command;
    const std::span<const Bytes> words;

    // False: malformed.
    bool find_keys() {
        if (!found_) found_ = static_cast<bool>(command.find_keys(words, keys_));
        return *found_;
    }
    [[nodiscard]] std::span<const KeyPosition> keys() const { return keys_.all(); }

  private:
    KeyList& keys_;
    std::optional<bool> found_;
};

// Most of what a user with one pattern of keys sends is answered by this: a command with its one key at a fixed place,
// and a beginning of the key.
struct QuickRight {
    Bits commands;
    std::uint64_t first = 0;  // the key's first eight bytes, and which bits of those matter
    std::uint64_t first_mask = 0;
    bool operator==(const QuickRight&) const = default;
};

class Selector {
  public:
    // Nothing allowed, but perhaps all channels. The commands are lent.
    explicit Selector(const Commands& commands, bool all_channels = false);

    // One rule about commands, keys or channels. kSyntaxError: it is no such rule.
    Status apply(Bytes rule);

    [[nodiscard]] Refusal check(Request& request) const;
    // The quick answer for most commands, which have one key at a fixed place. False: ask check().
    [[nodiscard]] bool allows_single_key(const Command& command, std::span<const Bytes> words) const;
    // Such a right, if it has one.
    [[nodiscard]] std::optional<QuickRight> quick_right() const;
    // Adds the commands that it allows whatever words go with them.
    void add_free(Bits& out) const;
    // Listening to this channel, or to this pattern.
    [[nodiscard]] bool may_listen(Bytes name, bool is_pattern) const;
    [[nodiscard]] bool allows_all() const { return all_commands_ && all_keys_ && all_channels_; }
    // Every key that there may be can be read.
    [[nodiscard]] bool reads_all_keys() const;

    [[nodiscard]] std::string command_text() const;  // "-@all +get"
    [[nodiscard]] std::string key_text() const;      // "~a* %R~b*"
    [[nodiscard]] std::string channel_text() const;  // "&c*", as ACL GETUSER shows them
    [[nodiscard]] std::string text() const;          // all of it, as rules

    bool operator==(const Selector&) const = default;

  private:
    struct KeyPattern {
        std::string pattern;
        std::uint8_t may;
        bool beginning;  // all special in it is a star at its end: so many bytes before it
        std::size_t bytes = 0;
        std::uint64_t first = 0;  // the first eight of them, and which bits of those there are
        std::uint64_t first_mask = 0;
        explicit KeyPattern(Bytes pattern, std::uint8_t may);
        [[nodiscard]] bool matches(Bytes key) const;
        bool operator==(const KeyPattern&) const = default;
    };
    struct FirstWord {  // +select|0: the command only with this word behind it
        std::uint32_t id;
        std::string word;
        bool operator==(const FirstWord&) const = default;
    };

    Status apply_key_pattern(Bytes rule);
    Status apply_channel(Bytes pattern);
    Status apply_category(Bytes name, bool allow);
    Status apply_command(Bytes name, bool allow);
    Status allow_first_word(Bytes rule, std::size_t bar);
    void allow_all_commands(bool allow);
    void put(const Command& command, bool allow);
    void remember(Bytes name, bool allow);
    void note_commands() { all_commands_ = later_ && bits_ == commands_->every(); }

    [[nodiscard]] bool may_run(const Request& request) const;
    [[nodiscard]] bool may_touch(Bytes key, std::uint8_t needs) const;
    [[nodiscard]] Refusal check_single_key(const Request& request, Commands::SingleKey key) const;
    [[nodiscard]] bool may_use_channel(Bytes name, bool is_pattern) const;
    [[nodiscard]] Refusal check_keys(Request& request) const;
    [[nodiscard]] Refusal check_channels(const Request& request) const;

    const Commands* commands_;
    Bits bits_;
    std::vector<std::string> rules_;      // about commands: "+@read", "-get"
    std::vector<FirstWord> first_words_;  // by id; of commands whose bit is not set
    bool later_ = false;                  // commands that are unknown yet
    bool all_commands_ = false;           // those and every bit
    bool all_keys_ = false;
    bool all_channels_ = false;
    std::vector<KeyPattern> keys_;  // empty while all_keys_
    std::vector<std::string> channels_;
};

}  // namespace keel::acl
