// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/base/random.h"

#include <sys/random.h>

#include "protocol/base/check.h"

namespace keel {

void fill_secret(std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t got = getrandom(out.data() + done, out.size() - done, 0);
        if (got > 0) done += static_cast<std::size_t>(got);
    }
}

std::string secret_hex(std::size_t characters) {
    std::string out((characters + 1) / 2 * 2, '0');
    std::array<std::uint8_t, 64> raw{};
    for (std::size_t at = 0; at < out.size(); at += 2 * raw.size()) {
        fill_secret(raw);
        for (std::size_t i = 0; i < raw.size() && at + 2 * i < out.size(); ++i) {
            out[at + 2 * i] = "0123456789abcdef"[raw[i] >> 4];
            out[at + 2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
        }
    }
    out.resize(characters);
    return out;
}

}  // namespace keel
