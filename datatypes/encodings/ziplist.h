// SPDX-License-Identifier: BSD-3-Clause
//
// The packed forms of servers before Redis 7, which are only read: what was a ziplist or a zipmap in their files is a
// listpack here.
//
//     ziplist   | bytes u32 | offset of the last entry u32 | count u16 | entry | entry | ... | 0xFF |
//               entry: | bytes of the entry before: u8, or 254 and u32 | head | text or integer |
//               head:  00xxxxxx text of up to 63 bytes; 01xxxxxx + 1 byte: of up to 16383; 0x80 + u32 (big-endian);
//                      0xC0, D0, E0, F0, FE: an integer of 2, 4, 8, 3, 1 bytes, signed; 0xF1 to FD: of 0 to 12
//     zipmap    | count u8, 254: not told | length | name | length | idle u8 | value | idle bytes | ... | 0xFF |
//               length: u8, or 254 and u32
//
// (Formats: the descriptions at the heads of ziplist.c and zipmap.c of Redis 2.4 to 6.2.)
#pragma once

#include <optional>

#include "datatypes/encodings/listpack.h"

namespace keel {

// The entries of a ziplist in their order; nothing if it is not sound to the last byte: entries end where the next
// begins, the lengths told backwards are true, and so are count and offset of the last. O(bytes).
[[nodiscard]] std::optional<Listpack> listpack_of_ziplist(Bytes raw);

// Names and values in turn; nothing if it is not sound. O(bytes).
[[nodiscard]] std::optional<Listpack> listpack_of_zipmap(Bytes raw);

}  // namespace keel
