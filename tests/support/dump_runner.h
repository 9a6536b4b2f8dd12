// SPDX-License-Identifier: BSD-3-Clause
//
// A CommandRunner that knows DUMP and RESTORE.
#pragma once

#include "persistence/dump_commands.h"
#include "server/debug/digest.h"
#include "tests/support/command_runner.h"

namespace keel::test {

class DumpRunner : public CommandRunner {
  public:
    DumpRunner() { registry.add(DumpCommands::rows(), &family_); }

    // The payload of DUMP, out of its reply.
    std::string dump(Bytes key) {
        const std::string reply = run({"DUMP", key});
        const std::size_t begin = reply.find("\r\n") + 2;
        return reply.substr(begin, reply.size() - begin - 2);
    }
    std::string restore(Bytes key, Bytes payload) { return run({"RESTORE", key, "0", payload, "REPLACE"}); }
    // Of the value, as DEBUG DIGEST-VALUE.
    [[nodiscard]] std::string digest(Bytes key) {
        Digest digest;
        if (const Entry* entry = keyspace.db(0).peek(Key{key})) digest.add_value(*entry);
        return digest.hex();
    }

  private:
    bool skip_checksums_ = false;
    DumpCommands family_{skip_checksums_};
};

}  // namespace keel::test
