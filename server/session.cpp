// SPDX-License-Identifier: BSD-3-Clause
#include "server/session.h"

#include "server/acl/user.h"

namespace keel {

Bytes Session::user_name() const { return rights == nullptr ? Bytes{"default"} : Bytes{rights->name()}; }

bool Session::reads_all_keys(const Command& command, std::span<const Bytes> words) const {
    KeyList keys;
    acl::Request request{command, words, keys};
    return rights != nullptr && rights->reads_all_keys(request);
}

}  // namespace keel
