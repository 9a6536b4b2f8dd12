// SPDX-License-Identifier: BSD-3-Clause
#include "server/cpu_list.h"

#include <fmt/format.h>
#include <sched.h>

#include <cerrno>
#include <cstring>

#include "protocol/base/log.h"
#include "protocol/base/number.h"
#include "protocol/base/words.h"

namespace keel {

namespace {

constexpr int kMostCpus = CPU_SETSIZE;

// Takes the text up to the first `mark`, and the mark, off `text`.
Bytes cut(Bytes& text, char mark) {
    const std::size_t at = text.find(mark);
    const Bytes front = text.substr(0, at);
    text = at == Bytes::npos ? Bytes{} : text.substr(at + 1);
    return front;
}

std::optional<int> number_of(Bytes word, int least) {
    const auto number = parse_integer(word);
    if (!number || *number < least || *number >= kMostCpus) return std::nullopt;
    return static_cast<int>(*number);
}

}  // namespace

Result<std::vector<int>> parse_cpu_list(Bytes list) {
    std::vector<int> cpus;
    const bool ends_open = list.ends_with(',');
    for (Bytes rest = list; !rest.empty();) {
        const Bytes part = cut(rest, ',');
        Bytes range = part;
        const bool has_step = part.find(':') != Bytes::npos;
        Bytes span = cut(range, ':');
        const auto step = has_step ? number_of(range, 1) : std::optional{1};
        const bool has_last = span.find('-') != Bytes::npos;
        const auto first = number_of(cut(span, '-'), 0);
        const auto last = has_last ? number_of(span, 0) : first;
        if (!first || !last || !step || *last < *first || (has_step && !has_last))
            return Error{fmt::format("{} is neither a processor nor a range of them", quoted(part))};
        for (int cpu = *first; cpu <= *last; cpu += *step) cpus.push_back(cpu);
    }
    if (ends_open) return Error{"something has to follow the last comma"};
    return cpus;
}

void bind_thread(Bytes name, Bytes list) {
    if (list.empty()) return;
    const auto cpus = parse_cpu_list(list);
    if (!cpus) return log_warning("{} is ignored: {}", name, cpus.error().text());
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : *cpus) CPU_SET(static_cast<std::size_t>(cpu), &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) log_warning("{} is ignored: {}", name, std::strerror(errno));
}

}  // namespace keel
