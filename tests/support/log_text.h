// SPDX-License-Identifier: BSD-3-Clause
//
// Helpers for tests of the log: commands as text, and an Applier that notes what it was given.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "datatypes/command/applier.h"
#include "protocol/resp/request_writer.h"

namespace keel {

inline std::string command_text(std::initializer_list<Bytes> words) {
    std::string out;
    append_request(out, words);
    return out;
}

// Each command as "SET k v"; those of a transaction only when it is executed.
class NotingApplier final : public Applier {
  public:
    std::vector<std::string> seen;
    int resets = 0;
    std::string refuse;  // a command of that name is not known

    void reset() override {
        queued_.clear();
        queueing_ = false;
        ++resets;
    }
    Outcome apply(ArgumentList& words, std::span<const Request> batch) override {
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const Bytes name = words[batch[i].first];
            if (!refuse.empty() && name == refuse) return {i, Error{"Unknown command '" + refuse + "'"}};
            if (equal_nocase(name, "multi")) {
                queueing_ = true;
            } else if (equal_nocase(name, "exec")) {
                seen.insert(seen.end(), queued_.begin(), queued_.end());
                queued_.clear();
                queueing_ = false;
            } else {
                (queueing_ ? queued_ : seen).push_back(joined(words, batch[i]));
            }
        }
        return {batch.size(), {}};
    }

  private:
    static std::string joined(const ArgumentList& words, const Request& request) {
        std::string out;
        for (const Bytes word : words.view(request.first, request.count)) {
            if (!out.empty()) out += ' ';
            out += word;
        }
        return out;
    }

    bool queueing_ = false;
    std::vector<std::string> queued_;
};

}  // namespace keel
