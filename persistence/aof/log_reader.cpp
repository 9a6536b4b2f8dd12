// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/log_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "protocol/base/number.h"

namespace keel::aof {

namespace {

constexpr std::size_t kWindow = 256 * 1024;  // stays in a processor's second cache
constexpr std::size_t kLeastWindow = 1024;
// Redis reads lines of up to 1023 bytes, so longer ones are in no file that it wrote.
constexpr std::size_t kMostAnnotation = 64 * 1024;
constexpr std::size_t kMostSeal = 64;  // bytes: "#KEEL-END:", two numbers of 16 digits, the chain
constexpr std::size_t kScanWindow = 1 << 20;

RequestLimits limits_of_a_log() {
    RequestLimits limits;
    limits.max_bulk_bytes = std::size_t{1} << 62;  // the file's size is the bound: see LogReader::next_command
    return limits;
}

// The hexadecimal number up to `end`; takes both off the text.
template <typename T>
std::optional<T> take_hex(Bytes& text, Bytes end) {
    const std::size_t size = text.find(end);
    if (size == Bytes::npos) return std::nullopt;
    T value = 0;
    const auto [last, wrong] = std::from_chars(text.data(), text.data() + size, value, 16);
    if (wrong != std::errc{} || last != text.data() + size) return std::nullopt;
    text.remove_prefix(size + end.size());
    return value;
}

}  // namespace

LogReader::LogReader(std::unique_ptr<ReadFile> file, const Chain& chain, Kind kind, std::uint64_t offset)
    : file_(std::move(file)),
      base_(offset),
      parser_(limits_of_a_log()),
      chain_(chain),
      kind_(kind),
      found_at_(offset),
      good_(offset) {
    chain_.begin_file(offset);
    good_offset_ = chain_.offset();
    good_chain_ = chain_;
    if (auto size = file_->size())
        size_ = *size;
    else
        bad(Found::failed, std::string{size.error().text()});
    room_ = std::clamp<std::uint64_t>(size_, kLeastWindow, kWindow);
    window_ = std::make_unique_for_overwrite<char[]>(room_);
}

LogReader::Found LogReader::next(ArgumentList& words) {
    for (;;) {
        if (bad_ != Found::command) return bad_;
        found_at_ = here();
        if (at_ == end_) return at_end_of_file() ? end_of_file() : Found::drained;
        const char first = window_[at_];
        if (first == '*') return next_command(words);
        if (first != '#')
            return bad(Found::bad_format, fmt::format("a command begins with '*', not with byte {:#04x}",
                                                      static_cast<unsigned char>(first)));
        if (const Found found = annotation(); found != Found::command) return found;
    }
}

LogReader::Found LogReader::next_command(ArgumentList& words) {
    switch (parser_.next(rest(), words)) {
        case RequestParser::Outcome::complete: {
            const std::size_t bytes = parser_.consumed();
            if (bytes != parser_.request().raw.size()) return bad(Found::bad_format, "a command without words");
            note_command(words);
            return Found::command;
        }
        case RequestParser::Outcome::error: return bad(Found::bad_format, std::string{parser_.error().text()});
        case RequestParser::Outcome::incomplete: break;
    }
    if (parser_.consumed() > 0) return bad(Found::bad_format, "a command without words");
    const std::uint64_t left = size_ - here();
    const auto large = parser_.large_argument();
    if (at_end_of_file() || (large && *large > left)) return cut_off();
    return Found::drained;
}

void LogReader::note_command(const ArgumentList& words) {
    const Request& request = parser_.request();
    advance(request.raw.size());
    chain_.advance(request.raw.size());
    if (request.count == 1) [[unlikely]] {
        const Bytes name = words[request.first];
        if (equal_nocase(name, "multi")) in_transaction_ = true;
        if (equal_nocase(name, "exec") || equal_nocase(name, "discard")) in_transaction_ = false;
    }
    if (in_transaction_) return;
    good_ = here();
    good_offset_ = chain_.offset();
}

LogReader::Found LogReader::end_of_file() {
    hash_up_to_here();
    if (in_transaction_) {
        found_at_ = good_;
        return bad(Found::truncated, "the file ends within a transaction");
    }
    if (kind_ == Kind::base && ours_ && !ended_) return bad(Found::damaged, "the end of the file is missing");
    good_ = here();
    return Found::end;
}

// The file ends within what begins here.
LogReader::Found LogReader::cut_off() {
    if (seal_follows()) return bad(Found::damaged, "a length leads over the end of the file");
    return bad(Found::truncated, "the file ends within a command");
}

LogReader::Found LogReader::annotation() {
    const Bytes text = rest();
    const std::size_t newline = text.substr(0, kMostAnnotation).find('\n');
    if (newline == Bytes::npos) {
        if (text.size() >= kMostAnnotation) return bad(Found::bad_format, "a line that begins with '#' does not end");
        return at_end_of_file() ? cut_off() : Found::drained;
    }
    const Bytes line = text.substr(0, newline + 1);
    if (line.starts_with("#KEEL")) return our_line(line);
    if (line.starts_with("#TS:")) {
        const std::size_t digits = line.find_first_of("\r\n", 4) - 4;
        timestamp_ = parse_integer(line.substr(4, digits));
        timestamp_at_ = here();
        if (!timestamp_) return bad(Found::bad_format, "Invalid timestamp annotation");
    }
    advance(line.size());
    return Found::command;  // go on
}

LogReader::Found LogReader::our_line(Bytes line) {
    if (line.starts_with(Chain::kSeal)) return seal_line(line, Chain::kSeal);
    if (line.starts_with(Chain::kEnd)) return seal_line(line, Chain::kEnd);
    if (line.starts_with(Chain::kStart)) return start_line(line);
    return bad(Found::damaged, "a line that begins with #KEEL and is none of keel's");
}

LogReader::Found LogReader::seal_line(Bytes line, Bytes kind) {
    hash_up_to_here();
    const std::string right = chain_.seal(kind);
    if (line != right) return bad(Found::damaged, "the checksum does not match");
    at_ += line.size();
    hashed_ = at_;
    sealed_ = here();
    ++seals_;
    ended_ = kind == Chain::kEnd;
    if (!in_transaction_) {
        good_ = here();
        keep_good_chain();
    }
    return Found::command;
}

LogReader::Found LogReader::start_line(Bytes line) {
    if (here() != 0) return bad(Found::damaged, "the first line of a file stands in the middle of it");
    Bytes text = line.substr(Chain::kStart.size());
    const auto version = take_hex<unsigned>(text, ":");
    if (version && *version != 1)
        return bad(Found::bad_format, fmt::format("unknown version {} of #KEEL lines", *version));
    const auto offset = take_hex<std::uint64_t>(text, ":");
    const auto chain = take_hex<std::uint64_t>(text, "\r\n");
    if (!version || !offset || !chain || !text.empty()) return bad(Found::damaged, "the first line is damaged");
    // The first file follows none, and the offset is the file's own word; a seal covers both.
    chain_.adopt(*offset, kind_ == Kind::next_incremental ? chain_.value() : *chain);
    if (line != chain_.start_line()) {
        return bad(Found::damaged, "the file does not follow the one before it: something between them is missing");
    }
    ours_ = true;
    advance(line.size());
    good_offset_ = chain_.offset();
    keep_good_chain();
    good_ = here();
    return Found::command;
}

void LogReader::advance(std::size_t bytes) { at_ += bytes; }

// Lazily, in long pieces: hashing command by command would cost more than the hash.
void LogReader::hash_up_to_here() {
    chain_.add({window_.get() + hashed_, at_ - hashed_});
    hashed_ = at_;
}

void LogReader::keep_good_chain() {
    hash_up_to_here();
    good_chain_ = chain_;
}

void LogReader::refill() {
    if (bad_ != Found::command) return;
    hash_up_to_here();
    const std::size_t left = end_ - at_;
    if (left > room_ / 2) {
        room_ *= 2;
        auto larger = std::make_unique_for_overwrite<char[]>(room_);
        std::memcpy(larger.get(), window_.get() + at_, left);
        window_ = std::move(larger);
    } else if (at_ > 0) {
        std::memmove(window_.get(), window_.get() + at_, left);
    }
    base_ += at_;
    at_ = hashed_ = 0;
    end_ = left;
    const std::uint64_t most = std::min<std::uint64_t>(room_ - end_, size_ - (base_ + end_));
    auto got = file_->read({window_.get() + end_, static_cast<std::size_t>(most)});
    if (!got) {
        bad(Found::failed, std::string{got.error().text()});
        return;
    }
    end_ += *got;
    // Shorter than it was when we opened it: somebody cuts it while we read.
    if (*got == 0) size_ = base_ + end_;
}

// Bad form in front of a seal is damage: whoever wrote the seal wrote no bad form.
LogReader::Found LogReader::bad(Found what, std::string reason) {
    bad_ = what == Found::bad_format && seal_follows() ? Found::damaged : what;
    reason_ = std::move(reason);
    return bad_;
}

// Whether a whole seal line that says of itself that it stands where it does follows at or behind found_at_. Only a
// file that is cut off asks.
bool LogReader::seal_follows() {
    if (!file_->seek(found_at_)) return false;
    std::string piece;
    std::uint64_t begin = found_at_;
    for (;;) {
        const std::size_t kept = piece.size();
        piece.resize(kept + std::min<std::uint64_t>(kScanWindow, size_ - std::min(size_, begin) + 1));
        const auto got = file_->read(std::span{piece}.subspan(kept));
        const std::size_t size = kept + (got ? *got : 0);
        piece.resize(size);
        for (std::size_t at = piece.find("#KEEL"); at != std::string::npos; at = piece.find("#KEEL", at + 1)) {
            const Bytes line = Bytes{piece}.substr(at);
            for (const Bytes kind : {Chain::kSeal, Chain::kEnd}) {
                const std::string claim = fmt::format("{}{:x}:", kind, begin + at);
                if (line.starts_with(claim) && line.substr(0, kMostSeal).find("\r\n") != Bytes::npos) return true;
            }
        }
        if (!got || *got == 0) return false;
        // A line that this piece cuts is looked at again.
        const std::size_t drop = size - std::min(size, kMostSeal);
        piece.erase(0, drop);
        begin += drop;
    }
}

Result<Chain> LogReader::chain_at_good() {
    Chain chain = good_chain_;
    KEEL_TRY(file_->seek(chain.position()));
    std::uint64_t left = good_ - std::min(good_, chain.position());
    std::string piece(std::min<std::uint64_t>(left, kScanWindow), '\0');
    while (left > 0) {
        const std::size_t most = std::min<std::uint64_t>(left, piece.size());
        KEEL_TRY(const std::size_t got, file_->read(std::span{piece}.first(most)));
        if (got == 0) return Error{fmt::format("Can't read {}: it became shorter", file_->path())};
        chain.add(Bytes{piece}.substr(0, got));
        left -= got;
    }
    chain.adopt(good_offset_, chain.value());
    return chain;
}

}  // namespace keel::aof
