// SPDX-License-Identifier: BSD-3-Clause
//
// One class a parameter, in the order of the header. Each reads all words before it touches the settings.
#include "conf/special_kinds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "protocol/base/number.h"
#include "protocol/base/words.h"

namespace keel {
namespace {

constexpr ErrorText kWrongCount{"wrong number of arguments"};
constexpr ErrorText kBadSave{"Invalid save parameters"};
constexpr ErrorText kLimitCount{"Wrong number of arguments in buffer limit configuration."};
constexpr ErrorText kLimitClass{"Invalid client class specified in buffer limit configuration."};
constexpr ErrorText kLimitValue{"Error in hard, soft or soft_seconds setting in buffer limit configuration."};
constexpr ErrorText kBadOomScore{"Invalid oom-score-adj-values, elements must be between -2000 and 2000."};
constexpr ErrorText kBadEvent{"Invalid event class character. Use 'Ag$lshzxeKEtmdn'."};
constexpr ErrorText kTooManyAddresses{"Too many bind addresses specified."};
constexpr ErrorText kBadPort{"Invalid master port"};
constexpr ErrorText kBadPercentile{"Invalid latency-tracking-info-percentiles parameters"};
constexpr ErrorText kPercentileRange{"latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"};

// `name ""` says: none.
bool says_none(std::span<const std::string> words) { return words.size() == 1 && words[0].empty(); }

std::string or_empty_quotes(std::string text) { return text.empty() ? "\"\"" : text; }

class SavePoints final : public Kind {
  public:
    Status set(Settings& settings, std::span<const std::string> words, Origin origin) const override {
        std::vector<SavePoint>& field = settings.snapshot.save;
        if (says_none(words)) {
            field.clear();
            return {};
        }
        if (words.size() % 2 != 0) return kBadSave;
        std::vector<SavePoint> points;
        if (origin == Origin::file) points = field;
        for (std::size_t i = 0; i < words.size(); i += 2) {
            const auto seconds = parse_integer(words[i]);
            const auto changes = parse_integer(words[i + 1]);
            if (!seconds || !changes || *seconds < 1 || *changes < 0) return kBadSave;
            points.push_back({*seconds, *changes});
        }
        field = std::move(points);
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        return fmt::format("{}", fmt::join(pairs(settings), " "));
    }
    [[nodiscard]] std::vector<std::string> file_values(const Settings& settings) const override {
        auto lines = pairs(settings);
        if (lines.empty()) lines.emplace_back("\"\"");
        return lines;
    }

  private:
    static std::vector<std::string> pairs(const Settings& settings) {
        std::vector<std::string> out;
        for (const auto& point : settings.snapshot.save) {
            out.push_back(fmt::format("{} {}", point.seconds, point.changes));
        }
        return out;
    }
};

class OutputLimits final : public Kind {
  public:
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        if (words.size() == 1 && words[0].empty()) return {};  // nothing said, as Redis takes it
        if (words.size() % 4 != 0) return kLimitCount;
        Clients after = settings.clients;
        for (std::size_t i = 0; i < words.size(); i += 4) {
            OutputLimit* limit = of_class(after, words[i]);
            if (limit == nullptr) return kLimitClass;
            const auto hard = parse_memory(words[i + 1]);
            const auto soft = parse_memory(words[i + 2]);
            const auto seconds = parse_integer(words[i + 3]);
            if (!hard || !soft || !seconds || *seconds < 0) return kLimitValue;
            *limit = {*hard, *soft, *seconds};
        }
        settings.clients = after;
        return {};
    }
    // Clients know the class of replicas by its old name here.
    [[nodiscard]] std::string text(const Settings& settings) const override {
        const Clients& clients = settings.clients;
        return fmt::format("{} {} {}", shown("normal", clients.normal_output), shown("slave", clients.replica_output),
                           shown("pubsub", clients.pubsub_output));
    }
    [[nodiscard]] std::vector<std::string> file_values(const Settings& settings) const override {
        const Clients& clients = settings.clients;
        return {written("normal", clients.normal_output), written("replica", clients.replica_output),
                written("pubsub", clients.pubsub_output)};
    }

  private:
    static OutputLimit* of_class(Clients& clients, Bytes name) {
        if (equal_nocase(name, "normal")) return &clients.normal_output;
        if (equal_nocase(name, "replica") || equal_nocase(name, "slave")) return &clients.replica_output;
        if (equal_nocase(name, "pubsub")) return &clients.pubsub_output;
        return nullptr;
    }
    static std::string shown(Bytes name, const OutputLimit& limit) {
        return fmt::format("{} {} {} {}", name, limit.hard_bytes, limit.soft_bytes, limit.soft_s);
    }
    static std::string written(Bytes name, const OutputLimit& limit) {
        return fmt::format("{} {} {} {}", name, memory_text(limit.hard_bytes), memory_text(limit.soft_bytes),
                           limit.soft_s);
    }
};

class OomScoreValues final : public Kind {
  public:
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        auto values = settings.process.oom_score_values;
        if (words.size() != values.size()) return kWrongCount;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto value = parse_integer(words[i]);
            if (!value || *value < -2000 || *value > 2000) return kBadOomScore;
            values[i] = static_cast<std::int32_t>(*value);
        }
        settings.process.oom_score_values = values;
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        return fmt::format("{}", fmt::join(settings.process.oom_score_values, " "));
    }
};

// In the order in which they are shown.
constexpr std::pair<char, std::uint32_t> kEventClasses[] = {
    {'g', kNotifyGeneric}, {'$', kNotifyString},   {'l', kNotifyList},     {'s', kNotifySet},     {'h', kNotifyHash},
    {'z', kNotifyZset},    {'x', kNotifyExpired},  {'e', kNotifyEvicted},  {'t', kNotifyStream},  {'d', kNotifyModule},
    {'n', kNotifyNew},     {'K', kNotifyKeyspace}, {'E', kNotifyKeyevent}, {'m', kNotifyKeyMiss},
};

class NotifyEvents final : public Kind {
  public:
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        std::uint32_t flags = 0;
        for (const char letter : words[0]) {
            const std::uint32_t bits = of_letter(letter);
            if (bits == 0) return kBadEvent;
            flags |= bits;
        }
        settings.notifications.keyspace_events = flags;
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        return notify_text(settings.notifications.keyspace_events);
    }
    [[nodiscard]] std::vector<std::string> file_values(const Settings& settings) const override {
        return {quoted(text(settings))};
    }

  private:
    static std::uint32_t of_letter(char letter) {
        if (letter == 'A') return kNotifyAll;
        for (const auto& [known, bits] : kEventClasses) {
            if (known == letter) return bits;
        }
        return 0;
    }
};

class BindAddresses final : public Kind {
  public:
    static constexpr std::size_t kMost = 16;

    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        if (words.size() > kMost) return kTooManyAddresses;
        if (says_none(words)) words = {};
        settings.network.bind.assign(words.begin(), words.end());
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        return fmt::format("{}", fmt::join(settings.network.bind, " "));
    }
    [[nodiscard]] std::vector<std::string> file_values(const Settings& settings) const override {
        std::vector<std::string> out;
        for (const std::string& address : settings.network.bind) out.push_back(file_word(address));
        return {or_empty_quotes(fmt::format("{}", fmt::join(out, " ")))};
    }
};

class ReplicaOf final : public Kind {
  public:
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        Replication& replication = settings.replication;
        if (words.size() != 2) return kWrongCount;
        if (equal_nocase(words[0], "no") && equal_nocase(words[1], "one")) {
            replication.primary_host.clear();
            replication.primary_port = 0;
            return {};
        }
        const auto port = parse_integer(words[1]);
        if (!port || *port < 0 || *port > 65535) return kBadPort;
        replication.primary_host = words[0];
        replication.primary_port = static_cast<std::int32_t>(*port);
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        const Replication& replication = settings.replication;
        if (replication.primary_host.empty()) return {};
        return fmt::format("{} {}", replication.primary_host, replication.primary_port);
    }
    [[nodiscard]] std::vector<std::string> file_values(const Settings& settings) const override {
        // A cluster's own file says who follows whom.
        const Replication& replication = settings.replication;
        if (replication.primary_host.empty() || settings.cluster.enabled) return {};
        return {fmt::format("{} {}", file_word(replication.primary_host), replication.primary_port)};
    }
};

class LatencyPercentiles final : public Kind {
  public:
    Status set(Settings& settings, std::span<const std::string> words, Origin) const override {
        std::vector<double> values;
        if (says_none(words)) words = {};
        for (const std::string& word : words) {
            const auto value = parse_double(word);
            if (!value) return kBadPercentile;
            if (*value < 0 || *value > 100) return kPercentileRange;
            values.push_back(*value);
        }
        settings.latency.percentiles = std::move(values);
        return {};
    }
    [[nodiscard]] std::string text(const Settings& settings) const override {
        std::string out;
        for (const double value : settings.latency.percentiles) {
            if (!out.empty()) out += ' ';
            out += fmt::format("{:.10g}", value);
        }
        return out;
    }
    [[nodiscard]] std::vector<std::string> file_values(const Settings& settings) const override {
        return {or_empty_quotes(text(settings))};
    }
};

}  // namespace

std::string notify_text(std::uint32_t flags) {
    std::string out;
    const bool all = (flags & kNotifyAll) == kNotifyAll;
    if (all) out += 'A';
    for (const auto& [letter, bits] : kEventClasses) {
        const bool covered = all && (bits & kNotifyAll) != 0;
        if ((flags & bits) != 0 && !covered) out += letter;
    }
    return out;
}

Parameter save_points(ParameterFlags flags, Bytes help) {
    return {"save", std::make_unique<SavePoints>(), flags, help};
}

Parameter output_limits(ParameterFlags flags, Bytes help) {
    return {"client-output-buffer-limit", std::make_unique<OutputLimits>(), flags, help};
}

Parameter oom_score_values(ParameterFlags flags, Bytes help) {
    return {"oom-score-adj-values", std::make_unique<OomScoreValues>(), flags, help};
}

Parameter notify_events(ParameterFlags flags, Bytes help) {
    return {"notify-keyspace-events", std::make_unique<NotifyEvents>(), flags, help};
}

Parameter bind_addresses(ParameterFlags flags, Bytes help) {
    return {"bind", std::make_unique<BindAddresses>(), flags, help};
}

Parameter replica_of(ParameterFlags flags, Bytes help) {
    return {"replicaof", std::make_unique<ReplicaOf>(), flags, help};
}

Parameter latency_percentiles(ParameterFlags flags, Bytes help) {
    return {"latency-tracking-info-percentiles", std::make_unique<LatencyPercentiles>(), flags, help};
}

}  // namespace keel
