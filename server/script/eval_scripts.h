// SPDX-License-Identifier: BSD-3-Clause
//
// The scripts of EVAL, compiled and kept by their SHA1.
//
//     by_sha_     SHA1 -> script (source, flags, compiled function)
//     by_source_  hash of the source -> the same: EVAL of a known one computes no SHA1
//     recent_     scripts that came with EVAL, the one used last at the end
//
// Always true:
//   1. Of scripts that came with EVAL at most kMostEvaluated are kept: those used longest ago go. What SCRIPT LOAD
//      brought stays until SCRIPT FLUSH.
//   2. A script's address stays while it is kept.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "server/script/program.h"
#include "server/script/vm.h"

namespace keel::script {

class Runner;

using Sha = std::array<std::uint8_t, 20>;
[[nodiscard]] Sha sha_of(Bytes source);
[[nodiscard]] std::optional<Sha> parse_sha(Bytes hex);
[[nodiscard]] std::string sha_text(const Sha& sha);

class EvalScripts {
  public:
    static constexpr std::size_t kMostEvaluated = 500;

    struct Script {
        std::string source;
        std::string name;  // the SHA1 in hexadecimal digits
        Shebang shebang;
        int handle;
        std::optional<std::list<Script*>::iterator> recent;  // none: it stays
    };

    EvalScripts(Runner& runner, bool unsafe_functions);

    // The script of that source, compiled if it is new. `stays`: SCRIPT LOAD brings it.
    Result<Script*> get(Bytes source, bool stays);
    // Null: there is none.
    Script* find(const Sha& sha);

    [[nodiscard]] Program program(const Script& script);
    // Without any of them from now on; what was there, to be freed wherever that stops nobody.
    [[nodiscard]] std::shared_ptr<void> flush();

    [[nodiscard]] std::size_t count() const { return by_sha_.size(); }
    [[nodiscard]] std::size_t source_bytes() const { return source_bytes_; }
    [[nodiscard]] std::size_t vm_bytes() const { return vm_->bytes(); }

  private:
    struct ShaHash {
        std::size_t operator()(const Sha& sha) const noexcept;
    };
    using BySha = std::unordered_map<Sha, std::unique_ptr<Script>, ShaHash>;
    using BySource = std::unordered_map<std::uint64_t, Script*>;
    // All that takes time to free.
    struct Contents {
        std::unique_ptr<Vm> vm;
        BySha by_sha;
        BySource by_source;
        std::list<Script*> recent;
    };
    Result<Script*> add(Bytes source, std::uint64_t hash, bool stays);
    void use(Script& script);
    void drop_oldest();

    Runner& runner_;
    bool unsafe_functions_;
    std::unique_ptr<Vm> vm_;
    BySha by_sha_;
    BySource by_source_;
    std::list<Script*> recent_;
    std::size_t source_bytes_ = 0;
};

}  // namespace keel::script
