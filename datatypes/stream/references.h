// SPDX-License-Identifier: BSD-3-Clause
//
// What becomes of the groups' pending ids when their entries go (XDELEX, XACKDEL, XTRIM, XADD).
#pragma once

#include <optional>
#include <vector>

#include "datatypes/command/args.h"
#include "datatypes/stream/stream.h"

namespace keel::stream {

enum class References : std::uint8_t {
    keep,   // KEEPREF: they stay, pointing to nothing
    erase,  // DELREF: they go too
    acked,  // ACKED: only entries go that every group has read and acknowledged
};

// Takes the next word if it is one of the three.
[[nodiscard]] std::optional<References> accept_references(Args& args);

// [KEEPREF | DELREF | ACKED] IDS numids id [id ...], in either order, to the end of the request.
struct IdsOption {
    References references = References::keep;
    std::vector<StreamId> ids;
};
[[nodiscard]] Result<IdsOption> read_ids_option(Args& args);

// Whether some group has the id pending, or has yet to be given it.
[[nodiscard]] bool is_referred_to(const Stream& stream, StreamId id);
[[nodiscard]] bool is_pending(const Stream& stream, StreamId id);
// No group has it pending any more.
void forget_everywhere(Stream& stream, StreamId id);

// As replies give it: what became of one id.
enum class Fate : std::int8_t { none = -1, deleted = 1, still_referred_to = 2 };
// Deletes an entry that is there or not, as `references` wants it.
Fate delete_entry(Stream& stream, StreamId id, References references);

// Trims as `references` wants it.
struct Trimmed {
    std::uint64_t entries = 0;       // that went
    std::vector<StreamId> chosen{};  // acked: which, if there are groups; erase: those that a group had pending
};
Trimmed trim_with(Stream& stream, const Trim& trim, References references);

}  // namespace keel::stream
