// SPDX-License-Identifier: BSD-3-Clause
//
// Any bytes as a HyperLogLog: they are refused, or all ways of reading them agree, and so they do after elements were
// added. (Build with -DKEEL_FUZZ=ON and clang.)
//
//     | number of elements u8 | sparse limit u16 | elements, three bytes each | runs, or registers ... |
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "datatypes/string/hyperloglog.h"
#include "protocol/base/check.h"

namespace {

using namespace keel;
using namespace keel::string::hll;

void reads_agree(Bytes text, const Registers& expected) {
    Registers registers;
    KEEL_CHECK(registers.merge(text));
    for (std::size_t i = 0; i < kRegisters; ++i) KEEL_CHECK(registers[i] == expected[i]);
    KEEL_CHECK(count_of(text) == registers.count());
}

void run(Bytes text, Bytes elements, std::uint64_t sparse_most) {
    if (!plausible(text)) return;
    Registers expected;
    const bool sound = expected.merge(text);
    KEEL_CHECK(count_of(text).has_value() == sound);
    Draft draft{text};
    bool corrupt = false;
    for (; elements.size() >= 3 && !corrupt; elements.remove_prefix(3)) {
        const Mark mark{load_le<std::uint16_t>(elements.data()) % static_cast<std::uint32_t>(kRegisters),
                        static_cast<std::uint8_t>(1 + static_cast<unsigned char>(elements[2]) % kMostRank)};
        const Raised outcome = draft.raise(mark, sparse_most);
        KEEL_CHECK(draft.text().size() <= kSparseMost);
        corrupt = outcome == Raised::corrupt;
        KEEL_CHECK(!corrupt || !sound);
        if (sound) KEEL_CHECK(expected.raise(mark) == (outcome == Raised::yes));
    }
    if (!sound) return;
    reads_agree(draft.text(), expected);
    KEEL_CHECK(draft.make_dense());
    reads_agree(draft.text(), expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes input{reinterpret_cast<const char*>(data), size};
    if (size < 3) return 0;
    const std::size_t elements = static_cast<unsigned char>(input[0]) * std::size_t{3};
    const std::uint64_t sparse_most = load_le<std::uint16_t>(input.data() + 1);
    input.remove_prefix(3);
    if (input.size() < elements) return 0;
    const Bytes body = input.substr(elements);
    run(body, input.substr(0, elements), sparse_most);
    // The same behind a header that is good, exactly as long as it is.
    const std::string sparse = std::string{Draft{}.text().substr(0, kHeader)} + std::string{body};
    const auto exact = std::make_unique<char[]>(sparse.size());
    std::memcpy(exact.get(), sparse.data(), sparse.size());
    run({exact.get(), sparse.size()}, input.substr(0, elements), sparse_most);
    return 0;
}
