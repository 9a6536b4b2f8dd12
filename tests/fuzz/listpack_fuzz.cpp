// SPDX-License-Identifier: BSD-3-Clause
//
// The listpack on hostile bytes: whatever is_sound() passes can be walked both ways, searched and changed without
// leaving it, and stays sound.
//
//     | what to do, 4 bytes | the bytes of a listpack |
#include <cstdint>
#include <string>
#include <vector>

#include "datatypes/encodings/listpack.h"
#include "protocol/base/check.h"

using namespace keel;

namespace {

std::string text_of(const ListpackItem& item) {
    std::array<char, 24> scratch{};
    return std::string{item.as_text(scratch)};
}

std::vector<std::string> walk(const ListpackView& list) {
    std::vector<std::string> texts;
    for (auto at = list.first(); at != nullptr; at = list.next(at)) texts.push_back(text_of(list.get(at)));
    KEEL_CHECK(texts.size() == list.count());
    auto expected = texts.rbegin();
    for (auto at = list.last(); at != nullptr; at = list.prev(at)) KEEL_CHECK(text_of(list.get(at)) == *expected++);
    KEEL_CHECK(expected == texts.rend());
    return texts;
}

void change(Listpack& list, std::vector<std::string>& texts, const std::uint8_t* how) {
    const std::size_t index = how[0] % texts.size();
    const auto spot = texts.begin() + static_cast<std::ptrdiff_t>(index);
    const auto at = list.at(static_cast<std::int64_t>(index));
    const auto found = list.find(list.first(), *spot);
    KEEL_CHECK(found != nullptr && text_of(list.get(found)) == *spot);
    const std::string fresh = how[1] % 2 == 0 ? std::string(how[2], 'x') : std::to_string(how[2] * how[3]);
    switch (how[1] / 2 % 3) {
        case 0:
            list.insert(at, fresh);
            texts.insert(spot, fresh);
            break;
        case 1:
            list.replace(at, fresh);
            *spot = fresh;
            break;
        default: list.erase(at); texts.erase(spot);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) return 0;
    const std::string raw{reinterpret_cast<const char*>(data + 4), size - 4};
    if (!ListpackView::is_sound(raw)) return 0;
    Listpack list = Listpack::copy_of(raw);
    auto texts = walk(list);
    if (texts.empty()) return 0;
    change(list, texts, data);
    KEEL_CHECK(ListpackView::is_sound(list.bytes()));
    KEEL_CHECK(walk(list) == texts);
    return 0;
}
