// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/resp/request_writer.h"

#include <algorithm>

#include "protocol/base/number.h"

namespace keel {

namespace {

std::size_t digits(std::size_t value) {
    std::size_t count = 1;
    for (; value >= 10; value /= 10) ++count;
    return count;
}

char* put_header(char* to, char prefix, std::size_t value) {
    *to++ = prefix;
    to += write_unsigned(to, value);
    *to++ = '\r';
    *to++ = '\n';
    return to;
}

}  // namespace

std::size_t request_bytes(std::span<const Bytes> words) noexcept {
    std::size_t bytes = 3 + digits(words.size());
    for (const Bytes word : words) bytes += 3 + digits(word.size()) + word.size() + 2;
    return bytes;
}

void append_request(std::string& out, std::span<const Bytes> words) {
    const std::size_t before = out.size();
    const std::size_t bytes = request_bytes(words);
    if (out.capacity() < before + bytes) out.reserve(std::max(before + bytes, 2 * out.capacity()));
    // A number is written through a small buffer: write_unsigned may use more room than its digits need.
    char header[kIntegerChars + 3];
    out.append(header, put_header(header, '*', words.size()));
    for (const Bytes word : words) {
        out.append(header, put_header(header, '$', word.size()));
        out.append(word);
        out.append("\r\n");
    }
}

}  // namespace keel
