// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/string/hyperloglog.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "protocol/base/check.h"

namespace keel::string::hll {

namespace {

constexpr Bytes kMagic = "HYLL";
constexpr std::size_t kEncodingAt = 4;
constexpr char kDense = 0;
constexpr char kSparse = 1;
constexpr unsigned kRankBits = 50;  // of a hash, those that do not name the register

unsigned char byte_of(char c) { return static_cast<unsigned char>(c); }

// ---- Hashing ----

// MurmurHash64A, which words the bytes as little-endian on every machine.
std::uint64_t murmur(Bytes text, std::uint64_t seed) {
    constexpr std::uint64_t kMultiplier = 0xc6a4a7935bd1e995;
    constexpr int kShift = 47;
    std::uint64_t hash = seed ^ (text.size() * kMultiplier);
    for (; text.size() >= 8; text.remove_prefix(8)) {
        std::uint64_t word = load_le<std::uint64_t>(text.data()) * kMultiplier;
        word ^= word >> kShift;
        hash = (hash ^ word * kMultiplier) * kMultiplier;
    }
    if (!text.empty()) {
        std::uint64_t rest = 0;
        for (std::size_t i = 0; i < text.size(); ++i) rest |= std::uint64_t{byte_of(text[i])} << (8 * i);
        hash = (hash ^ rest) * kMultiplier;
    }
    hash = (hash ^ hash >> kShift) * kMultiplier;
    return hash ^ hash >> kShift;
}

// ---- Runs of the sparse form ----

constexpr std::size_t kShortZeros = 64;
constexpr unsigned kMostRunRank = 32;
constexpr std::size_t kLongestRanks = 4;

struct Run {
    unsigned rank;       // 0: a run of zeros
    std::size_t length;  // in registers
    std::size_t size;    // in bytes
};

// The run at this place, which is inside of the text; none if the text ends within it.
std::optional<Run> run_at(Bytes text, std::size_t at) {
    const unsigned head = byte_of(text[at]);
    if ((head & 0x80) != 0) return Run{(head >> 2 & 31) + 1, (head & 3) + 1, 1};
    if ((head & 0x40) == 0) return Run{0, (head & 63) + 1, 1};
    if (at + 1 == text.size()) return std::nullopt;
    return Run{0, ((head & 63) << 8 | byte_of(text[at + 1])) + std::size_t{1}, 2};
}

// Writes runs one behind the other.
class Runs {
  public:
    void zeros(std::size_t length) {
        if (length == 0) return;
        const std::size_t coded = length - 1;
        if (length > kShortZeros)
            put(0x40 | coded >> 8), put(coded & 255);
        else
            put(coded);
    }
    void ranks(unsigned rank, std::size_t length) {
        if (length != 0) put(0x80 | (rank - 1) << 2 | (length - 1));
    }
    void same(unsigned rank, std::size_t length) { rank == 0 ? zeros(length) : ranks(rank, length); }
    [[nodiscard]] Bytes bytes() const { return {bytes_.data(), size_}; }

  private:
    void put(std::size_t byte) { bytes_[size_++] = static_cast<char>(byte); }
    std::array<char, 8> bytes_{};
    std::size_t size_ = 0;
};

// ---- Registers of the dense form ----

unsigned dense_get(const char* registers, std::size_t index) {
    const std::size_t bit = index * 6;
    const char* at = registers + (bit >> 3);
    const unsigned shift = bit & 7;
    unsigned value = byte_of(at[0]) >> shift;
    if (shift > 2) value |= static_cast<unsigned>(byte_of(at[1])) << (8 - shift);
    return value & 63;
}

void dense_set(char* registers, std::size_t index, unsigned value) {
    const std::size_t bit = index * 6;
    char* at = registers + (bit >> 3);
    const unsigned shift = bit & 7;
    at[0] = static_cast<char>((byte_of(at[0]) & ~(63U << shift)) | value << shift);
    if (shift > 2) at[1] = static_cast<char>((byte_of(at[1]) & ~(63U >> (8 - shift))) | value >> (8 - shift));
}

// Calls `each` with the index of every fourth register and the four values from there on.
template <typename Each>
void every_four(const char* registers, const Each& each) {
    for (std::size_t index = 0; index < kRegisters; index += 4, registers += 3) {
        const unsigned bits = byte_of(registers[0]) | static_cast<unsigned>(byte_of(registers[1])) << 8 |
                              static_cast<unsigned>(byte_of(registers[2])) << 16;
        each(index, std::array<std::uint8_t, 4>{
                        static_cast<std::uint8_t>(bits & 63), static_cast<std::uint8_t>(bits >> 6 & 63),
                        static_cast<std::uint8_t>(bits >> 12 & 63), static_cast<std::uint8_t>(bits >> 18 & 63)});
    }
}

void write_dense(char* registers, const std::uint8_t* values) {
    for (std::size_t index = 0; index < kRegisters; index += 4, registers += 3) {
        const unsigned bits = values[index] | static_cast<unsigned>(values[index + 1]) << 6 |
                              static_cast<unsigned>(values[index + 2]) << 12 |
                              static_cast<unsigned>(values[index + 3]) << 18;
        registers[0] = static_cast<char>(bits & 255);
        registers[1] = static_cast<char>(bits >> 8 & 255);
        registers[2] = static_cast<char>(bits >> 16);
    }
}

// ---- The estimate ----

// How many registers have each rank.
using Histogram = std::array<std::uint32_t, 64>;

// The two series of Otmar Ertl's "New cardinality estimation algorithms for HyperLogLog sketches" (2017), which
// correct for registers that are still zero and for those that can rise no more.
double sigma(double x) {
    if (x == 1.0) return std::numeric_limits<double>::infinity();
    double sum = x;
    double before = 0;
    for (double weight = 1; before != sum; weight += weight) {
        x *= x;
        before = sum;
        sum += x * weight;
    }
    return sum;
}

double tau(double x) {
    if (x == 0.0 || x == 1.0) return 0.0;
    double sum = 1 - x;
    double before = 0;
    for (double weight = 0.5; before != sum; weight *= 0.5) {
        x = std::sqrt(x);
        before = sum;
        sum -= std::pow(1 - x, 2) * weight;
    }
    return sum / 3;
}

std::uint64_t estimate(const Histogram& histogram) {
    constexpr double kAlpha = 0.721347520444481703680;  // 1 / (2 ln 2)
    constexpr auto kM = static_cast<double>(kRegisters);
    double z = kM * tau((kM - histogram[kRankBits + 1]) / kM);
    for (std::size_t rank = kRankBits; rank >= 1; --rank) z = (z + histogram[rank]) * 0.5;
    z += kM * sigma(histogram[0] / kM);
    return static_cast<std::uint64_t>(std::llround(kAlpha * kM * kM / z));
}

Histogram histogram_of_dense(const char* registers) {
    std::array<Histogram, 4> four{};  // one after the other would wait for each other
    every_four(registers, [&](std::size_t, const std::array<std::uint8_t, 4>& values) {
        for (std::size_t i = 0; i < 4; ++i) ++four[i][values[i]];
    });
    for (std::size_t rank = 0; rank < 64; ++rank) four[0][rank] += four[1][rank] + four[2][rank] + four[3][rank];
    return four[0];
}

std::optional<Histogram> histogram_of_sparse(Bytes text) {
    Histogram out{};
    std::size_t registers = 0;
    for (std::size_t at = kHeader; at < text.size();) {
        const auto run = run_at(text, at);
        if (!run || run->length > kRegisters - registers) return std::nullopt;
        registers += run->length;
        out[run->rank] += static_cast<std::uint32_t>(run->length);
        at += run->size;
    }
    return registers == kRegisters ? std::optional{out} : std::nullopt;
}

}  // namespace

Mark mark_of(Bytes element) {
    const std::uint64_t hash = murmur(element, 0xadc83b19);
    const std::uint64_t ranked = hash / kRegisters | std::uint64_t{1} << kRankBits;
    return {static_cast<std::uint32_t>(hash % kRegisters), static_cast<std::uint8_t>(std::countr_zero(ranked) + 1)};
}

// ---- Texts ----

bool plausible(Bytes text) {
    if (text.size() < kHeader || !text.starts_with(kMagic)) return false;
    const char encoding = text[kEncodingAt];
    return encoding == kSparse || (encoding == kDense && text.size() == kDenseSize);
}

bool is_dense(Bytes text) { return text[kEncodingAt] == kDense; }

std::optional<std::uint64_t> kept_count(Bytes text) {
    const auto count = load_le<std::uint64_t>(text.data() + kCountAt);
    return (count >> 63) == 0 ? std::optional{count} : std::nullopt;
}

std::array<char, 8> count_bytes(std::uint64_t count) {
    std::array<char, 8> out;
    store_le(out.data(), count);
    return out;
}

void forget_count(char* text) {
    char& top = text[kCountAt + 7];
    top = static_cast<char>(byte_of(top) | 0x80);  // the rest stays, as in Redis
}

std::optional<std::uint64_t> count_of(Bytes text) {
    if (is_dense(text)) return estimate(histogram_of_dense(text.data() + kHeader));
    const auto histogram = histogram_of_sparse(text);
    return histogram ? std::optional{estimate(*histogram)} : std::nullopt;
}

bool describe_runs(Bytes text, std::string& out) {
    for (std::size_t at = kHeader; at < text.size();) {
        const auto run = run_at(text, at);
        if (!run) return false;
        if (!out.empty()) out += ' ';
        if (run->rank == 0)
            out += (run->size == 2 ? "Z:" : "z:") + std::to_string(run->length);
        else
            out += "v:" + std::to_string(run->rank) + "," + std::to_string(run->length);
        at += run->size;
    }
    return true;
}

std::optional<unsigned> sparse_rank(Bytes text, std::size_t index) {
    std::size_t end = 0;
    for (std::size_t at = kHeader; at < text.size();) {
        const auto run = run_at(text, at);
        if (!run) return std::nullopt;
        end += run->length;
        if (index < end) return run->rank;
        at += run->size;
    }
    return std::nullopt;
}

bool raise_dense(char* text, Mark mark) {
    if (dense_get(text + kHeader, mark.index) >= mark.rank) return false;
    dense_set(text + kHeader, mark.index, mark.rank);
    return true;
}

// ---- Registers ----

bool Registers::raise(Mark mark) {
    if (values_[mark.index] >= mark.rank) return false;
    values_[mark.index] = mark.rank;
    return true;
}

bool Registers::merge(Bytes text) {
    if (!hll::is_dense(text)) return merge_sparse(text);
    merge_dense(text.data() + kHeader);
    return true;
}

void Registers::merge_dense(const char* registers) {
    every_four(registers, [&](std::size_t index, const std::array<std::uint8_t, 4>& values) {
        for (std::size_t i = 0; i < 4; ++i) values_[index + i] = std::max(values_[index + i], values[i]);
    });
}

bool Registers::merge_sparse(Bytes text) {
    std::size_t index = 0;
    for (std::size_t at = kHeader; at < text.size();) {
        const auto run = run_at(text, at);
        if (!run || run->length > kRegisters - index) return false;
        for (const std::size_t end = index + run->length; run->rank != 0 && index < end; ++index)
            values_[index] = std::max(values_[index], static_cast<std::uint8_t>(run->rank));
        if (run->rank == 0) index += run->length;
        at += run->size;
    }
    return index == kRegisters;
}

std::uint64_t Registers::count() const {
    Histogram histogram{};
    for (const std::uint8_t value : values_) ++histogram[value];
    return estimate(histogram);
}

// ---- Drafts ----

Draft::Draft() {
    std::memset(bytes_.data(), 0, kHeader);
    std::memcpy(bytes_.data(), kMagic.data(), kMagic.size());
    bytes_[kEncodingAt] = kSparse;
    Runs runs;
    runs.zeros(kRegisters);
    std::memcpy(bytes_.data() + kHeader, runs.bytes().data(), runs.bytes().size());
    size_ = kHeader + runs.bytes().size();
}

Draft::Draft(Bytes text) : size_(text.size() <= kSparseMost ? text.size() : kHeader) {
    std::memcpy(bytes_.data(), text.data(), size_);
}

Raised Draft::raise_as_dense(Mark mark) {
    if (!make_dense()) return Raised::corrupt;
    return raise_dense(bytes_.data(), mark) ? Raised::yes : Raised::no;
}

bool Draft::make_dense() {
    if (is_dense()) return true;
    Registers registers;
    if (!registers.merge(text())) return false;
    bytes_[kEncodingAt] = kDense;
    write_dense(bytes_.data() + kHeader, registers.values_.data());
    size_ = kDenseSize;
    return true;
}

bool Draft::raise_all(const Registers& registers, std::uint64_t sparse_most) {
    for (std::uint32_t index = 0; index < kRegisters; ++index) {
        if (registers[index] == 0) continue;
        if (raise({index, registers[index]}, sparse_most) == Raised::corrupt) return false;
    }
    return true;
}

// The run that holds a register, when the search begins at a run whose first register is known.
std::optional<Draft::Found> Draft::find_from(std::size_t at, std::size_t first, std::size_t index) const {
    std::optional<std::size_t> before;
    std::size_t before_first = 0;
    while (at < size_) {
        const auto run = run_at(text(), at);
        if (!run) break;
        if (index < first + run->length) return Found{at, first, before, before_first};
        before = at;
        before_first = first;
        first += run->length;
        at += run->size;
    }
    return std::nullopt;
}

// Registers that are raised in rising order (PFMERGE) are found from where the last one was; the run from which a
// search went on must not be the one that is found, for then the run before it is not known.
std::optional<Draft::Found> Draft::find(std::size_t index) {
    std::optional<Found> found;
    if (index > resume_first_) found = find_from(resume_at_, resume_first_, index);
    if (!found || !found->before) found = find_from(kHeader, 0, index);
    if (found) {
        resume_at_ = found->before.value_or(kHeader);
        resume_first_ = found->before ? found->before_first : 0;
    }
    return found;
}

Raised Draft::raise(Mark mark, std::uint64_t sparse_most) {
    if (is_dense()) return raise_dense(bytes_.data(), mark) ? Raised::yes : Raised::no;
    if (mark.rank > kMostRunRank) return raise_as_dense(mark);
    const auto found = find(mark.index);
    if (!found) return Raised::corrupt;
    const Run run = *run_at(text(), found->at);
    if (run.rank >= mark.rank) return Raised::no;

    const std::size_t before = mark.index - found->first;
    Runs runs;
    runs.same(run.rank, before);
    runs.ranks(mark.rank, 1);
    runs.same(run.rank, run.length - before - 1);
    if (!replace(found->at, run.size, runs.bytes(), sparse_most)) return raise_as_dense(mark);
    join_from(found->before.value_or(kHeader));
    return Raised::yes;
}

// Puts these runs in the place of one; false if the whole would become too long.
bool Draft::replace(std::size_t at, std::size_t old_size, Bytes runs, std::uint64_t sparse_most) {
    const std::size_t size = size_ - old_size + runs.size();
    if (size > size_ && (size > sparse_most || size > kSparseMost)) return false;
    char* const to = bytes_.data() + at;
    std::memmove(to + runs.size(), to + old_size, size_ - at - old_size);
    std::memcpy(to, runs.data(), runs.size());
    size_ = size;
    return true;
}

// Joins neighbours of the same rank where four registers are enough for both. Five runs are looked at, those that a
// change can have touched: what is joined here and what is not is part of the format.
void Draft::join_from(std::size_t at) {
    for (int looks = 5; looks > 0 && at < size_; --looks) {
        const auto run = run_at(text(), at);
        if (!run) return;
        const auto next = at + run->size < size_ ? run_at(text(), at + run->size) : std::nullopt;
        if (run->rank == 0 || !next || next->rank != run->rank || run->length + next->length > kLongestRanks) {
            at += run->size;
            continue;
        }
        Runs joined;
        joined.ranks(run->rank, run->length + next->length);
        replace(at, 2, joined.bytes(), size_);
    }
}

// ---- The self-test ----

namespace {

// Registers of six bits do not touch their neighbours.
bool registers_hold(Random& random) {
    Draft draft;
    if (!draft.make_dense()) return false;
    std::array<char, kDenseSize> text;
    std::memcpy(text.data(), draft.text().data(), text.size());
    Registers expected;
    for (int i = 0; i < 50'000; ++i) {
        const Mark mark{static_cast<std::uint32_t>(random.next() % kRegisters),
                        static_cast<std::uint8_t>(random.next() % 64)};
        if (raise_dense(text.data(), mark) != expected.raise(mark)) return false;
    }
    for (std::size_t i = 0; i < kRegisters; ++i) {
        if (dense_get(text.data() + kHeader, i) != expected[i]) return false;
    }
    return true;
}

// The standard error is 1.04 / sqrt(16384), 0.8 percent; few elements are told more exactly.
bool near(std::uint64_t estimated, std::uint64_t real) {
    const auto error = std::abs(static_cast<double>(estimated) - static_cast<double>(real));
    return error <= std::max(2.0, static_cast<double>(real) * 0.05);
}

}  // namespace

std::string self_test(Random& random) {
    constexpr std::uint64_t kElements = 200'000;
    if (!registers_hold(random)) return "Registers set and read back differ";
    Draft sparse;
    Draft dense;
    if (!dense.make_dense()) return "An empty value does not turn dense";
    const std::uint64_t salt = random.next();
    for (std::uint64_t added = 1, next_look = 1; added <= kElements; ++added) {
        std::array<char, 16> element;
        store(element.data(), salt);
        store(element.data() + 8, added);
        const Mark mark = mark_of({element.data(), element.size()});
        if (sparse.raise(mark, 3000) != dense.raise(mark, 3000)) return "Sparse and dense disagree about an element";
        if (added != next_look) continue;
        const auto estimated = count_of(dense.text());
        if (estimated != count_of(sparse.text())) return "Sparse and dense are not counted alike";
        if (!estimated || !near(*estimated, added))
            return "Too large an error at " + std::to_string(added) + " elements";
        next_look *= 10;
    }
    return {};
}

}  // namespace keel::string::hll
