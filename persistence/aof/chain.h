// SPDX-License-Identifier: BSD-3-Clause
//
// What makes damage in the middle of a log visible: every so often a line stands between two commands that seals all
// bytes since the line before, and the seal before that. Redis 7 and later skip lines that begin with '#'.
//
//     #KEEL-LOG:1:2f0:0123456789abcdef CRLF          first line of a file of ours: version, stream offset, chain so far
//     *3 CRLF $3 CRLF SET ...                        ╮
//     #TS:1700000000 CRLF                            ├ sealed by
//     *1 CRLF $4 CRLF EXEC CRLF                      ╯
//     #KEEL:1c4:49e:fedcba9876543210 CRLF            where this line begins, stream offset there, chain from here on
//     *2 CRLF ...                                    not sealed yet
//
// Numbers are hexadecimal: the first two without leading zeros, the chain in 16 digits. A base file of ours ends with a
// seal that begins with #KEEL-END: instead, so that it cannot lose its end unnoticed.
//
//     chain' = XXH3(chain, XXH3(bytes since the last seal line), where the line begins, stream offset)
//
// Always true:
//   1. Who writes and who reads keep the same Chain: begin_file(), then add() of every byte of the file but those of
//   seal
//      lines. A seal line is right when it is, to the byte, what the reader's chain would write there.
//   2. Bytes of others need no seal. What redis-server appended, or what it cut off at the end, is part of the bytes
//   since
//      the last seal, and the next seal of ours covers it. A file without any seal is read as Redis reads it.
//   3. The chain goes on from one incremental file to the next: what is not sealed at the end of a file is folded in,
//   and
//      the next file's first line says the result (the stream offset in it is its own word). So a whole file cannot be
//      missing or cut at a seal unnoticed.
//   4. The stream offset counts bytes of commands only: what a replica would get. Lines with '#' are the file's own.
//   5. Every line is shorter than the 1023 bytes that Redis can read.
//
// A value; copying it (600 bytes) keeps a point to return to.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <string>

#include "protocol/base/bytes.h"

namespace keel::aof {

class Chain {
  public:
    static constexpr Bytes kSeal = "#KEEL:";
    static constexpr Bytes kEnd = "#KEEL-END:";
    static constexpr Bytes kStart = "#KEEL-LOG:";

    Chain() { begin_file(); }

    // From now on bytes of another file, those from `position` on (behind an RDB preamble).
    void begin_file(std::uint64_t position = 0);
    // The first line of a file of ours, which belongs to what is sealed: add() it.
    [[nodiscard]] std::string start_line() const;
    // What the start line of a file says.
    void adopt(std::uint64_t offset, std::uint64_t chain) {
        offset_ = offset;
        chain_ = chain;
    }

    // The next bytes of the file.
    void add(Bytes bytes);
    // Of the bytes added, so many were commands.
    void advance(std::uint64_t stream_bytes) { offset_ += stream_bytes; }

    // The seal line for what was added; the bytes that follow belong to the next one.
    [[nodiscard]] std::string seal(Bytes kind = kSeal);

    [[nodiscard]] std::uint64_t position() const { return position_; }  // in the file
    [[nodiscard]] std::uint64_t offset() const { return offset_; }      // in the stream of effects
    [[nodiscard]] std::uint64_t unsealed() const { return unsealed_; }  // bytes since the last seal line
    [[nodiscard]] std::uint64_t value() const { return chain_; }

  private:
    void fold();

    XXH3_state_t hash_;  // of the bytes since the last seal line
    std::uint64_t chain_ = 0;
    std::uint64_t position_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t unsealed_ = 0;
};

}  // namespace keel::aof
