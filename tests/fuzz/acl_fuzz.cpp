// SPDX-License-Identifier: BSD-3-Clause
//
// Any text as rules of a user, a word a line: they are all taken or nothing changes, and what was taken reads back from
// the user's text; and any text as a users' file. (Build with -DKEEL_FUZZ=ON and clang.)
#include <cstddef>
#include <cstdint>

#include "datatypes/all_types.h"
#include "server/acl/users.h"

namespace {

using namespace keel;

const Registry& commands() {
    static const Registry registry = [] {
        Registry out;
        add_data_commands(out);
        return out;
    }();
    return registry;
}

std::vector<Bytes> lines(Bytes text) {
    std::vector<Bytes> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

// What one file says, another instance reads: the same users, line for line.
void reads_back(const acl::Users& users, const Acl& settings) {
    const std::string text = users.text();
    acl::Users again{commands(), settings};
    KEEL_CHECK(again.load(text, "f").has_value());
    KEEL_CHECK(again.text() == text);
}

void all_or_nothing(const std::vector<Bytes>& words) {
    const Acl settings;
    acl::Users users{commands(), settings};
    KEEL_CHECK(users.set("u", {}).has_value());
    const std::string before = users.text();
    if (!users.set("u", words)) KEEL_CHECK(users.text() == before);
    reads_back(users, settings);
}

void as_file(Bytes text) {
    const Acl settings;
    acl::Users users{commands(), settings};
    if (users.load(text, "f")) reads_back(users, settings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes text{reinterpret_cast<const char*>(data), size};
    all_or_nothing(lines(text));
    as_file(text);
    return 0;
}
