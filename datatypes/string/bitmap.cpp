// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/string/bitmap.h"

#include <algorithm>
#include <array>
#include <bit>

#include "protocol/base/check.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define KEEL_AVX2 __attribute__((target("avx2")))
#endif

namespace keel::string {

namespace {

#if defined(KEEL_AVX2)
const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
#endif

std::uint64_t load_big(const char* at) {
    const auto word = load<std::uint64_t>(at);
    return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
}

void store_big(char* at, std::uint64_t word) {
    store(at, std::endian::native == std::endian::little ? __builtin_bswap64(word) : word);
}

// ---- Counting ----

std::uint64_t count_words(const char* at, std::size_t size) {
    std::uint64_t ones = 0;
    for (; size >= 8; at += 8, size -= 8) ones += static_cast<unsigned>(std::popcount(load<std::uint64_t>(at)));
    std::uint64_t rest = 0;
    if (size != 0) std::memcpy(&rest, at, size);
    return ones + static_cast<unsigned>(std::popcount(rest));
}

#if defined(KEEL_AVX2)
// Looks each half of a byte up in a table of 16 counts, 32 bytes at a time.
KEEL_AVX2 std::uint64_t count_avx2(const char* at, std::size_t size) {
    constexpr std::size_t kMostRounds = 31;  // each adds up to 8 to a byte
    const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                           0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i half = _mm256_set1_epi8(15);
    __m256i sums = _mm256_setzero_si256();
    while (size >= 32) {
        __m256i counts = _mm256_setzero_si256();
        const std::size_t rounds = std::min(kMostRounds, size / 32);
        for (std::size_t i = 0; i < rounds; ++i, at += 32) {
            const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
            const __m256i low = _mm256_and_si256(bytes, half);
            const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
            counts = _mm256_add_epi8(counts, _mm256_shuffle_epi8(table, low));
            counts = _mm256_add_epi8(counts, _mm256_shuffle_epi8(table, high));
        }
        size -= rounds * 32;
        sums = _mm256_add_epi64(sums, _mm256_sad_epu8(counts, _mm256_setzero_si256()));
    }
    std::array<std::uint64_t, 4> parts;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(parts.data()), sums);
    return parts[0] + parts[1] + parts[2] + parts[3] + count_words(at, size);
}
#endif

// ---- Searching ----

// How many bytes at the front are all like this one; a few less if the end comes near.
std::size_t count_alike(const char* at, std::size_t size, char byte) {
    std::uint64_t like;
    std::memset(&like, byte, sizeof like);
    const auto other = [&](std::size_t i) { return load<std::uint64_t>(at + i) ^ like; };
    std::size_t i = 0;
    while (i + 32 <= size && (other(i) | other(i + 8) | other(i + 16) | other(i + 24)) == 0) i += 32;
    return i;
}

#if defined(KEEL_AVX2)
KEEL_AVX2 __m256i differing(const char* at, __m256i like) {
    return _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)), like);
}

KEEL_AVX2 std::size_t count_alike_avx2(const char* at, std::size_t size, char byte) {
    const __m256i like = _mm256_set1_epi8(byte);
    std::size_t i = 0;
    for (; i + 128 <= size; i += 128) {
        const __m256i any =
            _mm256_or_si256(_mm256_or_si256(differing(at + i, like), differing(at + i + 32, like)),
                            _mm256_or_si256(differing(at + i + 64, like), differing(at + i + 96, like)));
        if (_mm256_testz_si256(any, any) == 0) break;
    }
    return i;
}
#endif

std::size_t count_alike(Bytes text, char byte, Simd simd) {
#if defined(KEEL_AVX2)
    if (simd == Simd::best && kHasAvx2) return count_alike_avx2(text.data(), text.size(), byte);
#endif
    static_cast<void>(simd);
    return count_alike(text.data(), text.size(), byte);
}

// ---- Combining two ----

// out = out (op) in, byte by byte.
enum Pair : std::uint8_t { kAnd, kOr, kXor, kAndNot, kInvert };  // kInvert does not look at `in`
using Fold = void (*)(char* out, const char* in, std::size_t size);

template <Pair kPair>
[[gnu::always_inline]] inline void fold_body(char* __restrict out, const char* __restrict in, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        if constexpr (kPair == kAnd) out[i] = static_cast<char>(out[i] & in[i]);
        if constexpr (kPair == kOr) out[i] = static_cast<char>(out[i] | in[i]);
        if constexpr (kPair == kXor) out[i] = static_cast<char>(out[i] ^ in[i]);
        if constexpr (kPair == kAndNot) out[i] = static_cast<char>(out[i] & ~in[i]);
        if constexpr (kPair == kInvert) out[i] = static_cast<char>(~out[i]);
    }
}

template <Pair kPair>
void fold(char* out, const char* in, std::size_t size) {
    fold_body<kPair>(out, in, size);
}
constexpr Fold kFolds[] = {fold<kAnd>, fold<kOr>, fold<kXor>, fold<kAndNot>, fold<kInvert>};

#if defined(KEEL_AVX2)
template <Pair kPair>
KEEL_AVX2 void fold_avx2(char* out, const char* in, std::size_t size) {
    fold_body<kPair>(out, in, size);  // the same loop, which the compiler turns into wider vectors here
}
constexpr Fold kFoldsAvx2[] = {fold_avx2<kAnd>, fold_avx2<kOr>, fold_avx2<kXor>, fold_avx2<kAndNot>,
                               fold_avx2<kInvert>};
#endif

const Fold* folds_for(Simd simd) {
#if defined(KEEL_AVX2)
    if (simd == Simd::best && kHasAvx2) return kFoldsAvx2;
#endif
    static_cast<void>(simd);
    return kFolds;
}

// ---- Combining many ----

// Sources are combined piece by piece, each small enough that what was combined so far stays in the first cache.
constexpr std::size_t kPiece = 8 * 1024;

// One piece of the output, [at, at + size) of every source.
class Piece {
  public:
    Piece(const Fold* folds, std::span<const Bytes> sources, std::size_t at, char* out, std::size_t size)
        : folds_(folds), sources_(sources), at_(at), out_(out), size_(size) {}

    void combine(BitOp op) {
        switch (op) {
            case BitOp::and_: return load(0), fold_rest(kAnd, 1);
            case BitOp::or_: return load(0), fold_rest(kOr, 1);
            case BitOp::xor_: return load(0), fold_rest(kXor, 1);
            case BitOp::not_: return load(0), folds_[kInvert](out_, out_, size_);
            case BitOp::diff: return load(0), fold_rest(kAndNot, 1);
            case BitOp::diff1: return load(1), fold_rest(kOr, 2), fold(kAndNot, 0);
            case BitOp::and_or: return load(1), fold_rest(kOr, 2), fold(kAnd, 0);
            case BitOp::one: return exactly_one();
        }
    }

  private:
    [[nodiscard]] Bytes part(std::size_t source) const {
        const Bytes text = sources_[source];
        return at_ < text.size() ? text.substr(at_, size_) : Bytes{};
    }
    void load(std::size_t source) {
        const Bytes bytes = part(source);
        if (!bytes.empty()) std::memcpy(out_, bytes.data(), bytes.size());
        std::memset(out_ + bytes.size(), 0, size_ - bytes.size());
    }
    void fold(Pair pair, std::size_t source) {
        const Bytes bytes = part(source);
        folds_[pair](out_, bytes.data(), bytes.size());
        if (pair == kAnd) std::memset(out_ + bytes.size(), 0, size_ - bytes.size());  // the others keep what is there
    }
    void fold_rest(Pair pair, std::size_t source) {
        for (; source < sources_.size(); ++source) fold(pair, source);
    }
    // Set in an odd number of sources, but not in more than one.
    void exactly_one() {
        std::array<char, kPiece> more;
        std::array<char, kPiece> both;
        std::memset(more.data(), 0, size_);
        load(0);
        for (std::size_t source = 1; source < sources_.size(); ++source) {
            const Bytes bytes = part(source);
            if (bytes.empty()) continue;
            std::memcpy(both.data(), bytes.data(), bytes.size());
            folds_[kAnd](both.data(), out_, bytes.size());
            folds_[kOr](more.data(), both.data(), bytes.size());
            fold(kXor, source);
        }
        folds_[kAndNot](out_, more.data(), size_);
    }

    const Fold* folds_;
    std::span<const Bytes> sources_;
    std::size_t at_;
    char* out_;
    std::size_t size_;
};

}  // namespace

std::uint64_t count_ones(Bytes text, Simd simd) {
#if defined(KEEL_AVX2)
    if (simd == Simd::best && kHasAvx2 && text.size() >= 64) return count_avx2(text.data(), text.size());
#endif
    static_cast<void>(simd);
    return count_words(text.data(), text.size());
}

std::uint64_t count_ones(Bytes text, BitRange range) {
    const std::uint64_t first_byte = range.first >> 3;
    const std::uint64_t last_byte = range.last >> 3;
    const auto before = static_cast<unsigned char>(~(0xFFU >> (range.first & 7)));       // of the first byte
    const auto behind = static_cast<unsigned char>((1U << (7 - (range.last & 7))) - 1);  // of the last
    const auto outside =
        std::popcount(static_cast<unsigned char>(static_cast<unsigned char>(text[first_byte]) & before)) +
        std::popcount(static_cast<unsigned char>(static_cast<unsigned char>(text[last_byte]) & behind));
    return count_ones(text.substr(first_byte, last_byte - first_byte + 1)) - static_cast<unsigned>(outside);
}

std::optional<std::uint64_t> find_bit(Bytes text, bool bit, BitRange range, Simd simd) {
    const std::uint64_t flip = bit ? 0 : ~std::uint64_t{0};  // then a one is always what is looked for
    bool skipped = false;                                    // what is all alike: done once, for the bit is near then
    std::uint64_t at = range.first;
    while (at <= range.last) {
        const std::uint64_t byte = at >> 3;
        const std::uint64_t whole = (at & 7) == 0 ? (range.last - at + 1) >> 3 : 0;  // bytes that are all in the range
        if (whole >= 128 && !skipped) {
            at += count_alike(text.substr(byte, whole), static_cast<char>(flip), simd) * 8;
            skipped = true;
        } else if (whole >= 8) {
            const std::uint64_t found = load_big(text.data() + byte) ^ flip;
            if (found != 0) return at + static_cast<unsigned>(std::countl_zero(found));
            at += 64;
        } else {
            const auto found =
                static_cast<unsigned char>((static_cast<unsigned char>(text[byte]) ^ flip) & 0xFFU >> (at & 7));
            const std::uint64_t place = (byte << 3) + static_cast<unsigned>(std::countl_zero(found));
            if (found != 0) return place <= range.last ? std::optional{place} : std::nullopt;
            at = (byte + 1) << 3;
        }
    }
    return std::nullopt;
}

void combine(BitOp op, std::span<const Bytes> sources, char* out, std::size_t size, Simd simd) {
    for (std::size_t at = 0; at < size; at += kPiece) {
        Piece{folds_for(simd), sources, at, out + at, std::min(kPiece, size - at)}.combine(op);
    }
}

// A field lies in nine bytes at most: a word and one more.
std::uint64_t load_bits(Bytes text, std::uint64_t offset, unsigned width) {
    std::array<char, 9> bytes{};
    if (const std::uint64_t byte = offset >> 3; byte < text.size()) {
        std::memcpy(bytes.data(), text.data() + byte, std::min<std::uint64_t>(bytes.size(), text.size() - byte));
    }
    const unsigned skip = offset & 7;
    std::uint64_t value = load_big(bytes.data()) << skip;
    if (skip != 0) value |= static_cast<unsigned char>(bytes[8]) >> (8 - skip);
    return value >> (64 - width);
}

void store_bits(char* text, std::uint64_t offset, unsigned width, std::uint64_t value) {
    KEEL_DCHECK(width >= 1 && width <= 64);
    const unsigned skip = offset & 7;
    const std::size_t size = (skip + width + 7) >> 3;
    std::array<char, 9> bytes{};
    char* const at = text + (offset >> 3);
    std::memcpy(bytes.data(), at, size);
    const std::uint64_t mask = ~std::uint64_t{0} << (64 - width);
    const std::uint64_t placed = value << (64 - width);
    store_big(bytes.data(), (load_big(bytes.data()) & ~(mask >> skip)) | placed >> skip);
    if (skip != 0) {
        const auto low_mask = static_cast<unsigned char>(mask << (8 - skip));
        const auto low = static_cast<unsigned char>(placed << (8 - skip));
        bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & ~low_mask) | low);
    }
    std::memcpy(at, bytes.data(), size);
}

}  // namespace keel::string
