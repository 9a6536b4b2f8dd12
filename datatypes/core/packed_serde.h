// SPDX-License-Identifier: BSD-3-Clause
//
// Packed collections on their way in: the strings of RDB files that hold a whole listpack, or one of its forerunners.
#pragma once

#include "datatypes/core/serde.h"
#include "datatypes/encodings/listpack.h"

namespace keel {

// The listpack in the next string, sound, and with a multiple of `unit` entries. Damaged, or larger than a listpack may
// be: an error. None at all: kEmptyValue.
Result<Listpack> load_listpack(Loader& in, unsigned unit);
// The same from a ziplist, or a zipmap.
Result<Listpack> load_ziplist(Loader& in, unsigned unit);
Result<Listpack> load_zipmap(Loader& in);

// Whether two of the entries 0, unit, 2 * unit, ... are the same text. Expected O(n).
[[nodiscard]] bool has_twins(const ListpackView& list, unsigned unit);

}  // namespace keel
