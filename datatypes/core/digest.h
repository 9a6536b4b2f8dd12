// SPDX-License-Identifier: BSD-3-Clause
//
// The door through which a value tells its content for DEBUG DIGEST, whatever its encoding. Equal content must tell
// the same, in the words that Redis hashes, so that digests of different servers can be compared.
#pragma once

#include <initializer_list>

#include "protocol/base/bytes.h"

namespace keel {

class DigestSink {
  public:
    virtual ~DigestSink() = default;
    // A piece whose place counts: elements of a list.
    virtual void ordered(Bytes piece) = 0;
    // A member whose place does not count: of a set {member}, of a hash {field, value}, of a sorted set {member, score}.
    virtual void unordered(std::initializer_list<Bytes> pieces) = 0;
};

}  // namespace keel
