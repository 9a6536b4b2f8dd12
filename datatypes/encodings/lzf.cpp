// SPDX-License-Identifier: BSD-3-Clause
//
// What comes is short as a rule: copying sixteen bytes more than asked, where there is room, is quicker than asking how
// many it must be.
#include "datatypes/encodings/lzf.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace keel {

namespace {

constexpr std::size_t kWide = 16;

std::size_t up_to_wide(std::size_t bytes) { return (bytes + kWide - 1) / kWide * kWide; }

void copy_wide(char* to, const char* from, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; i += kWide) std::memcpy(to + i, from + i, kWide);
}

// Bytes that begin `back` before `to`. What is nearer than it is long repeats itself: the first copy doubles how far
// back the next may begin.
void repeat(char* to, std::size_t back, std::size_t bytes) {
    while (bytes > 0) {
        const std::size_t here = std::min(back, bytes);
        std::memcpy(to, to - back, here);
        to += here;
        bytes -= here;
        back += here;
    }
}

}  // namespace

bool lzf_unfold(Bytes squeezed, char* const to, std::size_t bytes, std::size_t room) noexcept {
    const char* at = squeezed.data();
    const char* const end = at + squeezed.size();
    char* out = to;
    char* const out_end = to + bytes;
    const char* const out_room = to + room;
    while (at < end) {
        const auto first = static_cast<std::uint8_t>(*at++);
        std::size_t length = first >> 5;
        if (length == 0) {
            length = first + std::size_t{1};
            if (length > static_cast<std::size_t>(end - at) || length > static_cast<std::size_t>(out_end - out))
                return false;
            const std::size_t wide = up_to_wide(length);
            if (wide <= static_cast<std::size_t>(end - at) && wide <= static_cast<std::size_t>(out_room - out))
                copy_wide(out, at, length);
            else
                std::memcpy(out, at, length);
            at += length;
            out += length;
            continue;
        }
        if (end - at < (length == 7 ? 2 : 1)) return false;
        if (length == 7) length += static_cast<std::uint8_t>(*at++);
        length += 2;
        const std::size_t back = (std::size_t{first & 31U} << 8 | static_cast<std::uint8_t>(*at++)) + 1;
        if (back > static_cast<std::size_t>(out - to) || length > static_cast<std::size_t>(out_end - out)) return false;
        if (back >= kWide && up_to_wide(length) <= static_cast<std::size_t>(out_room - out))
            copy_wide(out, out - back, length);
        else
            repeat(out, back, length);
        out += length;
    }
    return out == out_end;
}

}  // namespace keel
