// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/eval_scripts.h"

#include <openssl/sha.h>

#include <utility>

#include "datatypes/encodings/hash.h"
#include "server/script/api.h"
#include "server/script/runner.h"

namespace keel::script {

Sha sha_of(Bytes source) {
    Sha sha;
    SHA1(reinterpret_cast<const unsigned char*>(source.data()), source.size(), sha.data());
    return sha;
}

std::optional<Sha> parse_sha(Bytes hex) {
    Sha sha{};
    if (hex.size() != 2 * sha.size()) return std::nullopt;
    for (std::size_t i = 0; i < hex.size(); ++i) {
        const char c = hex[i];
        unsigned digit = 0;
        if (c >= '0' && c <= '9')
            digit = static_cast<unsigned>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<unsigned>(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            digit = static_cast<unsigned>(c - 'A' + 10);
        else
            return std::nullopt;
        sha[i / 2] = static_cast<std::uint8_t>(unsigned{sha[i / 2]} << 4U | digit);
    }
    return sha;
}

std::string sha_text(const Sha& sha) {
    std::string text;
    for (const std::uint8_t byte : sha) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text;
}

std::size_t EvalScripts::ShaHash::operator()(const Sha& sha) const noexcept {
    return hash_bytes({reinterpret_cast<const char*>(sha.data()), sha.size()});
}

EvalScripts::EvalScripts(Runner& runner, bool unsafe_functions)
    : runner_(runner), unsafe_functions_(unsafe_functions), vm_(open_vm(runner, unsafe_functions)) {}

// A new interpreter: nothing of the old scripts is left.
std::shared_ptr<void> EvalScripts::flush() {
    source_bytes_ = 0;
    return std::make_shared<Contents>(Contents{std::exchange(vm_, open_vm(runner_, unsafe_functions_)),
                                               std::exchange(by_sha_, {}), std::exchange(by_source_, {}),
                                               std::exchange(recent_, {})});
}

Result<EvalScripts::Script*> EvalScripts::get(Bytes source, bool stays) {
    const std::uint64_t hash = hash_bytes(source);
    const auto found = by_source_.find(hash);
    if (found == by_source_.end() || found->second->source != source) return add(source, hash, stays);
    Script& script = *found->second;
    if (stays && script.recent) {
        recent_.erase(*script.recent);
        script.recent.reset();
    }
    use(script);
    return &script;
}

Result<EvalScripts::Script*> EvalScripts::add(Bytes source, std::uint64_t hash, bool stays) {
    const Sha sha = sha_of(source);
    if (Script* known = find(sha)) {  // another source of the same hash stood in its place
        by_source_[hash] = known;
        return known;
    }
    KEEL_TRY(const Shebang shebang, read_shebang(source));
    std::string error;
    const int handle = vm_->compile(source.substr(shebang.bytes), "@user_script", error);
    if (handle == LUA_NOREF) return Error{"ERR Error compiling script (new function): " + error};
    auto owned = std::make_unique<Script>(Script{std::string{source}, sha_text(sha), shebang, handle, {}});
    Script* script = owned.get();
    by_sha_[sha] = std::move(owned);
    by_source_[hash] = script;
    source_bytes_ += source.size();
    if (!stays) {
        recent_.push_back(script);
        script->recent = std::prev(recent_.end());
        if (recent_.size() > kMostEvaluated) drop_oldest();
    }
    return script;
}

void EvalScripts::use(Script& script) {
    if (script.recent) recent_.splice(recent_.end(), recent_, *script.recent);
}

void EvalScripts::drop_oldest() {
    Script* script = recent_.front();
    recent_.pop_front();
    vm_->release(script->handle);
    source_bytes_ -= script->source.size();
    if (const auto at = by_source_.find(hash_bytes(script->source)); at != by_source_.end() && at->second == script)
        by_source_.erase(at);
    by_sha_.erase(*parse_sha(script->name));
}

EvalScripts::Script* EvalScripts::find(const Sha& sha) {
    const auto found = by_sha_.find(sha);
    if (found == by_sha_.end()) return nullptr;
    use(*found->second);
    return found->second.get();
}

Program EvalScripts::program(const Script& script) {
    return {vm_.get(), script.handle, script.shebang.flags, script.name, false};
}

}  // namespace keel::script
