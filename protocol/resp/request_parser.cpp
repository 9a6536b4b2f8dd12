// SPDX-License-Identifier: BSD-3-Clause
//
// Two ways through. parse_plain() takes the request that nearly all are: multibulk, whole, small numbers; it keeps no
// state and touches each byte once. Whatever it does not like it leaves to parse_any(), which goes in steps, can stop
// after any byte, and is the only one that knows what is wrong:
//
//     start -'*'-> count -> header -> body -> header ... -> done
//         `-else-> words -> done  `-> block (adopted) -'
#include "protocol/resp/request_parser.h"

#include <algorithm>
#include <string>

#include "protocol/base/check.h"
#include "protocol/base/number.h"
#include "protocol/base/words.h"
#include "protocol/resp/errors.h"

namespace keel {

namespace {

// A request that was split keeps the room for this many arguments afterwards.
constexpr std::size_t kMostIdlePieces = 256;

// Reads "<prefix><1 to 4 digits>\r\n" at `p`; null if anything else stands there, a leading zero included.
inline const char* short_header(const char* p, const char* end, char prefix, std::size_t& value) {
    const auto digit = [](char c) { return static_cast<std::size_t>(static_cast<unsigned char>(c)) - '0'; };
    if (end - p < 4 || *p != prefix) [[unlikely]]
        return nullptr;
    std::size_t number = digit(p[1]);
    if (number > 9) [[unlikely]]
        return nullptr;
    p += 2;
    if (*p != '\r') {
        if (number == 0) return nullptr;
        const char* const most = end - p > 4 ? p + 4 : end;
        do {
            const std::size_t next = digit(*p);
            if (next > 9 || ++p == most) return nullptr;
            number = number * 10 + next;
        } while (*p != '\r');
        if (end - p < 2) return nullptr;
    }
    if (p[1] != '\n') [[unlikely]]
        return nullptr;
    value = number;
    return p + 2;
}

}  // namespace

bool RequestParser::parse_plain(Bytes input, ArgumentList& out) {
    const char* p = input.data();
    const char* const end = p + input.size();
    std::size_t count = 0;
    p = short_header(p, end, '*', count);
    const std::size_t most = limits_.authenticated ? limits_.max_arguments : kUnauthenticatedArguments;
    if (!p || count == 0 || count > most) return false;
    const std::size_t first = out.size();
    Bytes* to = out.extend(count);
    for (Bytes* const last = to + count; to != last; ++to) {
        std::size_t size = 0;
        p = short_header(p, end, '$', size);
        if (!p || static_cast<std::size_t>(end - p) < size + 2 || p[size] != '\r' || p[size + 1] != '\n' ||
            size > limits_.max_bulk_bytes) {
            out.truncate(first);
            return false;
        }
        *to = Bytes{p, size};
        p += size + 2;
    }
    consumed_ = static_cast<std::size_t>(p - input.data());
    request_ = {first, count, Bytes{input.data(), consumed_}};
    return true;
}

RequestParser::Outcome RequestParser::parse_any(Bytes input, ArgumentList& out) {
    consumed_ = 0;
    for (;;) {
        switch (step(input, out)) {
            case Step::on:
                if (stage_ == Stage::start) {  // a blank request: forget it
                    consumed_ += at_;
                    input.remove_prefix(at_);
                    at_ = 0;
                }
                break;
            case Step::wait: return Outcome::incomplete;
            case Step::wrong: return Outcome::error;
            case Step::done:
                consumed_ += at_;
                start_over();
                return Outcome::complete;
        }
    }
}

RequestParser::Step RequestParser::step(Bytes input, ArgumentList& out) {
    Step result = Step::wrong;
    switch (stage_) {
        case Stage::start: result = step_start(input); break;
        case Stage::words: return step_words(input, out);
        case Stage::count: result = step_count(input); break;
        case Stage::header: result = step_header(input); break;
        case Stage::body: result = step_body(input); break;
        case Stage::block: result = step_block(); break;
        case Stage::failed: break;
    }
    if (result == Step::done) finish(input, out);
    return result;
}

RequestParser::Step RequestParser::step_start(Bytes input) {
    if (input.empty()) return Step::wait;
    stage_ = input.front() == '*' ? Stage::count : Stage::words;
    scanned_ = 0;
    return Step::on;
}

RequestParser::Step RequestParser::step_words(Bytes input, ArgumentList& out) {
    Bytes line;
    if (const Step found = find_line(input, '\n', errors::kInlineTooBig, line); found != Step::on) return found;
    at_ = line.size() + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::vector<std::string> words;
    if (!split_words(line, words)) return fail(errors::kUnbalancedQuotes);
    if (words.empty()) {
        stage_ = Stage::start;
        return Step::on;
    }
    request_ = {out.size(), words.size(), Bytes{}};
    Bytes* to = out.extend(words.size());
    for (const std::string& word : words) *to++ = out.keep(word);
    return Step::done;
}

RequestParser::Step RequestParser::step_count(Bytes input) {
    std::int64_t count = 0;
    const Step read = read_number(input, errors::kMultibulkTooLong, errors::kMultibulkInvalid, count);
    if (read != Step::on) return read;
    if (count > 0 && static_cast<std::uint64_t>(count) > limits_.max_arguments) return fail(errors::kMultibulkInvalid);
    if (!limits_.authenticated && count > static_cast<std::int64_t>(kUnauthenticatedArguments)) {
        return fail(errors::kMultibulkUnauthenticated);
    }
    stage_ = count > 0 ? Stage::header : Stage::start;
    remaining_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    return Step::on;
}

RequestParser::Step RequestParser::step_header(Bytes input) {
    if (at_ == input.size()) return Step::wait;
    if (input[at_] != '$') return fail(errors::expected_dollar(input[at_]));
    std::int64_t length = 0;
    const Step read = read_number(input, errors::kBulkTooLong, errors::kBulkInvalid, length);
    if (read != Step::on) return read;
    if (length < 0 || static_cast<std::uint64_t>(length) > limits_.max_bulk_bytes) return fail(errors::kBulkInvalid);
    if (!limits_.authenticated && length > static_cast<std::int64_t>(kUnauthenticatedBulk)) {
        return fail(errors::kBulkUnauthenticated);
    }
    bulk_ = static_cast<std::size_t>(length);
    stage_ = Stage::body;
    return Step::on;
}

RequestParser::Step RequestParser::step_body(Bytes input) {
    if (input.size() - at_ < bulk_ + 2) return Step::wait;
    if (input.substr(at_ + bulk_, 2) != "\r\n") return fail(errors::kInvalidCrlf);
    pieces_.push_back({nullptr, at_, bulk_});
    at_ += bulk_ + 2;
    return argument_done();
}

RequestParser::Step RequestParser::step_block() {
    if (!wanted().empty()) return Step::wait;
    const LargeBlock& block = extras_->adopted.back().block;
    if (Bytes{block.bytes() + bulk_, 2} != "\r\n") return fail(errors::kInvalidCrlf);
    pieces_.push_back({block.bytes(), 0, bulk_});
    return argument_done();
}

RequestParser::Step RequestParser::argument_done() {
    stage_ = Stage::header;
    return --remaining_ == 0 ? Step::done : Step::on;
}

// The line from at_ up to `last`, without it.
RequestParser::Step RequestParser::find_line(Bytes input, char last, const ErrorText& too_long, Bytes& line) {
    const Bytes rest = input.substr(at_);
    const std::size_t end = rest.find(last, scanned_);
    const std::size_t size = end == Bytes::npos ? rest.size() : end;
    if (size > limits_.max_line_bytes) return fail(too_long);
    if (end == Bytes::npos) {
        scanned_ = size;
        return Step::wait;
    }
    line = rest.substr(0, end);
    return Step::on;
}

// The number behind the '*' or '$' at at_, and past its CRLF.
RequestParser::Step RequestParser::read_number(Bytes input, const ErrorText& too_long, const ErrorText& invalid,
                                               std::int64_t& value) {
    Bytes line;
    if (const Step found = find_line(input, '\r', too_long, line); found != Step::on) return found;
    const std::size_t feed = at_ + line.size() + 1;
    if (feed == input.size()) return Step::wait;
    const auto number = parse_integer(line.substr(1));
    if (!number) return fail(invalid);
    if (input[feed] != '\n') return fail(errors::kInvalidCrlf);
    value = *number;
    at_ = feed + 1;
    scanned_ = 0;
    return Step::on;
}

RequestParser::Step RequestParser::fail(Error error) {
    error_ = std::move(error);
    stage_ = Stage::failed;
    return Step::wrong;
}

// All arguments are there: as offsets, now as views.
void RequestParser::finish(Bytes input, ArgumentList& out) {
    request_ = {out.size(), pieces_.size(), extras_ ? Bytes{} : input.substr(0, at_)};
    Bytes* to = out.extend(pieces_.size());
    for (const Piece& piece : pieces_) {
        *to++ = Bytes{piece.kept ? piece.kept : input.data() + piece.at, piece.size};
    }
    if (!extras_) return;
    for (auto& memory : extras_->kept) out.keep(std::move(memory));
    for (auto& [argument, block] : extras_->adopted) out.adopted(request_.first + argument, std::move(block));
}

void RequestParser::start_over() noexcept {
    stage_ = Stage::start;
    at_ = 0;
    scanned_ = 0;
    remaining_ = 0;
    extras_.reset();
    pieces_.clear();
    if (pieces_.capacity() > kMostIdlePieces) std::vector<Piece>{}.swap(pieces_);
}

std::optional<std::size_t> RequestParser::large_argument() const noexcept {
    if (stage_ != Stage::body || bulk_ < kLargeArgument) return std::nullopt;
    return bulk_;
}

void RequestParser::adopt(LargeBlock block, Bytes input) {
    KEEL_CHECK(stage_ == Stage::body && block.length() == bulk_ && input.size() - at_ < bulk_ + 2);
    if (!extras_) extras_ = std::make_unique<Extras>();
    // What stands before an earlier block was kept already.
    const std::size_t first = extras_->adopted.empty() ? 0 : extras_->adopted.back().argument + 1;
    const std::span<Piece> fresh = std::span{pieces_}.subspan(first);
    std::size_t size = 0;
    for (const Piece& piece : fresh) size += piece.size;
    auto memory = std::make_unique_for_overwrite<char[]>(size);
    char* to = memory.get();
    for (Piece& piece : fresh) {
        piece.kept = to;
        to = std::copy_n(input.data() + piece.at, piece.size, to);
    }
    extras_->kept.push_back(std::move(memory));
    extras_->kept_bytes += size;
    const Bytes arrived = input.substr(at_);
    std::copy(arrived.begin(), arrived.end(), block.bytes());
    extras_->filled = arrived.size();
    extras_->adopted.push_back({pieces_.size(), std::move(block)});
    stage_ = Stage::block;
    at_ = 0;
}

std::span<char> RequestParser::wanted() noexcept {
    if (stage_ != Stage::block) return {};
    const LargeBlock& block = extras_->adopted.back().block;
    return {block.bytes() + extras_->filled, bulk_ + 2 - extras_->filled};
}

void RequestParser::filled(std::size_t bytes) noexcept {
    KEEL_CHECK(bytes <= wanted().size());
    extras_->filled += bytes;
}

void RequestParser::reset() {
    start_over();
    error_.reset();
    consumed_ = 0;
    request_ = {};
}

std::size_t RequestParser::memory_bytes() const noexcept {
    std::size_t bytes = pieces_.capacity() * sizeof(Piece);
    if (!extras_) return bytes;
    bytes += sizeof(Extras) + extras_->kept_bytes;
    for (const auto& [argument, block] : extras_->adopted) bytes += block.length() + 2;
    return bytes;
}

}  // namespace keel
