// SPDX-License-Identifier: BSD-3-Clause
#include "server/acl/commands.h"

namespace keel::acl {

namespace {

ChannelUse channel_use_of(Bytes name) {
    if (name == "publish" || name == "spublish") return ChannelUse::publish;
    if (name == "subscribe" || name == "ssubscribe") return ChannelUse::listen;
    if (name == "psubscribe") return ChannelUse::listen_pattern;
    return ChannelUse::none;  // to stop listening is anyone's right
}

const Command* find_own(const Registry& registry, Bytes name) {
    if (const Command* found = registry.find(name); found != nullptr && equal_nocase(found->spec().name, name))
        return found;
    for (const auto& command : registry.all()) {  // rename-command calls it otherwise, or nothing at all
        if (equal_nocase(command->spec().name, name)) return command.get();
    }
    return nullptr;
}

Commands::SingleKey single_key_of(const Command& command) {
    const CommandSpec& spec = command.spec();
    if (spec.find_keys != nullptr || spec.keys.count != 1) return {};
    const KeySpec& key = spec.keys.at[0];
    const bool fixed = key.keyword.empty() && !key.counted && key.last == 0 && key.index > 0;
    if (!fixed || has(key.use, Use::not_key)) return {};
    return {static_cast<std::uint32_t>(key.index), needed(key.use)};
}

}  // namespace

Commands::Commands(const Registry& registry)
    : registry_(registry),
      every_(registry.id_count(), true),
      without_channels_(registry.id_count()),
      without_names_(registry.id_count()),
      for_strangers_(registry.id_count()),
      channel_uses_(registry.id_count()),
      single_keys_(registry.id_count()) {
    registry.each([this](const Command& command) { all_.push_back(&command); });
    with_single_key_.fill(Bits{count()});
    for (const Category category : all_categories()) {
        CategorySets& sets = sets_[index_of(category)];
        sets = {Bits{count()}, Bits{count()}};
        for (const Command* command : all_) {
            if (!has(command->categories(), category)) continue;
            sets.members.set(command->id(), true);
            sets.reach.set(command->id(), true);
            for (const auto& sub : command->subcommands()) sets.reach.set(sub->id(), true);
        }
    }
    for (const Command* command : all_) note_names(*command);
}

void Commands::note_names(const Command& command) {
    const std::uint32_t id = command.id();
    if (command.parent() == nullptr) channel_uses_[id] = channel_use_of(command.spec().name);
    single_keys_[id] = single_key_of(command);
    const auto [word, needs] = single_keys_[id];
    const bool is_there = word != 0 && !command.spec().arity.accepts(word);  // with any arity that passed
    for (std::uint8_t may = 0; may < with_single_key_.size(); ++may)
        with_single_key_[may].set(id, is_there && (needs & ~may) == 0);
    const bool channels = channel_use(command) != ChannelUse::none;
    const bool keys = command.spec().keys.count != 0 || command.spec().find_keys != nullptr;
    without_channels_.set(id, !channels);
    without_names_.set(id, !channels && !keys);
    for_strangers_.set(id, command.is(Flag::no_auth));
}

const Command* Commands::find(Bytes name) const {
    const std::size_t bar = name.find('|');
    const Command* found = find_own(registry_, name.substr(0, bar));
    return found == nullptr || bar == Bytes::npos ? found : found->subcommand(name.substr(bar + 1));
}

}  // namespace keel::acl
