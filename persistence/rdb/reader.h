// SPDX-License-Identifier: BSD-3-Clause
//
// Reader: the Loader that takes the bytes of RDB, from memory that someone else owns or block by block from a source,
// so that a file of any size needs a buffer and room for one string.
//
//     buffer   | read, in the checksum | read | window: at_ ... end_ |        the source has left() - window more
//
// Always true:
//   1. offset() counts every byte that was given out or passed over.
//   2. No allocation is larger than some constant times the bytes that are there.
//   3. A view is good until the next call (core/serde.h).
#pragma once

#include <cstdint>
#include <memory>

#include "datatypes/core/serde.h"

namespace keel::rdb {

// Gives bytes in their order: a file, a socket.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    // Up to `room` bytes; 0: there are no more.
    virtual Result<std::size_t> read(char* to, std::size_t room) = 0;
};

class Reader final : public Loader {
  public:
    explicit Reader(Bytes memory);
    // `bytes`: how many the source has, at most.
    Reader(ByteSource& source, std::uint64_t bytes);

    Result<std::uint64_t> length() override;
    Result<Bytes> string() override;
    Result<Text> text(std::size_t most) override;
    Result<Bytes> raw(std::size_t bytes) override;
    [[nodiscard]] std::uint64_t left() const override { return beyond_ + window(); }
    [[nodiscard]] bool from_valkey() const override { return from_valkey_; }

    void set_from_valkey(bool on) { from_valkey_ = on; }
    void set_checksum(bool on) { sums_ = on; }
    [[nodiscard]] std::uint64_t offset() const { return end_offset_ - window(); }
    // Of all bytes so far. Not from memory.
    [[nodiscard]] std::uint64_t checksum();
    // The next byte, which stays.
    Result<std::uint8_t> peek();
    // Whether nothing is left at all.
    Result<bool> at_end();

  private:
    static constexpr std::size_t kRoom = 256 * 1024;
    // What the first byte of a string or a length says.
    struct Head {
        std::uint64_t value;
        bool encoded;
    };
    [[nodiscard]] std::size_t window() const { return static_cast<std::size_t>(end_ - at_); }
    Result<Head> head();
    Status need(std::size_t bytes) { return window() >= bytes ? Status{} : fill(bytes); }
    Status fill(std::size_t bytes);
    void make_room(std::size_t bytes);
    void add_to_checksum();
    Result<Bytes> encoded(std::uint64_t code);
    Result<Bytes> unfold();
    Result<Bytes> take(std::uint64_t bytes);
    Result<BlockPtr> take_block(std::uint64_t bytes);

    ByteSource* source_ = nullptr;
    std::unique_ptr<char[]> buffer_;
    std::size_t room_ = 0;
    const char* at_ = nullptr;
    const char* end_ = nullptr;
    const char* summed_ = nullptr;  // up to here the window's bytes are in checksum_
    std::uint64_t end_offset_ = 0;  // of end_
    std::uint64_t beyond_ = 0;      // behind end_
    std::uint64_t checksum_ = 0;
    bool sums_ = false;
    bool from_valkey_ = false;
    std::unique_ptr<char[]> unfolded_;
    std::size_t unfolded_room_ = 0;
    char digits_[24];
};

}  // namespace keel::rdb
