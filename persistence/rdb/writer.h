// SPDX-License-Identifier: BSD-3-Clause
//
// Writer: the Saver that makes the bytes of RDB. It gathers them in a buffer; when that is full they go to a sink,
// and without a sink the buffer grows (payloads of DUMP).
//
// Always true:
//   1. checksum() is the CRC of everything written so far, if one was asked for; else 0.
//   2. After the sink failed once, nothing more is handed to it, and status() says why. What is written meanwhile is
//      lost without harm.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "datatypes/core/rdb_tags.h"
#include "datatypes/core/serde.h"

namespace keel::rdb {

// Takes bytes in their order: a file, a socket.
class ByteSink {
  public:
    virtual ~ByteSink() = default;
    virtual Status write(Bytes bytes) = 0;
};

class Writer final : public Saver {
  public:
    struct Options {
        bool squeeze = true;   // rdbcompression
        bool checksum = true;  // rdbchecksum
    };
    // Into memory.
    explicit Writer(Options options, std::size_t room = 512);
    Writer(Options options, ByteSink& sink);

    void length(std::uint64_t value) override;
    void string(Bytes text) override;
    void integer_string(std::int64_t integer) override;
    void squeezed_string(Bytes lzf, std::size_t bytes) override;
    void raw(Bytes bytes) override;

    // Hands over what is gathered. At the end, and whenever the sink should have it.
    void flush();
    [[nodiscard]] const Status& status() const { return status_; }
    // Of all bytes so far.
    [[nodiscard]] std::uint64_t checksum();
    [[nodiscard]] std::uint64_t written() const { return flushed_ + used_; }
    // What was gathered, without a sink. Ends with the next call.
    [[nodiscard]] Bytes bytes() const { return {buffer_.get(), used_}; }

  private:
    static constexpr std::size_t kRoom = 256 * 1024;
    char* claim(std::size_t bytes);
    void put_head(std::uint8_t kind, std::uint64_t value, unsigned bytes);
    bool put_squeezed(Bytes text);
    void add_to_checksum();
    void grow(std::size_t more);
    void hand_over(Bytes bytes);

    Options options_;
    ByteSink* sink_ = nullptr;
    std::unique_ptr<char[]> buffer_;
    std::size_t room_;
    std::size_t used_ = 0;
    std::size_t summed_ = 0;  // bytes of the buffer that are in checksum_
    std::uint64_t checksum_ = 0;
    std::uint64_t flushed_ = 0;
    std::unique_ptr<char[]> squeezed_;  // where strings are squeezed
    std::size_t squeezed_room_ = 0;
    Status status_;
};

}  // namespace keel::rdb
