// SPDX-License-Identifier: BSD-3-Clause
//
// All commands by name, with what each gathers while the server runs.
//
// Always true:
//   1. A Command lives as long as the registry; its address is its identity (sessions, ACL bits, statistics).
//   2. `id` counts up from 0 without gaps, containers and subcommands included: ACL bitmaps index by it.
//   3. Look-up takes a name in any case and costs one hash of its bytes and one comparison.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "datatypes/command/spec.h"

namespace keel {

// The keys a request names, found without running it. Reused from request to request.
class KeyList {
  public:
    void clear() { positions_.clear(); }
    void add(std::size_t index, Use use) { positions_.push_back({static_cast<std::uint32_t>(index), use}); }
    [[nodiscard]] std::span<const KeyPosition> all() const { return positions_; }
    [[nodiscard]] bool empty() const { return positions_.empty(); }

  private:
    std::vector<KeyPosition> positions_;
};

struct CommandStats {
    std::uint64_t calls = 0;
    std::uint64_t ns = 0;        // time spent running
    std::uint64_t rejected = 0;  // refused before running
    std::uint64_t failed = 0;    // ran and answered an error
    // Times per call in powers of two of a nanosecond-based scale; see server/latency_monitor. Owned there.
    std::unique_ptr<std::uint32_t[]> histogram;
};

class Command {
  public:
    Command(const CommandSpec& spec, void* self, Command* parent, std::uint32_t id);

    [[nodiscard]] const CommandSpec& spec() const { return *spec_; }
    [[nodiscard]] Bytes name() const { return full_name_; }  // "get", "config|get"
    [[nodiscard]] std::uint32_t id() const { return id_; }
    [[nodiscard]] Flag flags() const { return flags_; }
    [[nodiscard]] bool is(Flag flag) const { return has(flags_, flag); }
    [[nodiscard]] Category categories() const { return categories_; }
    [[nodiscard]] Command* parent() const { return parent_; }
    [[nodiscard]] std::span<const std::unique_ptr<Command>> subcommands() const { return subcommands_; }
    [[nodiscard]] Command* subcommand(Bytes name) const;
    [[nodiscard]] bool runs() const { return static_cast<bool>(spec_->run); }
    Status run(Context& cx) const { return spec_->run(cx, self_); }

    // As COMMAND INFO shows them: first key, last key, step; zeros when the command has none.
    [[nodiscard]] int first_key() const { return first_key_; }
    [[nodiscard]] int last_key() const { return last_key_; }
    [[nodiscard]] int key_step() const { return key_step_; }

    // The keys of a request for this command, in the order of the key specs. An error when the words contradict
    // the command's grammar. O(words).
    Status find_keys(std::span<const Bytes> words, KeyList& out) const;

    CommandStats stats;

  private:
    friend class Registry;
    void derive_flags();
    void derive_key_range();

    const CommandSpec* spec_;
    void* self_;
    Command* parent_;
    std::uint32_t id_;
    Flag flags_;
    Category categories_;
    std::string full_name_;
    int first_key_ = 0;
    int last_key_ = 0;
    int key_step_ = 0;
    std::vector<std::unique_ptr<Command>> subcommands_;
};

class Registry {
  public:
    // Adds a family. `self` is the object whose methods the rows are bound to, null for plain functions.
    void add(std::span<const CommandSpec> rows, void* self = nullptr);

    // The command of that name, null if there is none. Any case. Containers are returned as such.
    [[nodiscard]] Command* find(Bytes name) const;
    // "config|get" or "config get" as ACL rules and COMMAND INFO write it.
    [[nodiscard]] Command* find_full(Bytes name) const;

    // rename-command: `to` empty removes it. False if there is no `from`, or `to` exists.
    bool rename(Bytes from, Bytes to);

    // In order of registration; containers, not subcommands.
    [[nodiscard]] std::span<const std::unique_ptr<Command>> all() const { return commands_; }
    // Every command and subcommand.
    template <typename F>
    void each(F&& visit) const {
        for (const auto& command : commands_) {
            visit(*command);
            for (const auto& sub : command->subcommands()) visit(*sub);
        }
    }
    // Commands that can be called, with the names by which they are: rename-command changes or removes them.
    // Containers, not subcommands.
    template <typename F>
    void each_called(F&& visit) const {
        for (std::size_t i = 0; i < commands_.size(); ++i) {
            if (!names_[i].empty()) visit(*commands_[i], Bytes{names_[i]});
        }
    }
    [[nodiscard]] std::uint32_t id_count() const { return next_id_; }

  private:
    struct NameSlot {
        std::uint64_t hash = 0;
        Command* command = nullptr;
    };
    void index(Bytes name, Command* command);
    void grow();

    std::vector<std::unique_ptr<Command>> commands_;
    std::vector<std::string> names_;  // names as called, beside commands_ (rename-command changes them)
    std::vector<NameSlot> slots_;     // open addressing, a power of two, under half full
    std::vector<std::string> slot_names_;
    std::size_t indexed_ = 0;
    std::uint32_t next_id_ = 0;
};

// The words COMMAND INFO shows for the flags of the set, in its order; it has none for some (may_replicate).
std::vector<Bytes> flag_names(Flag flags);
// "@string" without the '@'.
Bytes category_name(Category one);
std::vector<Bytes> category_names(Category set);
// Category::none if there is none of that name.
Category category_of(Bytes name);
std::span<const Category> all_categories();
Bytes group_name(Group group);
std::vector<Bytes> use_names(Use use);

}  // namespace keel
