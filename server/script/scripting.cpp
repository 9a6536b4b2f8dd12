// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/scripting.h"

#include <utility>

namespace keel::script {

namespace {

constexpr Flag without(Flag set, Flag gone) {
    return static_cast<Flag>(static_cast<std::uint32_t>(set) & ~static_cast<std::uint32_t>(gone));
}

// What a script that has said what it does may do.
Flag declared(Flag flags, ScriptFlag said) {
    flags = without(flags, Flag::write | Flag::may_replicate | Flag::denyoom | Flag::stale);
    if (!has(said, ScriptFlag::no_writes)) flags = flags | Flag::write;
    if (!has(said, ScriptFlag::no_writes) && !has(said, ScriptFlag::allow_oom)) flags = flags | Flag::denyoom;
    if (has(said, ScriptFlag::allow_stale)) flags = flags | Flag::stale;
    return flags;
}

// Closing an interpreter of less takes some hundred microseconds.
constexpr std::size_t kLargeBytes = std::size_t{1} << 20;

void let_go(std::shared_ptr<void> old, std::size_t objects, std::size_t bytes, LazyFree* background) {
    if (background != nullptr && bytes > kLargeBytes) background->submit(objects, [old = std::move(old)] {});
}

}  // namespace

void Scripting::flush_scripts(LazyFree& lazy_free, bool in_background) {
    const std::size_t count = scripts.count();
    const std::size_t bytes = scripts.vm_bytes() + scripts.source_bytes();
    let_go(scripts.flush(), count, bytes, in_background ? &lazy_free : nullptr);
}

void Scripting::flush_libraries(LazyFree& lazy_free, bool in_background) {
    const std::size_t count = libraries.count();
    const std::size_t bytes = libraries.vm_bytes() + libraries.code_bytes();
    let_go(libraries.flush(), count, bytes, in_background ? &lazy_free : nullptr);
}

Status Scripting::restore_libraries(Bytes payload, RestoreMode mode, LazyFree& lazy_free, bool in_background) {
    const std::size_t count = libraries.count();
    const std::size_t bytes = libraries.vm_bytes() + libraries.code_bytes();
    std::shared_ptr<void> old;
    Status restored = libraries.restore(payload, mode, old);
    if (old != nullptr) let_go(std::move(old), count, bytes, in_background ? &lazy_free : nullptr);
    return restored;
}

Flag Scripting::flags_of_script(const Call& call) {
    const CommandSpec& spec = call.command->spec();
    if (!call.command->is(Flag::movablekeys) || call.words.size() < 2) [[likely]]
        return call.command->flags();
    const Bytes word = call.words[1];
    ScriptFlag said = ScriptFlag::undeclared;
    if (spec.name.starts_with("fcall")) {
        if (const Function* function = libraries.find(word)) said = function->flags;
    } else if (spec.name.starts_with("evalsha")) {
        const auto sha = parse_sha(word);
        if (const auto* script = sha ? scripts.find(*sha) : nullptr) said = script->shebang.flags;
    } else if (const auto shebang = read_shebang(word)) {
        said = shebang->flags;
    }
    return has(said, ScriptFlag::undeclared) ? call.command->flags() : declared(call.command->flags(), said);
}

}  // namespace keel::script
