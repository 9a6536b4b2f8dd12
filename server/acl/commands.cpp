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

}  // namespace

Commands::Commands(const Registry& registry)
    : registry_(registry), every_(registry.id_count(), true), channel_uses_(registry.id_count()) {
    registry.each([this](const Command& command) { all_.push_back(&command); });
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
    for (const Command* command : all_) {
        if (command->parent() == nullptr) channel_uses_[command->id()] = channel_use_of(command->spec().name);
    }
}

const Command* Commands::find(Bytes name) const {
    const std::size_t bar = name.find('|');
    const Command* found = find_own(registry_, name.substr(0, bar));
    return found == nullptr || bar == Bytes::npos ? found : found->subcommand(name.substr(bar + 1));
}

}  // namespace keel::acl
