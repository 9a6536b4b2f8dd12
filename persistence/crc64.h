// SPDX-License-Identifier: BSD-3-Clause
//
// CRC-64 of the Jones polynomial (0xad93d23594c935a9), bits reflected, beginning at zero, nothing inverted: what RDB
// files, payloads of DUMP and streams between servers end with. crc64("123456789") is 0xe9c6d914c4b8d9ca.
#pragma once

#include <cstdint>

#include "protocol/base/bytes.h"

namespace keel {

// Of `bytes` behind what `before` is the CRC of. Two bytes a nanosecond; seven where the processor multiplies without
// carries (x86-64 with PCLMULQDQ) and there are 128 and more.
[[nodiscard]] std::uint64_t crc64(Bytes bytes, std::uint64_t before = 0) noexcept;

}  // namespace keel
