// SPDX-License-Identifier: BSD-3-Clause
//
// Asking and changing. A change goes through four steps, and the first that fails ends it:
//
//     names known and allowed -> values fit (on a copy) -> directory entered, hooks agree -> done
//                                                            `- undone in reverse: hooks see the old values again
#include "conf/config.h"

#include <fmt/format.h>

#include <algorithm>

#include "conf/parameters.h"
#include "protocol/base/glob.h"
#include "protocol/resp/errors.h"

namespace keel {
namespace {

constexpr ErrorText kImmutable{"can't set immutable config"};
constexpr ErrorText kGuarded{"can't set protected config"};
constexpr ErrorText kDuplicate{"duplicate parameter"};

Error refusal(Bytes name, const Error& why) {
    return Error{fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}", name, why.text())};
}

Status may_set(const Parameter& parameter, Config::Caller caller) {
    if (parameter.is(ParameterFlag::immutable)) return kImmutable;
    if (parameter.is(ParameterFlag::guarded) && !caller.may_set_guarded) return kGuarded;
    return {};
}

}  // namespace

Config::Config(Machine& machine, std::string product) : machine_(machine), product_(std::move(product)) {
    settings_.process.directory = machine_.working_directory().value_or("");
}

void Config::on_directive(Bytes name, Directive directive) { directives_[std::string{name}] = std::move(directive); }

void Config::on_change(std::initializer_list<Bytes> names, Hook hook) {
    ChangeHook& added = hooks_.emplace_back();
    added.run = std::move(hook);
    for (const Bytes name : names) {
        const Parameter* parameter = find_parameter(name);
        KEEL_CHECK(parameter != nullptr);
        added.parameters.push_back(parameter);
    }
}

std::vector<Config::Pair> Config::get(std::span<const Bytes> patterns) const {
    std::map<std::string, Pair> found;  // by name in lower case; shown as it was asked for
    for (const Bytes pattern : patterns) {
        if (pattern.find_first_of("[*?") == Bytes::npos) {
            if (const Parameter* parameter = find_parameter(pattern)) {
                found.try_emplace(lower(pattern), std::string{pattern}, parameter->text(settings_));
            }
            continue;
        }
        for (const auto& [name, parameter] : parameter_names()) {
            if (parameter->is(ParameterFlag::hidden) || !glob_match(pattern, name, true)) continue;
            found.try_emplace(std::string{name}, std::string{name}, parameter->text(settings_));
        }
    }
    std::vector<Pair> out;
    for (auto& [name, pair] : found) out.push_back(std::move(pair));
    return out;
}

Status Config::set(std::span<const std::pair<Bytes, Bytes>> pairs, Caller caller) {
    std::vector<const Parameter*> parameters;
    KEEL_TRY(check_names(pairs, caller, parameters));
    Settings after = settings_;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto& [name, value] = pairs[i];
        if (Status fits = parameters[i]->set_text(after, value); !fits) return refusal(name, fits.error());
    }
    std::swap(settings_, after);
    return apply(pairs, parameters, std::move(after));
}

// Loading comes first: clients treat that answer unlike a mistake of their own.
Status Config::check_names(std::span<const std::pair<Bytes, Bytes>> pairs, Caller caller,
                           std::vector<const Parameter*>& out) const {
    for (const auto& [name, value] : pairs) {
        const Parameter* parameter = find_parameter(name);
        if (caller.loading && parameter != nullptr && parameter->is(ParameterFlag::not_loading))
            return errors::kLoading;
    }
    for (const auto& [name, value] : pairs) {
        const Parameter* parameter = find_parameter(name);
        if (parameter == nullptr) {
            return Error{fmt::format("ERR Unknown option or number of arguments for CONFIG SET - '{}'",
                                     name.substr(0, name.find('\0')))};
        }
        if (Status allowed = may_set(*parameter, caller); !allowed) return refusal(name, allowed.error());
        // By what was said: a parameter under its name and again under an alias is set twice, as the peers do.
        const auto before = pairs.subspan(0, out.size());
        const bool again = std::any_of(before.begin(), before.end(),
                                       [n = name](const auto& other) { return equal_nocase(other.first, n); });
        if (again) return refusal(name, Error{kDuplicate});
        out.push_back(parameter);
    }
    return {};
}

// The settings are the new ones already; `old` is for the way back.
Status Config::apply(std::span<const std::pair<Bytes, Bytes>> pairs, std::span<const Parameter* const> parameters,
                     Settings&& old) {
    std::vector<const ChangeHook*> ran;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const Parameter& parameter = *parameters[i];
        if (!parameter.is(ParameterFlag::reread) && parameter.text(settings_) == parameter.text(old)) continue;
        Status applied;
        if (parameter.name() == "dir") applied = change_directory(std::string{pairs[i].second});
        if (applied) applied = run_hooks_of(parameter, ran);
        if (applied) continue;
        const std::string entered = settings_.process.directory;
        settings_ = std::move(old);
        if (entered != settings_.process.directory) static_cast<void>(machine_.enter(settings_.process.directory));
        for (auto hook = ran.rbegin(); hook != ran.rend(); ++hook) static_cast<void>((*hook)->run());
        return refusal(pairs[i].first, applied.error());
    }
    return {};
}

// A hook that fails counts as run: it may have done half of its work, and sees the old values again.
Status Config::run_hooks_of(const Parameter& parameter, std::vector<const ChangeHook*>& ran) {
    for (const ChangeHook& hook : hooks_) {
        const auto& watched = hook.parameters;
        if (std::find(watched.begin(), watched.end(), &parameter) == watched.end()) continue;
        if (std::find(ran.begin(), ran.end(), &hook) != ran.end()) continue;
        ran.push_back(&hook);
        KEEL_TRY(hook.run());
    }
    return {};
}

void Config::own_lines(Bytes directive, OwnLines lines, bool by_second_word) {
    owned_[std::string{directive}] = {std::move(lines), by_second_word};
}

}  // namespace keel
