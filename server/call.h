// SPDX-License-Identifier: BSD-3-Clause
//
// One request on its way through the server: views into the connection's input, and what was looked up ahead.
#pragma once

#include <cstdint>
#include <span>

#include "datatypes/command/registry.h"
#include "protocol/resp/argument_list.h"

namespace keel {

class Entry;

struct Call {
    std::span<const Bytes> words;
    ArgumentList* list = nullptr;  // where the words stand, from which a large one can be taken; may be null
    std::size_t first_word = 0;    // index of words[0] in that list
    Command* command = nullptr;    // with its subcommand resolved; null: unknown
    std::uint64_t first_key_hash = 0;
    std::uint32_t first_key_at = 0;  // word of the first key, 0 for none
    // While a batch is fetched ahead: the entry of the first key, and the hash of the member that is asked for in it.
    const Entry* ahead = nullptr;
    std::uint64_t member_hash = 0;
    std::size_t request_bytes = 0;  // as it was sent; 0: it came otherwise than from a client just now
    Bytes raw{};                    // as it was sent, in multibulk; empty: the words would have to be encoded
    bool stays = false;             // it and its words stay where they are until Dispatcher::end_batch()
};

// What became of a request.
enum class Ran : std::uint8_t {
    done,    // answered, one way or the other
    parked,  // not run: it waits, and is to be handed in again when the session is woken
};

}  // namespace keel
